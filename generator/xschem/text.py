"""What a sheet or symbol of xschem consists of, as lines of its file (xschem.sourceforge.io, "developer info")."""

import re
from collections.abc import Mapping
from typing import Literal

from somaforge.pdk.symbols import Point

GRID = 10
"""Everything that a wire may meet is on it."""
_HEAD = "v {xschem version=2.9.8 file_version=1.2}"
_BARE = re.compile(r"[\w.,:/#-]+")
_QUOTED = re.compile(r"[\w.,:/#@ -]+")

Flip = Literal[0, 1]


def _value(text: str) -> str:
    """An attribute's value. Braces, quotes and backslashes have a meaning of their own in every such file, and no name
    of ours has them."""
    if _BARE.fullmatch(text):
        return text
    if not _QUOTED.fullmatch(text):
        raise ValueError(f"{text!r} cannot stand in a file of xschem")
    return f'"{text}"'


def attributes(values: Mapping[str, str]) -> str:
    """In the braces of an object."""
    return " ".join(f"{name}={_value(value)}" for name, value in values.items())


def page(objects: list[str], kind: str = "") -> str:
    """The file: `kind` is what all instances of a symbol have in common."""
    return "\n".join([_HEAD, f"G {{{kind}}}", "V {}", "S {}", "E {}", *objects, ""])


def instance(symbol: str, at: Point, values: Mapping[str, str], flip: Flip = 0) -> str:
    """A symbol at a place; `flip` mirrors it left to right."""
    return f"C {{{symbol}}} {at[0]} {at[1]} 0 {flip} {{{attributes(values)}}}"


def wire(a: Point, b: Point) -> str:
    """A straight wire."""
    return f"N {a[0]} {a[1]} {b[0]} {b[1]} {{}}"


def pin(name: str, at: Point, direction: Literal["in", "inout"]) -> str:
    """A terminal of a symbol."""
    x, y = at
    return f"B 5 {x - 2.5:g} {y - 2.5:g} {x + 2.5:g} {y + 2.5:g} {{name={name} dir={direction}}}"


def line(a: Point, b: Point) -> str:
    """A line of a symbol."""
    return f"L 4 {a[0]} {a[1]} {b[0]} {b[1]} {{}}"


def label(text: str, at: tuple[float, float], size: float, left: bool = False) -> str:
    """Words at a place, to its right, or to its left."""
    return f"T {{{text}}} {at[0]:g} {at[1]:g} 0 {int(left)} {size:g} {size:g} {{}}"


def text_width(text: str, size: float) -> int:
    """How much place words take, in steps of the grid: a character is 0.6 of its height of 40 at size 1."""
    return -(-round(len(text) * size * 24) // GRID) * GRID
