"""From a design to the chip that fills its frame, and whose it is."""

from collections.abc import Callable

from somaforge.generator.chip.framed import framed
from somaforge.generator.control import Control
from somaforge.generator.design import Design
from somaforge.generator.periphery.netlist import GateNetlist
from somaforge.generator.spec import Spec
from somaforge.generator.submission.chip import FramedChip, Project


def framed_chip(design: Design, gates: Callable[[Control], GateNetlist]) -> FramedChip:
    """The design's chip in the frame of its spec; `gates` synthesises its control. InputError where design and frame do
    not go together, ValueError without a frame."""
    if design.spec.frame is None:
        raise ValueError(f"{design.spec.name} has no frame")
    frame = design.pdk.frames.load(design.spec.frame)
    return framed(frame, design, gates(Control.of(design)))


def project(spec: Spec) -> Project:
    """Whose chip it is, and what: texts that the spec leaves open say what the network is."""
    given = None if spec.chip is None else spec.chip.project
    layers = "-".join(map(str, spec.array.layers))
    what = f"Analog neural network {layers} of current mirrors in weak inversion, weights of {spec.array.bits} bits"
    return Project(
        title=(given and given.title) or spec.name,
        author="somaforge" if given is None else given.author,
        description=(given and given.description) or what,
        discord=(given and given.discord) or "",
    )
