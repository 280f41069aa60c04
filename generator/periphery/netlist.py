"""The periphery as gates of a library of cells: the one description that layout, SPICE and Verilog are made from.

Data register: one scan flip-flop per bit-line pair. `data_in` enters at the highest index, every clock with `shift`
moves each bit to the next lower index, index 0 is `data_out`. Its clock enters at index 0 and is repeated from group
to group against the direction of the data: a flip-flop has taken its neighbour's old value before that one is clocked.

Row select: one flip-flop per word. Every clock with `row_step` moves the token one row up; `row_in` enters at row 0.
Its clock runs up the column first and is used on the way down, again against the data.

Lines: idle holds both lines of a pair high; `write` puts the bit on them; `read` leaves them to the latches of the
selected row, and a clock while `read` is high takes the true lines into the data register. The word line of a row is
high while its token and `write` or `read` are.

Control pins change while `clk` is low: the clock gates are transparent then. Every pin drives one gate.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from somaforge.generator.address import MemoryMap
from somaforge.generator.block import Role
from somaforge.generator.names import RAILS, bit_line, bit_line_bar, port_word
from somaforge.pdk.library import DIODE, OUTPUT, Function

PINS: Mapping[str, Role] = {
    "clk": Role.CLOCK,
    "shift": Role.DIGITAL_INPUT,
    "data_in": Role.DIGITAL_INPUT,
    "row_in": Role.DIGITAL_INPUT,
    "row_step": Role.DIGITAL_INPUT,
    "write": Role.DIGITAL_INPUT,
    "read": Role.DIGITAL_INPUT,
    "data_out": Role.DIGITAL_OUTPUT,
}
"""Pins of the port, in their order."""
PORT_OUTPUTS = tuple(pin for pin, role in PINS.items() if role is Role.DIGITAL_OUTPUT)
PORT_INPUTS = tuple(pin for pin in PINS if pin not in PORT_OUTPUTS)
ROW_SEGMENT = 8
"""Rows that one set of repeaters serves: 8 clock pins and 66 um of wire are about 50 fF, a fifth of what a repeater of
drive 4 is meant for, and the unbuffered token hop stays inside the segment's wire delay."""


@dataclass(frozen=True)
class Gate:
    """One cell of the library; its power pins are vdd and gnd and are not listed."""

    name: str
    function: Function
    drive: int
    pins: tuple[tuple[str, str], ...]
    """(input or output of the function, net) for every signal pin."""

    def net(self, pin: str) -> str:
        """The net at a pin."""
        return dict(self.pins)[pin]

    @property
    def output(self) -> str:
        """The net that it drives."""
        return self.net(OUTPUT)

    @property
    def drives(self) -> bool:
        """Whether it has an output; a diode has none."""
        return any(pin == OUTPUT for pin, _ in self.pins)


