"""Names of a design's cells, nets, instances and transistors: made and read here, and nowhere else.

Two macros lie in one chip, so every cell but the foundry's starts with its design's name. A flat name is the path of
instances to it, joined by dots; extraction adds the number of a wire's segment.
"""

import re
from dataclasses import dataclass
from typing import Literal

LATCH, SOMA, SYNAPSE, OUTPUT_SYNAPSE = "latch", "soma", "synapse", "output_synapse"
CORE, PERIPHERY, LATCHES, DRIVERS = "core", "periphery", "latches", "drivers"
"""What cells are for; rows and matrices have a number too. LATCHES is the array's memory as a Verilog module."""

SUPPLY, GROUND = "vdd", "gnd"
RAILS = (SUPPLY, GROUND)
IN, OUT, VP, VN, WORD = "in", "out", "vp", "vn", "wl"
"""Nets inside cells: a soma's input, a column's sum, the rails of a row, its word line."""
REFERENCE, DRIVE = "ref", "drive"
"""Nets at the ends of the drivers: the current into a reference row, a column's sum."""
P_SOURCE, N_SOURCE, SIGN = "p_source", "n_source", "w_sign"
"""Nets inside a synapse: the common sources of its mirrors, the bit of the sign."""


def cell_name(design: str, role: str) -> str:
    """Name of the cell with that role in the design of that name."""
    return f"{design}__{role}"


def row_role(matrix: int) -> str:
    """Role of a matrix's row."""
    return f"row_{matrix}"


def matrix_role(matrix: int) -> str:
    """Role of a matrix."""
    return f"matrix_{matrix}"


# Nets of the array.


def input_net(index: int) -> str:
    """Input current of the first layer."""
    return f"{IN}_{index}"


def output_net(index: int) -> str:
    """Output current of the last layer; inside a row or matrix the sum of a column."""
    return f"{OUT}_{index}"


def reference_net(row: int) -> str:
    """Current of a reference row of the drivers."""
    return f"{REFERENCE}_{row}"


def drive_net(index: int) -> str:
    """What the drivers give to that input."""
    return f"{DRIVE}_{index}"


def sum_net(layer: int, index: int) -> str:
    """Where the current of a neuron arrives: a pin in the first layer, else the sum of its column."""
    return input_net(index) if layer == 0 else f"sum_{layer}_{index}"


def vp_net(layer: int, index: int) -> str:
    """Rail of the p mirrors of a neuron's row."""
    return f"{VP}_{layer}_{index}"


def vn_net(layer: int, index: int) -> str:
    """Rail of the n mirrors of a neuron's row."""
    return f"{VN}_{layer}_{index}"


ROW_NETS: tuple[Literal["vp", "vn", "wl"], ...] = ("vp", "vn", "wl")
"""What a row has of its own, in the order of its ports."""


def row_net(net: Literal["vp", "vn", "wl"], row: int) -> str:
    """A row's net inside its matrix."""
    return f"{net}_{row}"


def word_line(bank: int, row: int) -> str:
    """Word line of one physical row of a bank."""
    return f"{WORD}_{bank}_{row}"


def bit_line(*place: int) -> str:
    """True bit line: of (bank, column, bit), inside a matrix of (column, bit), inside a synapse of (bit,); at a port of
    (index,), the place in the word."""
    return "_".join(("bl", *map(str, place)))


def bit_line_bar(*place: int) -> str:
    """Its complement."""
    return "_".join(("blb", *map(str, place)))


def port_word(row: int) -> str:
    """Word line of a row as the port drives it: that of every bank that has the row."""
    return f"{WORD}_{row}"


# Nets inside cells.


def weight_net(bit: int) -> str:
    """Of a magnitude bit inside a synapse."""
    return f"w_{bit}"


def node_net(bit: int) -> str:
    """Where the two mirrors of a bit meet inside a synapse."""
    return f"node_{bit}"


def complement(net: str) -> str:
    """The other side of a latch."""
    return f"{net}_bar"


# Instances and transistors.


def soma_path(layer: int, index: int) -> str:
    """Instance of a soma."""
    return f"x_soma_{layer}_{index}"


def matrix_path(matrix: int) -> str:
    """Instance of a matrix."""
    return f"x_matrix_{matrix}"


def row_path(row: int) -> str:
    """Instance of a row in its matrix."""
    return f"x_row_{row}"


def column_path(column: int) -> str:
    """Instance of a synapse in its row."""
    return f"x_synapse_{column}"


def latch_path(bit: int) -> str:
    """Instance of a latch in its synapse."""
    return f"x_latch_{bit}"


def synapse_path(matrix: int, row: int, column: int) -> str:
    """Instance of a synapse in the network."""
    return f"{matrix_path(matrix)}.{row_path(row)}.{column_path(column)}"


def output_path(index: int) -> str:
    """Instance of an output synapse."""
    return f"x_output_{index}"


def switch(bit: int) -> str:
    """Transistor: the switch of a bit."""
    return f"m_switch_{bit}"


def sign_switch(polarity: Literal["p", "n"]) -> str:
    """Transistor: the sign's switch of that polarity."""
    return f"m_sign_{polarity}"


