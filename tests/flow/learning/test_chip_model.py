"""The chip's model in torch against sums by hand."""

import pytest
import torch

from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.chip_model import ChipModel


def test_current_through_synapses_counts_both_signs() -> None:
    """A code c hands on c times what a code of 1 does; a soma takes in the sum, negative codes with their sign.

    Row currents 1 and 2, codes (4, -4) and (2, 2): 4 + 4 + 2 * (2 + 2) = 16 in units of a code, of which the first soma
    takes in 4 + 4 = 8 and the second -4 + 4 = 0; then its one synapse of code -7 hands on 7 times 8 units.
    """
    model = ChipModel.of(Calibration.ideal((2, 2, 1), 3), (2, 2, 1), 1e-8)
    shadow = [torch.tensor([[[4.0, -4.0], [2.0, 2.0]]]), torch.tensor([[[-7.0], [3.0]]])]
    x = torch.tensor([[1.0, 2.0]])
    unit = float(model.weights(0, torch.ones(1, 2, 2))[0, 0, 0])
    currents = model.currents(shadow, x)
    assert currents[0][0, 0].tolist() == pytest.approx([8 * unit, 0.0], abs=1e-6)
    gain = float(model.weights(1, torch.ones(1, 2, 1))[0, 0, 0])
    by_hand = 16 * unit + 7 * gain * float(model.bent(torch.tensor([8 * unit, 0.0]), 1)[0])
    assert float(model.through_synapses(shadow, x, currents)) == pytest.approx(by_hand, rel=1e-5)
