"""What the weight memory draws from the supply while patterns run: the leakage of its latches and of its port's cells.

The array is simulated with ideal memory (flow.engines.base.Memory), so this power comes on top of what engines find.
One latch of each state and one cell of each kind and input state are simulated at rest: word lines low and bit lines
high, as the port holds them between two accesses (with `array.port: none` whoever drives the pins must do the same).
How many there are of each say the design and the port's netlist. The foundry's models are taken whole.

A threshold shift changes leakage by its exponential, so that latches with mismatch leak more in the mean than the latch
without. Each current of a latch flows through one transistor that is off: its mean over all shifts is that over latches
in which all six are shifted by as many sigmas at once, here by the nodes of Gauss and Hermite: of one deviate, or of
two under a law with a weak shift, which a p-channel device that is off feels by four fifths only. Cells of the port are
taken without mismatch: most of their currents flow through two transistors in series, and there are few cells.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.engines.cache import kept
from somaforge.flow.engines.spread import spread
from somaforge.flow.memory.port_timing import plan_of
from somaforge.flow.spice.batch import run_batch
from somaforge.flow.spice.deck import Deck, size_of
from somaforge.generator.design import Design
from somaforge.generator.names import LATCH
from somaforge.generator.periphery import netlist
from somaforge.generator.periphery.cells import cell_circuit
from somaforge.generator.periphery.measures import library
from somaforge.pdk.errors import ToolError
from somaforge.pdk.library import INPUTS, LOGIC, OUTPUT, Function
from somaforge.pdk.models import OperatingPoint, Shift

GMIN_S = 1e-15
"""ngspice lays this conductance across every junction. At its own 1e-12 S it would add 16 pW to a latch, more than half
of what it leaks at tt, 27 C and 1.8 V; at 1e-15 S it adds 0.016 pW (0.06 %; measured against 1e-18 S, where ngspice
does not find every operating point)."""
NODES = 5
"""Of each deviate for the mean over mismatch; 11 change it by less than 2e-3."""
FALLS_S = 1e-3
"""When the clock of flip-flops of the falling edge falls."""
SETTLED_S = 0.1
"""Nodes between two transistors that are off charge with a fraction of a picoampere."""
LEVEL = 0.05
"""An output lies on its rail within this part of the supply."""


@dataclass(frozen=True)
class Kind:
    """A cell of a function at rest, its clock low."""

    level: Callable[..., bool]
    """Output of the inputs' levels; of a flip-flop, what it stores is the last argument."""
    stores: bool = False
    falling: bool = False
    """Takes its data as its clock, its first input, falls: with the clock low it shows its first half, and holds the
    data that it had at the edge, its second input."""


KINDS: Mapping[Function, Kind] = {
    **{function: Kind(level) for function, level in LOGIC.items()},
    "tri_state_inverter": Kind(lambda a, off: not a or off),  # let go it leaves its line high
    "clock_gate": Kind(lambda clock, enable: clock and enable),
    "flip_flop": Kind(lambda clock, data, stored: stored, stores=True),
    "scan_flip_flop": Kind(lambda clock, data, scan_data, scan, stored: stored, stores=True),
    "reset_flip_flop": Kind(lambda clock, data, reset_n, stored: stored and reset_n, stores=True),
    "falling_reset_flip_flop": Kind(
        lambda clock_n, data, reset_n, stored: stored and reset_n, stores=True, falling=True
    ),
    "set_flip_flop": Kind(lambda clock, data, set_n, stored: stored or not set_n, stores=True),
}
"""What the functions of a library's cells do (pdk.library); the simulation checks every output against them."""


@dataclass(frozen=True, order=True)
class State:
    """A cell with levels on its inputs, in their order; the last one is what a flip-flop stores."""

    function: Function
    drive: int
    levels: tuple[bool, ...]

    @property
    def kind(self) -> Kind:
        """Of the cell; ToolError for a function that the port does not use."""
        if self.function not in KINDS:
            raise ToolError(f"leakage: the function {self.function} is not known; add it to flow.memory.leakage.KINDS")
        return KINDS[self.function]

    @property
    def output(self) -> bool:
        """Level of its output."""
        return self.kind.level(*self.levels)


@dataclass(frozen=True)
class Leakage:
    """Of a whole macro, in W."""

    latches_W: float
    port_W: float

    @property
    def total_W(self) -> float:  # noqa: N802 (a unit)
        """Both."""
        return self.latches_W + self.port_W


def of_chip(chip: ProgrammedChip) -> Leakage:
    """Beside what an engine finds for the chip: where it simulates the latches, only the port's cells are missing."""
    found = of_design(chip.design, chip.at)
    return found if chip.memory == "ideal" else Leakage(0.0, found.port_W)


