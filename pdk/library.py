"""A library of standard cells as a value: what a digital block may ask of it, by function, never by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
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
    "reset_flip_flop",
    "set_flip_flop",
    "falling_reset_flip_flop",
    "nand3",
    "nor3",
    "and2",
    "and3",
    "or3",
    "xor2",
    "xnor2",
    "mux2",
    "a21oi",
    "o21ai",
    "a21o",
    "o21a",
    "a22oi",
    "o22ai",
    "a31oi",
    "nand2b",
    "nor2b",
    "antenna_diode",
]
LOGIC: Mapping[Function, Callable[..., bool]] = {
    "buffer": lambda a: a,
    "clock_buffer": lambda a: a,
    "inverter": lambda a: not a,
    "nand2": lambda a, b: not (a and b),
    "nor2": lambda a, b: not (a or b),
    "or2": lambda a, b: a or b,
    "nand3": lambda a, b, c: not (a and b and c),
    "nor3": lambda a, b, c: not (a or b or c),
    "and2": lambda a, b: a and b,
    "and3": lambda a, b, c: a and b and c,
    "or3": lambda a, b, c: a or b or c,
    "xor2": lambda a, b: a != b,
    "xnor2": lambda a, b: a == b,
    "mux2": lambda a, b, select: b if select else a,
    "a21oi": lambda a1, a2, b: not ((a1 and a2) or b),
    "o21ai": lambda a1, a2, b: not ((a1 or a2) and b),
    "a21o": lambda a1, a2, b: (a1 and a2) or b,
    "o21a": lambda a1, a2, b: (a1 or a2) and b,
    "a22oi": lambda a1, a2, b1, b2: not ((a1 and a2) or (b1 and b2)),
    "o22ai": lambda a1, a2, b1, b2: not ((a1 or a2) and (b1 or b2)),
    "a31oi": lambda a1, a2, a3, b: not ((a1 and a2 and a3) or b),
    "nand2b": lambda a_n, b: not (not a_n and b),
    "nor2b": lambda a, b_n: not (a or not b_n),
}
"""Level of the output of every function without memory, of its inputs by name."""
INPUTS: Mapping[Function, tuple[str, ...]] = {
    **{function: tuple(signature(logic).parameters) for function, logic in LOGIC.items()},
    "tri_state_inverter": ("a", "off"),
    "clock_gate": ("clock", "enable"),
    "flip_flop": ("clock", "data"),
    "scan_flip_flop": ("clock", "data", "scan_data", "scan"),
    "reset_flip_flop": ("clock", "data", "reset_n"),
    "set_flip_flop": ("clock", "data", "set_n"),
    "falling_reset_flip_flop": ("clock_n", "data", "reset_n"),
    "antenna_diode": ("a",),
}
"""Signal inputs of every function. `off` lets the output go; a clock gate is transparent while its clock is low;
flip-flops take their data at the rising edge, `scan` chooses `scan_data`, with `clock_n` at the falling one; `reset_n`
low makes the output low at once, `set_n` high. An antenna diode is a junction from its net to ground, blocked at work:
it takes away what etching charges."""
DIODE: Function = "antenna_diode"
OUTPUT = "y"
"""The one output of every function but the diode's, which has none."""


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


@dataclass(frozen=True)
class CellDiode:
    """A diode of a cell, by the nets of its netlist."""

    name: str
    device: str
    """The foundry's name."""
    anode: str
    cathode: str
    area_um2: float
    perimeter_um: float


@dataclass(frozen=True)
class CellCircuit:
    """What the foundry's netlist has of a cell."""

    ports: tuple[str, ...]
    transistors: tuple[CellTransistor, ...]
    diodes: tuple[CellDiode, ...]


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
    tap_reach_nm: int
    """Farthest that a transistor may be from a tap."""
    functions: Mapping[tuple[Function, int], StandardCell]
    """(function, drive) -> cell."""
    layers: Mapping[str, tuple[int, int]]
    """Role -> GDS layer and datatype, as in Pdk.layers."""
    through: tuple[tuple[int, int], ...]
    """Layers of the filler that are the same at every place across it: a gap is filled with them, stretched."""
    file: Callable[[str, str], Path]
    """(full name, suffix such as ".gds", ".spice", ".v") -> that view of a cell; ToolError if it is not there."""
    circuit: Callable[[str], CellCircuit]
    """Full name -> the cell's netlist; ToolError if it has anything else than transistors and diodes."""

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
