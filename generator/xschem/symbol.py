"""The symbol of a circuit: a box with the terminals at their sides, in the order of its netlist."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

from somaforge.generator.circuit import Circuit
from somaforge.generator.xschem import text
from somaforge.generator.xschem.sides import Side
from somaforge.generator.xschem.text import GRID, text_width
from somaforge.pdk.symbols import Point

PITCH = 2 * GRID
SMALL = 0.2


@dataclass(frozen=True)
class Box:
    """Its corner at the upper left is the symbol's origin."""

    circuit: Circuit
    sides: dict[str, Side]

    def _ports(self, side: Side) -> list[str]:
        return [port for port in self.circuit.ports if self.sides[port] == side]

    @cached_property
    def size(self) -> Point:
        """Width and height."""
        beside = [max((text_width(p, SMALL) for p in self._ports(side)), default=0) for side in ("left", "right")]
        across = max((len(self._ports(side)) * _apart(self._ports(side)) for side in ("top", "bottom")), default=0)
        return (
            max(sum(beside) + 4 * GRID, across + PITCH, 8 * GRID) // PITCH * PITCH + PITCH,
            PITCH * (max(len(self._ports(side)) for side in ("left", "right")) + 1),
        )

    @cached_property
    def pins(self) -> dict[str, Point]:
        """Where the ports are."""
        width, height = self.size
        found: dict[str, Point] = {}
        beside: dict[Side, int] = {"left": -PITCH, "right": width + PITCH}
        for side, x in beside.items():
            for k, port in enumerate(self._ports(side)):
                found[port] = (x, PITCH * (k + 1))
        across: dict[Side, int] = {"top": -PITCH, "bottom": height + PITCH}
        for side, y in across.items():
            ports = self._ports(side)
            for k, port in enumerate(ports):
                found[port] = (PITCH + _apart(ports) * k, y)
        return found

    def text(self) -> str:
        """The file of the symbol."""
        width, height = self.size
        corners = [(0, 0), (width, 0), (width, height), (0, height), (0, 0)]
        objects = [text.line(a, b) for a, b in pairwise(corners)]
        for port in self.circuit.ports:
            side, (x, y) = self.sides[port], self.pins[port]
            direction: Literal["in", "inout"] = "in" if side == "left" else "inout"
            objects.append(text.pin(port, (x, y), direction))
            objects += _drawn(port, side, (x, y))
        objects.append(text.label("@many", (width, -GRID), SMALL))
        objects.append(text.label("@symname", (width, height), SMALL))
        kind = '\ntype=subcircuit\nformat="@name @pinlist @symname"\ntemplate="name=x1"\n'
        return text.page(objects, kind)


def _apart(ports: list[str]) -> int:
    """Of terminals above or below, so that names fit between them."""
    return GRID + max((text_width(port, 0.33) for port in ports), default=0)


def _drawn(port: str, side: Side, at: Point) -> list[str]:
    """The line to a terminal, and its name inside the box."""
    x, y = at
    if side == "left":
        return [text.line(at, (0, y)), text.label(port, (5, y - 5), SMALL)]
    if side == "right":
        return [text.line((x - PITCH, y), at), text.label(port, (x - PITCH - 5, y - 5), SMALL, left=True)]
    inside = y + PITCH if side == "top" else y - PITCH
    return [text.line(at, (x, inside)), text.label(port, (x + 2, inside + (2 if side == "top" else -12)), SMALL)]