def of_design(design: Design, at: OperatingPoint) -> Leakage:
    """At one operating point; ToolError if ngspice fails."""
    states = port_states(design)
    bench = Bench(design, tuple(sorted(states)), at)
    watts = bench.watts()
    latch = bench.mean_latch(watts[: bench.latches])
    port = sum(states[state] * w for state, w in zip(bench.states, watts[bench.latches :], strict=True))
    return Leakage(design.synapse_count * design.weights.latches * latch, port)


def port_states(design: Design) -> Mapping[State, float]:
    """How many cells of the port are in which state while its pins are low: the mean of a data register that holds
    zeros and one that holds ones. Nothing without a port."""
    return _states(plan_of(design)) if design.spec.array.has_port else {}


@lru_cache(maxsize=4)
def _states(plan: netlist.Plan) -> Mapping[State, float]:
    gates = netlist.build(plan.memory, plan).gates
    found: Counter[State] = Counter()
    for stored in (False, True):
        found.update(_idle(gates, {f"data_{i}": stored for i in range(plan.memory.width)}))
    return {state: count / 2 for state, count in found.items()}


def _idle(gates: tuple[netlist.Gate, ...], register: Mapping[str, bool]) -> Iterator[State]:
    """The state of every gate: pins low, bit lines high, no token in the row select."""
    levels = dict.fromkeys(netlist.PORT_INPUTS, False) | dict(register)
    levels |= {gate.output: True for gate in gates if gate.function == "tri_state_inverter"}  # bit lines
    levels |= {gate.output: False for gate in gates if gate.function == "flip_flop"}  # the token
    return _rest(gates, levels)


def of_gates(design: Design, gates: Sequence[netlist.Gate], levels: Mapping[str, bool], at: OperatingPoint) -> float:
    """W that any gates of the library draw at rest with these levels on their pins and on the outputs of flip-flops;
    the design says how the foundry's models are used. ToolError if ngspice fails."""
    states = Counter(_rest(gates, levels))
    bench = Bench(design, tuple(sorted(states)), at)
    return sum(states[state] * w for state, w in zip(bench.states, bench.watts()[bench.latches :], strict=True))


def _rest(gates: Sequence[netlist.Gate], known: Mapping[str, bool]) -> Iterator[State]:
    """The state of every gate, from the levels that are known."""
    levels = dict(known)
    left = list(gates)
    while left:
        waiting = []
        for gate in left:
            stores = State(gate.function, gate.drive, ()).kind.stores
            nets = [gate.net(pin) for pin in (*INPUTS[gate.function], *((OUTPUT,) if stores else ()))]
            if any(net not in levels for net in nets):
                waiting.append(gate)
                continue
            state = State(gate.function, gate.drive, tuple(levels[net] for net in nets))
            levels[gate.output] = state.output
            yield state
        if len(waiting) == len(left):
            raise ToolError(f"leakage: the netlist has a loop at {left[0].name}; this is a fault of somaforge")
        left = waiting


