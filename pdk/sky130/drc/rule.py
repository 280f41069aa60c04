"""What a native design rule is: a name, a value and a function that returns the places that break it."""

from collections.abc import Callable
from dataclasses import dataclass

import klayout.db as kdb

from somaforge.pdk.sky130.drc.layers import Layers

Found = kdb.Region | kdb.EdgePairs | kdb.Edges


@dataclass(frozen=True)
class Rule:
    """One coded rule."""

    name: str
    """The foundry's name (sky130 PDK documentation, periphery rules)."""
    description: str
    value_nm: int
    """Length in nm that the rule is about (area rules: nm2; 0 where the rule has no number)."""
    find: Callable[[Layers], Found]
    """Returns the violations; empty if the layout keeps the rule."""
    general: bool = False
    """Whether it holds for any layer (grid, angles, pins): it says nothing of what the layer is for."""
