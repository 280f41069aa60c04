"""A library of standard cells as a value: what a digital block may ask of it, by function, never by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from somaforge.pdk.errors import ToolError

Function = Literal[
    "buffer",
    "clock_buffer",
    "inverter",
    "nand2",
    "nor2",
    "or2",
    "tri_state_inverter",
    "clock_gate",
    "flip_flop",
    "scan_flip_flop",
]
INPUTS: Mapping[Function, tuple[str, ...]] = {
    "buffer": ("a",),
    "clock_buffer": ("a",),
    "inverter": ("a",),
    "nand2": ("a", "b"),
    "nor2": ("a", "b"),
    "or2": ("a", "b"),
    "tri_state_inverter": ("a", "off"),
    "clock_gate": ("clock", "enable"),
    "flip_flop": ("clock", "data"),
    "scan_flip_flop": ("clock", "data", "scan_data", "scan"),
}
"""Signal inputs of every function. `off` lets the output go; a clock gate is transparent while its clock is low;
flip-flops take their data at the rising edge, `scan` chooses `scan_data`."""
OUTPUT = "y"
"""The one output of every function."""


@dataclass(frozen=True)
class StandardCell:
    """A cell that performs a function."""

    name: str
    """The foundry's, without the library's prefix."""
    pins: Mapping[str, str]
    """Input or output of the function -> the foundry's pin."""


@dataclass(frozen=True)
class CellTransistor:
    """One transistor of a cell, by the nets of its netlist."""

    name: str
    device: str
    """The foundry's name."""
    d: str
    g: str
    s: str
    b: str
    w_nm: int
    l_nm: int


@dataclass(frozen=True, eq=False)
class StandardCells:
    """A library whose rows abut upside down and share rails: gnd at the lower edge of an even row, vdd at its upper."""

    name: str
    prefix: str
    """What the names of its cells begin with."""
    site_nm: int
    row_nm: int
    tracks: int
    """Of the conductor `inner` to a row; the first and the last lie on the rails."""
    rail_half_nm: int
    """Half height of the rails on `inner`."""
    well_beyond_nm: int
    """What a cell's well reaches beyond its sides."""
    rows_apart_nm: int
    """Between the rails of two rows that do not abut: implants and wells end in between."""
    half_drain_nm: int
    """Half of the shortest diffusion between two of its gates."""
    drive_F: float
    """Load that a cell of drive 1 moves in 1 ns."""
    power: Mapping[str, Literal["vdd", "gnd"]]
    """The net of every supply pin."""
    filler: str
    """The narrowest cell that only goes on with rails and wells."""
    tap: str
    functions: Mapping[tuple[Function, int], StandardCell]
    """(function, drive) -> cell."""
    layers: Mapping[str, tuple[int, int]]
    """Role -> GDS layer and datatype, as in Pdk.layers."""
    through: tuple[tuple[int, int], ...]
    """Layers of the filler that are the same at every place across it: a gap is filled with them, stretched."""
    file: Callable[[str, str], Path]
    """(full name, suffix such as ".gds", ".spice", ".v") -> that view of a cell; ToolError if it is not there."""
    transistors: Callable[[str], tuple[tuple[str, ...], tuple[CellTransistor, ...]]]
    """Full name -> ports and transistors of a cell; ToolError if its netlist has anything else."""

    def cell(self, function: Function, drive: int) -> StandardCell:
        """The cell with that function and drive; ToolError if the library has none."""
        try:
            return self.functions[function, drive]
        except KeyError:
            drives = ", ".join(str(d) for f, d in self.functions if f == function) or "none"
            raise ToolError(f"{self.name}: no {function} of drive {drive} (it has: {drives})") from None

    def drives(self, function: Function) -> tuple[int, ...]:
        """Drives in which there is a function, the weakest first."""
        return tuple(sorted(d for f, d in self.functions if f == function))

    def full(self, name: str) -> str:
        """The name of a cell as netlists and layouts have it."""
        return self.prefix + name

    def has(self, full: str) -> bool:
        """Whether a name of a netlist or layout is that of a cell of this library."""
        return full.startswith(self.prefix)