def mirror(polarity: Literal["p", "n"], bit: int, unit: int) -> str:
    """Transistor: one device of a bit's mirror."""
    return f"m{polarity}_{bit}_{unit}"


def access(bar: bool) -> str:
    """Transistor: a latch's access device."""
    return "m_access_bar" if bar else "m_access"


DOWN, UP = "m_down", "m_up"
"""Transistors: a latch's pull-down and pull-up whose drains are its true side; those of the other side end in _bar."""


def half_latch(bar: bool) -> tuple[str, str, str]:
    """Transistors of one side of a latch: access device, pull-down, pull-up."""
    return (access(True), complement(DOWN), complement(UP)) if bar else (access(False), DOWN, UP)


# Reading.

_PLACE = re.compile(
    rf"(?:x_{CORE}\.)?"
    r"(?:x_soma_(?P<layer>\d+)_(?P<index>\d+)|x_output_(?P<output>\d+)"
    r"|x_matrix_(?P<matrix>\d+)\.x_row_(?P<row>\d+)\.x_synapse_(?P<column>\d+)(?:\.x_latch_(?P<latch>\d+))?)"
    r"(?:\.(?P<inside>.*))?"
)
_COLUMN = re.compile(rf"(?:{IN}|sum_\d+|{OUT}|{REFERENCE}|{DRIVE})_\d+")
_SUM = re.compile(r"sum_(\d+)_(\d+)")
_PIN = re.compile(rf"({IN}|{OUT}|{REFERENCE}|{DRIVE})_(\d+)")
_RAIL = re.compile(rf"({VP}|{VN})_(\d+)_(\d+)")
_SEGMENT = "__s"
_NODE = re.compile(rf"{_SEGMENT}\d+$")
_MEMORY_LINE = re.compile(rf"(bl|blb|{WORD})_\d+(?:_\d+)*")


@dataclass(frozen=True)
class Place:
    """Where a transistor or net of the flat network lies."""

    cell: Literal["soma", "synapse", "output_synapse"]
    layer: int
    """Of a soma; the matrix of a synapse; 0 for an output synapse."""
    row: int
    """Of a synapse; 0 otherwise."""
    column: int
    """Of a synapse; the index of a soma or an output synapse."""
    latch: int | None
    """The bit of the latch that it is in."""
    inside: str
    """Its name in the cell or latch; empty for the instance itself."""


def place(name: str) -> Place | None:
    """Where a flat name of an array, or of a macro with one, lies; None for one in no cell, as a net between cells."""
    found = _PLACE.fullmatch(name)
    if found is None:
        return None
    inside = found["inside"] or ""
    if found["layer"] is not None:
        return Place("soma", int(found["layer"]), 0, int(found["index"]), None, inside)
    if found["output"] is not None:
        return Place("output_synapse", 0, 0, int(found["output"]), None, inside)
    latch = None if found["latch"] is None else int(found["latch"])
    return Place("synapse", int(found["matrix"]), int(found["row"]), int(found["column"]), latch, inside)


def inside_synapse(net: str) -> bool:
    """Whether a net, by its name in a synapse, begins in it: a node or a common source."""
    return net in (P_SOURCE, N_SOURCE) or net.startswith("node_")


def is_switch(name: str) -> bool:
    """Whether a transistor of a synapse is a switch, of a bit or of the sign."""
    return name.startswith(("m_switch", "m_sign"))


def is_access(name: str) -> bool:
    """Whether a transistor of a latch is an access device."""
    return name.startswith(access(False))


def in_latch(name: str) -> bool:
    """Whether a name, flat or of a synapse, is in a latch."""
    return name.startswith("x_latch_") or ".x_latch_" in name


def column_net(net: str) -> bool:
    """Whether a net between cells carries the current of a column or of an input."""
    return _COLUMN.fullmatch(net) is not None


def rail(net: str) -> tuple[str, int, int] | None:
    """("vp" or "vn", layer, neuron) of a row's rail; None for another net."""
    found = _RAIL.fullmatch(net)
    return None if found is None else (found[1], int(found[2]), int(found[3]))


def row_rail(net: str) -> bool:
    """Whether a net is a row's rail."""
    return _RAIL.fullmatch(net) is not None


def neuron(net: str) -> tuple[int, int] | None:
    """(layer, neuron) of the net at which a neuron's current arrives; None for another net."""
    if (found := _SUM.fullmatch(net)) is not None:
        return int(found[1]), int(found[2])
    found = _PIN.fullmatch(net)
    return (0, int(found[2])) if found is not None and found[1] in (IN, REFERENCE) else None


def memory_line(net: str) -> Literal["wl", "bl", "blb"] | None:
    """Which line of the memory a net is; None for another net."""
    found = _MEMORY_LINE.fullmatch(net)
    return None if found is None else found[1]  # type: ignore[return-value]


def current_pin(net: str) -> bool:
    """Whether a pin of the array or macro carries an input or output current."""
    return _PIN.fullmatch(net) is not None


def segment(net: str, index: int) -> str:
    """A node on the wire of a net, as extraction has it."""
    return f"{net}{_SEGMENT}{index}"


def whole(node: str) -> str:
    """The net of a node."""
    return _NODE.sub("", node)
