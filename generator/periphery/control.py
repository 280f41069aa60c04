"""The control block: a buffer per pin, the clock gates, and what is derived from read and write."""

from somaforge.generator.periphery.cell_rows import CellRows, Wire
from somaforge.generator.periphery.group import BUS, strap_nodes
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.netlist import Gate, control_gates

ROWS = 2
SITES = 48
BUS_PINS = ("clk", "shift", "write", "read", "data_in", "data_out")
"""Pins on the tracks of the bus: each ends at its buffer, and the same track begins to serve the groups."""
UPPER_PINS = {"row_in": 1, "row_step": 0}
"""Pins on such a track one row of cells higher."""
PIN_COLUMNS = {
    "data_out": 2,
    "clk": 7,
    "shift": 11,
    "data_in": 15,
    "row_in": 20,
    "row_step": 22,
    "write": 27,
    "read": 31,
}
"""Columns of the pins, near their buffers and left of what the same bus track carries on."""
CHAIN_SOURCES = {
    "data_clk": "data_clk",
    "shift": "shift_b",
    "write_n": "write_n",
    "read": "read_b",
    "data_in": "data_in_b",
    "chain": "data_0",
}
"""Net of each bus track on the way from the control block to the first group."""
CHAIN_COLUMNS = {net: 36 + 2 * k for k, net in enumerate(BUS)}
ROW_COLUMNS = {"row_clk": 12, "row_in_b": 18, "select": 24}
"""Columns that leave upwards, for the row select."""
STRAPS = {"gnd": 4, "vdd": 9}


def pin_y(m: PortMeasures) -> dict[str, int]:
    """Height of each pin's track on `column`, from the lower edge."""
    upper = {pin: m.row + m.bus_y[track] for pin, track in UPPER_PINS.items()}
    return {**dict(zip(BUS_PINS, m.bus_y, strict=True)), **upper}


ORDER = (
    ("data_out", "pin_clk", "pin_shift", "pin_data_in", "", "pin_row_in", "pin_row_step", "pin_write", "pin_read",
     "write_n"),
    ("gate_row", "capture", "", "select", "gate_data"),
)  # fmt: skip
"""Gates from the left, in two rows; nothing is a tap."""
GUARDED = (
    ("data_out", "diode_clk", "pin_clk", "diode_shift", "pin_shift", "diode_data_in", "pin_data_in", "", "pin_row_in",
     "diode_row_in", "pin_row_step", "pin_write", "pin_read", "write_n"),
    ("gate_row", "diode_row_step", "capture", "", "diode_write", "select", "diode_read", "gate_data"),
)  # fmt: skip
"""The same with a diode near every pin's buffer: they fill the room that is left."""


def control_rows(m: PortMeasures, guarded: bool = False) -> CellRows:
    """Two rows of cells; pins and bus below, row select above. `guarded`: of `Plan`."""
    gates = {gate.name.removeprefix("x_"): gate for gate in control_gates(guarded)}

    def row(*names: str) -> tuple[Gate | None, ...]:
        return tuple(gates.pop(name) if name else None for name in names)

    first, second = (row(*names) for names in (GUARDED if guarded else ORDER))
    if gates:
        raise ValueError(f"control: {', '.join(gates)} not placed")
    heights = pin_y(m)
    wires = [_down(m, pin, column, heights[pin]) for pin, column in PIN_COLUMNS.items()]
    wires += [_down(m, CHAIN_SOURCES[net], column, m.bus_y[BUS[net]]) for net, column in CHAIN_COLUMNS.items()]
    top = ROWS * m.tracks - 1
    wires += [Wire(net, column, top - 2, top) for net, column in ROW_COLUMNS.items()]
    return CellRows(m, "control", (first, second), tuple(wires), (), strap_nodes(m, STRAPS, ROWS), SITES)


def _down(m: PortMeasures, net: str, column: int, y: int) -> Wire:
    """The wire on `row` below a track on `column` of that height, or from the lower edge down to one below."""
    track = max(0, (y - m.pitch // 2) // m.pitch)
    return Wire(net, column, track, track + 1)
