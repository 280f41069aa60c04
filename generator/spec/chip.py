"""What a chip has beyond its array, so that it is digital from outside."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from somaforge.generator.spec.fields import Model

_FRAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+){0,4}")


def _frame_name(value: str) -> str:
    if len(value) > 32 or not _FRAME.fullmatch(value):
        raise ValueError("must be words of a-z and 0-9 joined by -, at most 32 characters, as tiny-tapeout-2x2")
    return value


FrameName = Annotated[str, AfterValidator(_frame_name)]
"""One of the process's frames (Spec._has_its_process)."""
MOST_DRIVER_BITS = 8


def _line(value: str) -> str:
    if value.strip() != value or value == "" or not value.isprintable():
        raise ValueError("must be one line of text, without blanks at its ends")
    return value


Line = Annotated[str, Field(max_length=200), AfterValidator(_line)]


class Drivers(Model):
    """Input currents from codes: one more matrix before the input somas (docs/drivers.md). Its rows are reference
    somas, fed by the bias, its columns the inputs, its positive codes the pattern."""

    bits: Annotated[int, Field(ge=1, le=MOST_DRIVER_BITS)]
    """Bits of an input's code. Above array.bits there are two reference rows whose currents differ by 2^array.bits: at
    most twice as many."""

    bank: Annotated[int, Field(ge=1, le=64)] | None = None
    """Inputs of one bank of drivers; the banks lie on top of each other left of the array, and what reads the outputs
    out in the array's empty corner (docs/mnist-chip.md). None: all side by side in one block."""
    lanes: Annotated[int, Field(ge=1, le=16)] = 1
    """Registers that a pattern is loaded through at once, each of some banks. Only with `bank`."""

    def rows(self, array_bits: int) -> int:
        """Reference rows beside an array whose weights have that many bits."""
        return 1 if self.bits <= array_bits else 2


class Project(Model):
    """Whose chip it is, for the shuttle's papers (docs/tapeout.md). Every text is one line."""

    title: Line | None = None
    """None: the spec's name."""
    author: Line = "somaforge"
    description: Line | None = None
    """None: what the network is."""
    discord: Line | None = None
    """Name of the author in the shuttle's chat; None: none."""


class Chip(Model):
    """What makes a chip of the array."""

    frame: FrameName = "none"
    """The shuttle's frame that the chip fills; none: it ends at the blocks' own pins."""
    drivers: Drivers | None = None
    """None: every input current comes from a pin."""
    project: Project = Project()
    hard_macro: bool = False
    """Whether the macro is also written for place and route of digital flows (docs/hard_macro.md). Nothing of it is on
    the highest conductor then: the flow's supplies go over it there."""
