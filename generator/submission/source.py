"""From a design to the chip that fills its frame, and whose it is."""

from somaforge.generator.design import Design
from somaforge.generator.spec import Spec
from somaforge.generator.submission.chip import FramedChip, Project
from somaforge.pdk.errors import InputError


def framed_chip(design: Design) -> FramedChip:
    """The design's chip in the frame of its spec; InputError where the two do not go together."""
    raise InputError(
        f"chip.frame: no assembly is known that brings a design to the pins of {frame_name(design.spec)}; "
        "set chip.frame: none"
    )


def frame_name(spec: Spec) -> str:
    """The frame that a spec asks for; "none" if it asks for none."""
    return "none" if spec.chip is None else spec.chip.frame


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
