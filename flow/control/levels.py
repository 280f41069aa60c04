"""Levels of a netlist of gates at rest: after a reset, and as many clocks as it takes until nothing changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter

from somaforge.generator.periphery.netlist import Gate, GateNetlist
from somaforge.pdk.errors import ToolError
from somaforge.pdk.library import INPUTS, LOGIC

RISING, FALLING = "clock", "clock_n"
"""Inputs of flip-flops, by the edge that they take their data at."""
CLOCKS = 64
"""More than any reset needs that is released through a few flip-flops."""


def is_flip_flop(gate: Gate) -> bool:
    """Whether it stores at an edge of a clock; a clock gate does not, and has an enable."""
    pins = INPUTS[gate.function]
    return "data" in pins and (RISING in pins or FALLING in pins)


def flip_flops(netlist: GateNetlist) -> tuple[Gate, ...]:
    """Of a netlist."""
    return tuple(gate for gate in netlist.gates if is_flip_flop(gate))


def at_rest(netlist: GateNetlist, clock: str, high: frozenset[str]) -> dict[str, bool]:
    """Level of every net, the pin `clock` low, those of `high` high and all others low. Before that all pins were low
    once: resets of the netlist are active low.

    ToolError if the netlist never comes to rest.
    """
    logic = _Logic(netlist)
    pins = dict.fromkeys(netlist.inputs, False)
    stored = logic.settled(pins, dict.fromkeys((gate.output for gate in logic.flops), False))[1]
    pins |= dict.fromkeys(high, True)
    for _ in range(CLOCKS):
        before, stored = stored, logic.clocked(pins, clock, stored)
        if stored == before:
            return logic.settled(pins, stored)[0]
    raise ToolError(f"control: {netlist.outputs[0]} and its like are still moving {CLOCKS} clocks after a reset")


@dataclass(frozen=True)
class _Logic:
    """Gates without memory in an order in which each comes after what it reads, and flip-flops."""

    netlist: GateNetlist

    @cached_property
    def flops(self) -> tuple[Gate, ...]:
        return flip_flops(self.netlist)

    @cached_property
    def ordered(self) -> tuple[Gate, ...]:
        made = {gate.output: gate for gate in self.netlist.gates if gate.function in LOGIC}
        read = {net: [gate.net(pin) for pin in INPUTS[gate.function]] for net, gate in made.items()}
        return tuple(made[net] for net in TopologicalSorter(read).static_order() if net in made)

    def settled(self, pins: Mapping[str, bool], stored: Mapping[str, bool]) -> tuple[dict[str, bool], dict[str, bool]]:
        """Levels of all nets, and what is stored once resets have done their work."""
        while True:
            levels = {**pins, **stored}
            for gate in self.ordered:
                levels[gate.output] = LOGIC[gate.function](*(levels[gate.net(pin)] for pin in INPUTS[gate.function]))
            now = {gate.output: _forced(gate, levels, stored[gate.output]) for gate in self.flops}
            if now == stored:
                return levels, now
            stored = now

    def clocked(self, pins: Mapping[str, bool], clock: str, stored: Mapping[str, bool]) -> dict[str, bool]:
        """What is stored after a rising and a falling edge."""
        now = dict(stored)
        for level in (True, False):
            before, now = self.settled({**pins, clock: not level}, now)
            after = self.settled({**pins, clock: level}, now)[0]
            now = {gate.output: _taken(gate, before, after) for gate in self.flops}
        return self.settled({**pins, clock: False}, now)[1]


def _forced(gate: Gate, levels: Mapping[str, bool], stored: bool) -> bool:
    """What its reset or set leaves of what is stored."""
    pins = dict(gate.pins)
    if "set_n" in pins and not levels[pins["set_n"]]:
        return True
    return stored and levels.get(pins.get("reset_n", ""), True)


def _taken(gate: Gate, before: Mapping[str, bool], after: Mapping[str, bool]) -> bool:
    """What it stores after an edge of the clock: its data before it, if the edge was its own."""
    edge = RISING if RISING in INPUTS[gate.function] else FALLING
    net = gate.net(edge)
    own = before[net] != after[net] and after[net] == (edge == RISING)
    return before[gate.net("data")] if own else before[gate.output]