@dataclass(frozen=True)
class GateNetlist:
    """The periphery at gate level. Ports: `inputs`, `outputs`, `lines` (driven and sensed), vdd and gnd."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    """data_out and the word lines, from the lowest row."""
    lines: tuple[str, ...]
    """Both bit lines for every index of the word."""
    gates: tuple[Gate, ...]

    @property
    def ports(self) -> tuple[str, ...]:
        """All ports in the order of the SPICE circuit."""
        return (*self.inputs, *self.outputs, *self.lines, *RAILS)


@dataclass(frozen=True)
class Plan:
    """What the placement decides about the netlist: groups that share repeaters, and the word lines' drivers."""

    memory: MemoryMap
    groups: tuple[int, ...]
    """Bits of the word in each group of the data register, from index 0."""
    word_drive: int = 8
    """Of the inverters that drive the word lines."""
    row_segment: int = field(default=ROW_SEGMENT)
    guarded: bool = False
    """Whether an antenna diode stands at every input: wires of a large chip charge more than a gate bears."""

    def __post_init__(self) -> None:
        if sum(self.groups) != self.memory.width or min(self.groups) < 1:
            raise ValueError(f"groups {self.groups} do not make a word of {self.memory.width} bits")

    @property
    def segments(self) -> int:
        """Segments of the row select."""
        return -(-self.memory.rows // self.row_segment)

    def first(self, group: int) -> int:
        """Lowest index of a group."""
        return sum(self.groups[:group])


def default_plan(memory: MemoryMap) -> Plan:
    """Groups of two columns, for uses without a layout; the logic is the same for every plan."""
    step = 2 * (memory.bits + 1)
    return Plan(memory, tuple(min(step, memory.width - start) for start in range(0, memory.width, step)))


def build(memory: MemoryMap, plan: Plan | None = None) -> GateNetlist:
    """The gates for a memory; a layout gives its own plan."""
    plan = plan or default_plan(memory)
    gates = (*control_gates(plan.guarded), *_row_gates(plan), *_data_gates(plan))
    words = tuple(port_word(row) for row in range(memory.rows))
    lines = tuple(net for i in range(memory.width) for net in (bit_line(i), bit_line_bar(i)))
    return GateNetlist(PORT_INPUTS, (*PORT_OUTPUTS, *words), lines, gates)


def _gate(name: str, function: Function, drive: int, **pins: str) -> Gate:
    return Gate(f"x_{name}", function, drive, tuple(pins.items()))


def control_gates(guarded: bool = False) -> Iterator[Gate]:
    """One buffer per pin, with a diode if `guarded`, the two clock gates, and what is derived from read and write."""
    for pin in PORT_INPUTS:
        yield _gate(f"pin_{pin}", "buffer", 2, a=pin, y=f"{pin}_b")
        if guarded:
            yield _gate(f"diode_{pin}", DIODE, 2, a=pin)
    yield _gate("capture", "or2", 1, a="shift_b", b="read_b", y="capture")
    yield _gate("gate_data", "clock_gate", 2, clock="clk_b", enable="capture", y="data_clk")
    yield _gate("gate_row", "clock_gate", 2, clock="clk_b", enable="row_step_b", y="row_clk")
    yield _gate("select", "or2", 1, a="write_b", b="read_b", y="select")
    yield _gate("write_n", "inverter", 2, a="write_b", y="write_n")
    yield _gate("data_out", "buffer", 4, a="data_0", y="data_out")


def _row_gates(plan: Plan) -> Iterator[Gate]:
    last = plan.segments - 1
    for s in range(plan.segments):
        yield from repeaters_of_segment(s, last)
    for row in range(plan.memory.rows):
        yield from row_slice(row, row // plan.row_segment, plan.word_drive)


def repeaters_of_segment(s: int, last: int) -> tuple[Gate, ...]:
    """The row clock on its way up, the clock that this segment uses, and `select`."""
    return (
        _gate(f"row_up_{s}", "clock_buffer", 2, a=f"row_up_{s - 1}" if s else "row_clk", y=f"row_up_{s}"),
        _gate(f"row_clk_{s}", "clock_buffer", 2, a=f"row_clk_{s + 1}" if s < last else f"row_up_{s}", y=f"row_clk_{s}"),
        _gate(f"select_{s}", "buffer", 2, a=f"select_{s - 1}" if s else "select", y=f"select_{s}"),
    )


def row_slice(row: int, segment: int, word_drive: int) -> tuple[Gate, ...]:
    """Token, its gate and the driver of the word line."""
    before = f"token_{row - 1}" if row else "row_in_b"
    return (
        _gate(f"token_{row}", "flip_flop", 1, clock=f"row_clk_{segment}", data=before, y=f"token_{row}"),
        _gate(f"word_{row}", "nand2", 1, a=f"token_{row}", b=f"select_{segment}", y=f"word_n_{row}"),
        _gate(port_word(row), "inverter", word_drive, a=f"word_n_{row}", y=port_word(row)),
    )


def _data_gates(plan: Plan) -> Iterator[Gate]:
    for group, bits in enumerate(plan.groups):
        yield from repeaters_of_group(group)
        for i in range(plan.first(group), plan.first(group) + bits):
            after = f"data_{i + 1}" if i + 1 < plan.memory.width else f"data_in_{group}"
            yield from bit_slice(i, group, after)


def repeaters_of_group(group: int) -> tuple[Gate, ...]:
    """From the group before (or the control block) to this group and the next one."""

    def source(net: str, first: str) -> str:
        return f"{net}_{group - 1}" if group else first

    return (
        _gate(f"data_clk_{group}", "clock_buffer", 2, a=source("data_clk", "data_clk"), y=f"data_clk_{group}"),
        _gate(f"shift_{group}", "buffer", 2, a=source("shift", "shift_b"), y=f"shift_{group}"),
        _gate(f"write_n_{group}", "buffer", 2, a=source("write_n", "write_n"), y=f"write_n_{group}"),
        _gate(f"read_{group}", "buffer", 2, a=source("read", "read_b"), y=f"read_{group}"),
        _gate(f"data_in_{group}", "buffer", 2, a=source("data_in", "data_in_b"), y=f"data_in_{group}"),
    )


def bit_slice(i: int, group: int, after: str) -> tuple[Gate, ...]:
    """Flip-flop and drivers of one bit-line pair; `after` is the net whose value shifts in.

    low = write and not data, high = write and not low = write and data: the inverting drivers make bl = data and
    blb = not data of them in a write, and both high otherwise.
    """
    write_n, read = f"write_n_{group}", f"read_{group}"
    return (
        _gate(
            f"data_{i}",
            "scan_flip_flop",
            1,
            clock=f"data_clk_{group}",
            data=bit_line(i),
            scan_data=after,
            scan=f"shift_{group}",
            y=f"data_{i}",
        ),
        _gate(f"low_{i}", "nor2", 1, a=f"data_{i}", b=write_n, y=f"low_{i}"),
        _gate(f"high_{i}", "nor2", 1, a=f"low_{i}", b=write_n, y=f"high_{i}"),
        _gate(bit_line(i), "tri_state_inverter", 2, a=f"low_{i}", off=read, y=bit_line(i)),
        _gate(bit_line_bar(i), "tri_state_inverter", 2, a=f"high_{i}", off=read, y=bit_line_bar(i)),
    )
