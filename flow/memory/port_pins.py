"""The programming port as a digital flow sees it: what its pins load, and how fast `data_out` follows the clock.

Simulated with the foundry's cells: from the pin `clk` through buffer, clock gate and the first group's repeater to the
flip-flop of place 0, and from there through the output buffer into a load. Wires are lumped estimates, as in
flow.memory.port_timing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from somaforge.flow.memory.port_deck import WIRE_F, PortDeck, crossing
from somaforge.flow.spice.batch import run_batch
from somaforge.flow.spice.deck import pwl, transient
from somaforge.generator.design import Design
from somaforge.generator.periphery.netlist import PORT_INPUTS, Plan, control_gates
from somaforge.pdk.models import OperatingPoint

LOADS_F = (5e-15, 50e-15, 200e-15)
"""On `data_out`: a gate beside it, a usual net, as much as the output buffer is meant for."""
TRANSITION = (0.2, 0.8)
"""Of the supply, between which a transition is measured: as the foundry's library has it."""
_PERIOD_S, _EDGE_S, _STEP_S = 40e-9, 0.1e-9, 1e-11
_EDGES = (1, 2)
"""Clocks, counted from 0, after which `data_out` rises and falls."""


@dataclass(frozen=True)
class Follows:
    """`data_out` after the rising clock, into one load, in s."""

    load_F: float
    rise_s: float
    fall_s: float
    rise_transition_s: float
    fall_transition_s: float


@dataclass(frozen=True)
class PortPins:
    """At one operating point."""

    input_F: Mapping[str, float]
    """Gate capacitance of every input."""
    data_out: tuple[Follows, ...]
    """From the smallest load to the largest."""


def measure(design: Design, plan: Plan, at: OperatingPoint) -> PortPins:
    """Of a design whose periphery has that plan; ToolError if ngspice fails."""
    bench = _Bench(design, "pins of the port", at)
    first = {gate.net("a"): gate for gate in control_gates() if gate.pins[0][1] in PORT_INPUTS}
    inputs = {pin: bench.pin_F(first[pin].function, first[pin].drive, "a") for pin in PORT_INPUTS}
    return PortPins(inputs, bench.outputs(plan))


class _Bench(PortDeck):
    """The way from `clk` to `data_out`, once for each load; they share nothing but the supply and the pins' sources."""

    def outputs(self, plan: Plan) -> tuple[Follows, ...]:
        """For every load."""
        v, (up, down) = self.supply, _EDGES
        clock = [(0.0, 0.0)]
        for k in range(down + 1):
            rise, fall = k * _PERIOD_S + _PERIOD_S / 2, (k + 1) * _PERIOD_S
            clock += [(rise, 0.0), (rise + _EDGE_S, v), (fall - _EDGE_S, v), (fall, 0.0)]
        data = [(0.0, 0.0), (up * _PERIOD_S, 0.0), (up * _PERIOD_S + _EDGE_S, v)]
        data += [(down * _PERIOD_S, v), (down * _PERIOD_S + _EDGE_S, 0.0)]
        self.deck.put(f"v_clk clk 0 {pwl(clock)}", f"v_data data 0 {pwl(data)}")
        nodes = [f"out_{k}" for k in range(len(LOADS_F))]
        for node, load in zip(nodes, LOADS_F, strict=True):
            self._path(node, plan, load)
        stop = (down + 1) * _PERIOD_S
        text = self.deck.text(*transient([f"v({node})" for node in nodes], _STEP_S, stop, f"0 {4 * _STEP_S:.6e}"))
        names, values = run_batch(text, None, "port_pins", 300.0)
        waves = {name: values[:, k] for k, name in enumerate(names)}

        def at(node: str, part: float, clock: int) -> float:
            begin = clock * _PERIOD_S + _PERIOD_S / 2
            return crossing(node, waves["time"], waves[f"v({node})"], part * v, begin, begin + _PERIOD_S / 2)

        low, high = TRANSITION
        edge = {clock: clock * _PERIOD_S + _PERIOD_S / 2 + _EDGE_S / 2 for clock in _EDGES}
        return tuple(
            Follows(
                load,
                rise_s=at(node, 0.5, up) - edge[up],
                fall_s=at(node, 0.5, down) - edge[down],
                rise_transition_s=at(node, high, up) - at(node, low, up),
                fall_transition_s=at(node, low, down) - at(node, high, down),
            )
            for node, load in zip(nodes, LOADS_F, strict=True)
        )

    def _path(self, node: str, plan: Plan, load: float) -> None:
        """Clock tree to the first group, its flip-flops as a load, the flip-flop of place 0, the output buffer."""
        clocks = plan.groups[0] * (self.pin_F("scan_flip_flop", 1, "clock") + WIRE_F)
        self.gate(f"pin_{node}", "buffer", 2, a="clk", y=f"clk_b_{node}")
        self.gate(f"gate_{node}", "clock_gate", 2, clock=f"clk_b_{node}", enable="vdd", y=f"data_clk_{node}")
        self.gate(f"repeater_{node}", "clock_buffer", 2, a=f"data_clk_{node}", y=f"clk_0_{node}")
        pins = {"data": "0", "scan_data": "data", "scan": "vdd", "clock": f"clk_0_{node}", "y": f"data_0_{node}"}
        self.gate(f"data_{node}", "scan_flip_flop", 1, **pins)
        self.gate(f"output_{node}", "buffer", 4, a=f"data_0_{node}", y=node)
        low = self.pin_F("nor2", 1, "a")
        self.deck.put(
            f"c_clk_{node} clk_0_{node} 0 {clocks:.6e}",
            f"c_data_{node} data_0_{node} 0 {low + WIRE_F:.6e}",
            f"c_{node} {node} 0 {load:.6e}",
        )
