"""The control block: a buffer per pin, the clock gates, and what is derived from read and write."""

from somaforge.generator.periphery.block import Block, Wire
from somaforge.generator.periphery.cells import ROW
from somaforge.generator.periphery.group import BUS, strap_nodes
from somaforge.generator.periphery.netlist import Gate, control_gates
from somaforge.generator.periphery.plan import BUS_Y
from somaforge.generator.periphery.route import PITCH_Y, TRACKS

ROWS = 2
SITES = 48
PIN_Y = {
    **dict(zip(("clk", "shift", "write", "read", "data_in", "data_out"), BUS_Y, strict=True)),
    "row_in": ROW + BUS_Y[1],
    "row_step": ROW + BUS_Y[0],
}
"""met3 track of each pin, from the block's lower edge. Those of the bus end at their buffer, and the same track begins
to serve the groups."""
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
"""met2 columns of the pins, near their buffers and left of what the same bus track carries on."""
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
"""met2 columns that leave upwards, for the row select."""
STRAPS = {"gnd": 4, "vdd": 9}


def control_block() -> Block:
    """Two rows of cells; pins and bus below, row select above."""
    gates = {gate.name.removeprefix("x_"): gate for gate in control_gates()}

    def row(*names: str) -> tuple[Gate | None, ...]:
        return tuple(gates.pop(name) if name else None for name in names)

    first = row("data_out", "pin_clk", "pin_shift", "pin_data_in", "", "pin_row_in", "pin_row_step", "pin_write",
                "pin_read", "write_n")  # fmt: skip
    second = row("gate_row", "capture", "", "select", "gate_data")
    if gates:
        raise ValueError(f"control block: {', '.join(gates)} not placed")
    wires = [_down(pin, column, PIN_Y[pin]) for pin, column in PIN_COLUMNS.items()]
    wires += [_down(CHAIN_SOURCES[net], column, BUS_Y[BUS[net]]) for net, column in CHAIN_COLUMNS.items()]
    top = ROWS * TRACKS - 1
    wires += [Wire(net, column, top - 2, top) for net, column in ROW_COLUMNS.items()]
    return Block("control", (first, second), tuple(wires), (), strap_nodes(STRAPS, ROWS), SITES)


def _down(net: str, column: int, y: int) -> Wire:
    """The met2 wire below a met3 track of that height, or from the lower edge down to one below."""
    track = max(0, (y - PITCH_Y // 2) // PITCH_Y)
    return Wire(net, column, track, track + 1)


HEIGHT = ROWS * ROW
