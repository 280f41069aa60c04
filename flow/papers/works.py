"""The works beside which ours stand, and what is known of their figures.

A figure is here only if it could be read, with where from. What could not be read is listed, so that the page says so.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """One figure of a work."""

    text: str
    """As it is shown."""
    value: float
    """The number in it, in SI units or as a share."""
    place: str
    """Table, figure or section of the work."""


@dataclass(frozen=True)
class Work:
    """A paper."""

    name: str
    reference: str
    read: str
    """What of it was read."""
    unread: str
    """What was not, and what follows for the page."""


BINAS = Work(
    "Binas et al.",
    "Binas, Neil, Indiveri, Liu and Pfeiffer, Precise deep neural network computation on imprecise low-power analog "
    "hardware, [arXiv:1606.07786](https://arxiv.org/abs/1606.07786)",
    "of Table 1 the inhomogeneous networks (mean and best of MNIST, mean of TIDIGITS), the two operating points, the "
    "prototype's 120 + 30 flowers, the 500 images that were simulated with transistors",
    "the other cells of Table 1 (ideal networks, deviations, efficiencies) and the curves of Fig. 3 to 5 were not "
    "at hand",
)
MNIST_MEAN = Claim("97.6 %", 0.976, "Table 1")
MNIST_BEST = Claim("98.0 %", 0.980, "Table 1")
SPOKEN_MEAN = Claim("88.0 % (TIDIGITS)", 0.880, "Table 1")
PROTOTYPE = Claim("100 % (one chip)", 1.0, "section 5.1")
TRANSISTORS = Claim("98.0 % right of 500", 0.980, "section 5.2")
RETRAINING = Work(
    "Mohammadirad and Sojodishijani",
    "Mohammadirad and Sojodishijani, imprecise analog features with a last layer that is trained again",
    "nothing; what it did is known as this project was asked to do it again: fully connected networks of one and two "
    "hidden layers with tansig on MNIST, a convolutional network (three convolutional and two dense layers, ReLU, max "
    "pooling) on CIFAR-10, 100 runs, Gaussian errors of relative size alpha from 0 to 1",
    "the paper itself was not at hand: none of its numbers stands here, and sizes of layers are ours",
)
BRAINSCALES = Work(
    "BrainScaleS-2",
    "Weis et al., Inference with Artificial Neural Networks on Analog Neuromorphic Hardware, "
    "[arXiv:2006.13177](https://arxiv.org/abs/2006.13177)",
    "the abstract (98.0 % of MNIST by a convolutional and two dense layers; inputs of 5 bits, weights of 6, "
    "activations of 8)",
    "the rest, so its multiplication matrix is not here; the 12 mJ an image are what this project was asked to stand "
    "beside",
)
BSS_MNIST = Claim("98.0 %", 0.980, "abstract")
BSS_IMAGE = Claim("12 mJ", 12e-3, "as asked; its place in the paper was not read")