class Bench:
    """One deck: latches and cells side by side, each with a supply of its own."""

    def __init__(self, design: Design, states: tuple[State, ...], at: OperatingPoint) -> None:
        self.design, self.states, self.at, self.supply = design, states, at, at.supply_V
        chips = design.spec.chips
        self.mos = design.library.flatten(design.cell(LATCH)).mos
        self.sigmas = [spread(design.pdk.models, size_of(m), chips.law) for m in self.mos]
        nodes, weights = np.polynomial.hermite_e.hermegauss(NODES if chips.mismatch > 0 else 1)
        two = chips.mismatch > 0 and any(sigma.weak_V > 0 for sigma in self.sigmas)
        first, second = (z.ravel() for z in np.meshgrid(nodes, nodes if two else [0.0], indexing="ij"))
        self.nodes = [(float(a), float(b)) for a, b in zip(first, second, strict=True)]
        """Deviates of each latch: of the threshold, and of the weak shift beside its correlation."""
        weights = np.outer(weights, weights if two else [1.0]).ravel()
        self.weights = weights / weights.sum()

    @property
    def latches(self) -> int:
        """How many latches come before the cells: both states for every node."""
        return 2 * len(self.nodes)

    @property
    def names(self) -> list[str]:
        """Supplies in the order of the results."""
        return [f"v_{k}" for k in range(self.latches + len(self.states))]

    def mean_latch(self, watts: list[float]) -> float:
        """Mean over both states and all shifts."""
        return float(np.repeat(self.weights, 2) @ np.array(watts) / 2)

    def watts(self, cache: Path | None = None) -> list[float]:
        """Of each latch and each cell, from the cache folder (default: the user's) or from ngspice. ToolError if that
        fails or an output is not where the cell's function says."""
        found: list[float] = kept(self.deck, cache, ("watts",), lambda: {"watts": np.array(self._measured())})[
            "watts"
        ].tolist()
        return found

    def _measured(self) -> list[float]:
        names, values = run_batch(self.deck, None, "leakage", 300.0)
        last = dict(zip(names, values[-1].tolist(), strict=True))
        for k, state in enumerate(self.states, self.latches):
            if abs(last[f"v(out_{k})"] - self.supply * state.output) > LEVEL * self.supply:
                cell, volts = f"{state.function} {state.drive}", last[f"v(out_{k})"]
                raise ToolError(f"ngspice: leakage: {cell} with {state.levels} has {volts:.3f} V")
        lost = [k for k in range(self.latches) if last[f"v(out_{k})"] < (1 - LEVEL) * self.supply]
        found = [-last[f"i({name})"] * self.supply for name in self.names]
        if lost or not all(0 < w < math.inf for w in found):
            raise ToolError(f"ngspice: leakage at {self.at}: a latch lost its bit, or a current is not positive")
        return found

    @property
    def deck(self) -> str:
        """Its text."""
        options = f"klu method=gear reltol=1e-4 abstol=1e-15 vntol=1e-6 chgtol=1e-18 gmin={GMIN_S:g}"
        options += " noopiter itl1=500 itl4=200"
        deck = Deck(f"leakage of the weight memory: {self.at}", self.design.pdk.models, self.at, options)
        deck.put(f"v_high high 0 {self.supply:.9g}")
        if any(state.kind.falling for state in self.states):
            high = f"{self.supply:.9g}"
            deck.put(f"v_falls falls 0 pwl(0 {high} {FALLS_S:g} {high} {FALLS_S + 1e-9:.9g} 0)")
        for k in range(self.latches):
            self._latch(deck, k)
        for k, state in enumerate(self.states, self.latches):
            self._cell(deck, k, state)
        outputs = [f"v(out_{k})" for k in range(self.latches + len(self.states))]
        saves = "\n+ ".join([*(f"i({name})" for name in self.names), *outputs])
        return deck.text(f".save {saves}", f".tran {SETTLED_S / 50:.6g} {SETTLED_S:.6g}")

    def _latch(self, deck: Deck, k: int) -> None:
        """Its output is the node that is high."""
        (first, second), high, chips = self.nodes[k // 2], k % 2, self.design.spec.chips
        nets = {"vdd": f"vdd_{k}", "vpb": f"vdd_{k}", "bl": f"vdd_{k}", "blb": f"vdd_{k}"}
        nets |= {"gnd": "0", "vnb": "0", "wl": "0", "q": f"low_{k}", "qb": f"out_{k}"}
        if high:
            nets |= {"q": nets["qb"], "qb": nets["q"]}
        deck.put(f"v_{k} vdd_{k} 0 {self.supply:.9g}", f".ic v(out_{k})={self.supply:.9g} v(low_{k})=0")
        for mos, sigma in zip(self.mos, self.sigmas, strict=True):
            both = sigma.correlation * first + np.sqrt(1 - sigma.correlation**2) * second
            shift = Shift(chips.mismatch * sigma.vth_V * first, float(chips.mismatch * sigma.weak_V * both))
            ends = [nets[n] for n in (mos.d, mos.g, mos.s, mos.b)]
            deck.transistor(f"{mos.name.lower()}_{k}", size_of(mos), ends, shift)

    def _cell(self, deck: Deck, k: int, state: State) -> None:
        cells = library(self.design.pdk)
        cell = cells.cell(state.function, state.drive)
        circuit, output = cell_circuit(cells, cell.name), cell.pins[OUTPUT]
        inputs = dict(zip(INPUTS[state.function], state.levels, strict=False))
        nets = {pin: "0" if rail == "gnd" else f"vdd_{k}" for pin, rail in cells.power.items()}
        nets |= {cell.pins[pin]: "high" if level else "0" for pin, level in inputs.items()} | {output: f"out_{k}"}
        if state.kind.falling:
            # No deck can set its first half by its output: the edge before this rest does, with the data of this rest.
            if state.levels[0] or state.levels[1] != state.levels[-1]:
                raise ToolError(f"leakage: {state.function} {state.levels}: its clock is low and its data are stored")
            nets[cell.pins[INPUTS[state.function][0]]] = "falls"
        deck.put(f"v_{k} vdd_{k} 0 {self.supply:.9g}")
        if state.kind.stores:
            # its output's driver inverts what it stores
            node = next(m.g for m in circuit.mos if output in (m.d, m.s))
            nets[node] = f"stored_{k}"
            deck.put(f".ic v(stored_{k})={0.0 if state.levels[-1] else self.supply:.9g}")
        for mos in circuit.mos:
            ends = [nets.get(n, f"n{k}_{n.lower().strip('#')}") for n in (mos.d, mos.g, mos.s, mos.b)]
            deck.transistor(f"{mos.name.lower()}_{k}", self.design.pdk.models.simulated(size_of(mos)), ends)
