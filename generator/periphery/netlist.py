"""The periphery as gates of sky130_fd_sc_hd: the one description that layout, SPICE and Verilog are made from.

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

from collections.abc import Iterator
from dataclasses import dataclass, field

from somaforge.generator.address import MemoryMap

LIBRARY = "sky130_fd_sc_hd__"
PORT_INPUTS = ("clk", "shift", "data_in", "row_in", "row_step", "write", "read")
PORT_OUTPUTS = ("data_out",)
ROW_SEGMENT = 8
"""Rows that one set of repeaters serves: 8 clock pins and 66 um of wire are about 50 fF, a fifth of what a repeater of
drive 4 is meant for, and the unbuffered token hop stays inside the segment's wire delay."""


@dataclass(frozen=True)
class Gate:
    """One foundry cell; its power pins are vdd and gnd and are not listed."""

    name: str
    cell: str
    """Name without the library's prefix, for example "nor2_1"."""
    pins: tuple[tuple[str, str], ...]
    """(pin, net) for every signal pin."""

    def net(self, pin: str) -> str:
        """The net at a pin."""
        return dict(self.pins)[pin]


@dataclass(frozen=True)
class GateNetlist:
    """The periphery at gate level. Ports: `inputs`, `outputs`, `lines` (driven and sensed), vdd and gnd."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    """data_out and the word lines wl_<row>."""
    lines: tuple[str, ...]
    """bl_<index> and blb_<index> for every index of the word."""
    gates: tuple[Gate, ...]

    @property
    def ports(self) -> tuple[str, ...]:
        """All ports in the order of the SPICE circuit."""
        return (*self.inputs, *self.outputs, *self.lines, "vdd", "gnd")


@dataclass(frozen=True)
class Plan:
    """What the placement decides about the netlist: groups that share repeaters, and the word lines' drivers."""

    memory: MemoryMap
    groups: tuple[int, ...]
    """Bits of the word in each group of the data register, from index 0."""
    word_driver: str = "inv_8"
    row_segment: int = field(default=ROW_SEGMENT)

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
    gates = (*control_gates(), *_row_gates(plan), *_data_gates(plan))
    words = tuple(f"wl_{row}" for row in range(memory.rows))
    lines = tuple(net for i in range(memory.width) for net in (f"bl_{i}", f"blb_{i}"))
    return GateNetlist(PORT_INPUTS, (*PORT_OUTPUTS, *words), lines, gates)


def _gate(name: str, cell: str, **pins: str) -> Gate:
    return Gate(f"x_{name}", cell, tuple(pins.items()))


def control_gates() -> Iterator[Gate]:
    """One buffer per pin, the two clock gates, and what is derived from read and write."""
    for pin in PORT_INPUTS:
        yield _gate(f"pin_{pin}", "buf_2", A=pin, X=f"{pin}_b")
    yield _gate("capture", "or2_1", A="shift_b", B="read_b", X="capture")
    yield _gate("gate_data", "dlclkp_2", CLK="clk_b", GATE="capture", GCLK="data_clk")
    yield _gate("gate_row", "dlclkp_2", CLK="clk_b", GATE="row_step_b", GCLK="row_clk")
    yield _gate("select", "or2_1", A="write_b", B="read_b", X="select")
    yield _gate("write_n", "inv_2", A="write_b", Y="write_n")
    yield _gate("data_out", "buf_4", A="data_0", X="data_out")


def _row_gates(plan: Plan) -> Iterator[Gate]:
    last = plan.segments - 1
    for s in range(plan.segments):
        yield from repeaters_of_segment(s, last)
    for row in range(plan.memory.rows):
        yield from row_slice(row, row // plan.row_segment, plan.word_driver)


def repeaters_of_segment(s: int, last: int) -> tuple[Gate, ...]:
    """The row clock on its way up, the clock that this segment uses, and `select`."""
    return (
        _gate(f"row_up_{s}", "clkbuf_2", A=f"row_up_{s - 1}" if s else "row_clk", X=f"row_up_{s}"),
        _gate(f"row_clk_{s}", "clkbuf_2", A=f"row_clk_{s + 1}" if s < last else f"row_up_{s}", X=f"row_clk_{s}"),
        _gate(f"select_{s}", "buf_2", A=f"select_{s - 1}" if s else "select", X=f"select_{s}"),
    )


def row_slice(row: int, segment: int, word_driver: str) -> tuple[Gate, ...]:
    """Token, its gate and the driver of the word line."""
    before = f"token_{row - 1}" if row else "row_in_b"
    return (
        _gate(f"token_{row}", "dfxtp_1", CLK=f"row_clk_{segment}", D=before, Q=f"token_{row}"),
        _gate(f"word_{row}", "nand2_1", A=f"token_{row}", B=f"select_{segment}", Y=f"word_n_{row}"),
        _gate(f"wl_{row}", word_driver, A=f"word_n_{row}", Y=f"wl_{row}"),
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
        _gate(f"data_clk_{group}", "clkbuf_2", A=source("data_clk", "data_clk"), X=f"data_clk_{group}"),
        _gate(f"shift_{group}", "buf_2", A=source("shift", "shift_b"), X=f"shift_{group}"),
        _gate(f"write_n_{group}", "buf_2", A=source("write_n", "write_n"), X=f"write_n_{group}"),
        _gate(f"read_{group}", "buf_2", A=source("read", "read_b"), X=f"read_{group}"),
        _gate(f"data_in_{group}", "buf_2", A=source("data_in", "data_in_b"), X=f"data_in_{group}"),
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
            "sdfxtp_1",
            CLK=f"data_clk_{group}",
            D=f"bl_{i}",
            SCD=after,
            SCE=f"shift_{group}",
            Q=f"data_{i}",
        ),
        _gate(f"low_{i}", "nor2_1", A=f"data_{i}", B=write_n, Y=f"low_{i}"),
        _gate(f"high_{i}", "nor2_1", A=f"low_{i}", B=write_n, Y=f"high_{i}"),
        _gate(f"bl_{i}", "einvn_2", A=f"low_{i}", TE_B=read, Z=f"bl_{i}"),
        _gate(f"blb_{i}", "einvn_2", A=f"high_{i}", TE_B=read, Z=f"blb_{i}"),
    )
