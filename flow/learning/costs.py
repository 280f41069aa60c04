"""What training pays for: means over patterns [candidates] of the currents into the output somas.

Currents are [candidates, patterns, classes] in full-scale input currents, negative ones included (ChipModel.judged).
"""

import torch
from torch import Tensor
from torch.nn import functional

from somaforge.flow.learning.teacher import TEMPERATURE

LEAD = 0.7
"""Below it a lead costs. On held-out images of MNIST (chip 1, 12 epochs, LEAD_FLOOR of 0.02, one run each; not kept)
0.95 leaves 1.1 % within 35 % and 0.7 leaves 1.6 %, at a quarter more current into the somas and 0.2 points."""
LEAD_FLOOR = 0.1
"""In full-scale currents, added to the larger current: a lead of a small current is slow, too. By the same
measure 0.02 leaves 1.6 % and 0.1 leaves 1.0 % of 2.7 %; 0.1 takes a third more current into the somas."""


def labelled(logits: Tensor, y: Tensor) -> Tensor:
    """Cross entropy of logits [candidates, patterns, classes] against labels [patterns]."""
    wanted = y.expand(len(logits), -1)
    return functional.cross_entropy(logits.permute(0, 2, 1), wanted, reduction="none").mean(dim=1)


def judged(logits: Tensor, aim: Tensor) -> Tensor:
    """Cross entropy against a teacher's softened shares [patterns, classes], times the temperature squared: gradients
    stay as large as with labels (Hinton, arXiv:1503.02531, section 2)."""
    found = functional.log_softmax(logits / TEMPERATURE, dim=-1)
    return -(TEMPERATURE**2) * (aim * found).sum(dim=-1).mean(dim=1)


def squared(currents: Tensor, y: Tensor) -> Tensor:
    """The paper's: squared distance from one full-scale current at the class and none elsewhere."""
    target = functional.one_hot(y, currents.shape[-1]).to(currents.dtype)
    # the class's own output has a gradient when it is off, too
    return ((torch.where(target > 0, currents, torch.relu(currents)) - target) ** 2).mean(dim=(1, 2))


def dark(logits: Tensor) -> Tensor:
    """Of patterns for which no output carries a current."""
    return torch.relu(1.0 - logits.max(dim=-1)[0]).mean(dim=1)


def close(currents: Tensor, y: Tensor) -> Tensor:
    """Of patterns whose class leads by less than LEAD of the larger current.

    Outputs that settle exponentially cross late when they end close together, and late when they are small: the lead
    over the larger current is what decides when a decision is safe.
    """
    own = currents.gather(-1, y[None, :, None].expand(len(currents), -1, 1)).squeeze(-1)
    others = functional.one_hot(y, currents.shape[-1]).bool()
    rival = torch.relu(currents).masked_fill(others, 0.0).max(dim=-1)[0]
    lead = (torch.relu(own) - rival) / (torch.maximum(own, rival) + LEAD_FLOOR)
    # an output that is off is pulled up by itself: the lead does not see how far it is off
    return torch.relu(LEAD - lead - own.clamp(max=0.0)).mean(dim=1)
