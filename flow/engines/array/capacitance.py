"""What the transistors of somas and synapses load their terminals with: small-signal capacitance from ngspice.

The wires inside a synapse are part of it. A cell stands at the voltages that a current sets at rest; one terminal after
the other is moved at a frequency that the inner nodes follow. The imaginary current of that terminal is the capacitance
that a slow change of it sees with the others held; that of the others, the supply included, is what it couples into
them. A synapse is measured at every current of its row with every voltage of its column: where the column lies below
the rail of the n mirrors, the branch that is off has a channel, and a positive synapse loads its column with more than
twice of what it does above. Mismatch hardly changes any of it: the cells are nominal.
"""

import math
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

import numpy as np

from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.engines.cache import kept
from somaforge.flow.engines.lines import transistor_lines
from somaforge.flow.spice.deck import Cards, Deck
from somaforge.flow.spice.process import run_ngspice
from somaforge.generator.circuit import Mos
from somaforge.generator.design import latch_nets
from somaforge.generator.names import GROUND, SOMA, SUPPLY, SYNAPSE, in_latch, soma_path, synapse_path
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError, ToolError
from somaforge.pdk.models import Shift

LOWEST_A, HIGHEST_A = 1e-11, 1e-5
"""Currents into the soma between which cells are measured, if the supply carries them: at least one in a decade."""
COLUMNS_V = (0.0, 0.04, 0.1, 0.18, 0.26, 0.34, 0.42, 0.6)
"""Column voltages at which synapses are measured; above 0.4 V little changes."""
OPTIONS = "reltol=1e-4 abstol=1e-14 vntol=1e-7 gmin=1e-15 itl1=500 klu"
"""Of ngspice, for decks whose currents `farads` reads."""
FREQUENCY_HZ = 1e4
"""Inner nodes with 10 pA and more follow; at 1 kHz, nodes that only leakage moves do, and take 10 times as much."""
TRANSISTORS = 600
"""In one deck: all its cells iterate until the slowest has an operating point, and decks run side by side."""
SOMA_PINS = ("in", "vp", "vn")
SYNAPSE_PINS = ("vp", "vn", "out")
NAME = "cell0name"
"""Stands for the name of a cell in its lines."""


@dataclass(frozen=True, eq=False)
class Loads:
    """Capacitances in F: current into a pin over the slope of a moved pin. The last pin is the supply."""

    levels: Floats
    """In A; equal steps of the logarithm."""
    soma: Floats
    """[pin, moved pin, levels] with the pins in, vp, vn, vdd."""
    synapse: Floats
    """[codes from -full scale up; pin, moved pin, levels, COLUMNS_V] with the pins vp, vn, out, vdd."""


def levels_to(carried: float) -> Floats:
    """Currents in A at which cells are measured when the supply carries no more than that."""
    highest = min(HIGHEST_A, carried)
    return np.geomspace(LOWEST_A, highest, max(4, 1 + math.ceil(math.log10(highest / LOWEST_A) - 1e-9)))


def loads(
    chip: ProgrammedChip,
    levels: Floats,
    rest: Floats,
    inner: Sequence[tuple[str, str, float]],
    cache: Path | None = None,
) -> Loads:
    """Measures or reads from the cache; ToolError on failure, or if one deck takes longer than the spec's time_limits.

    `rest` [levels, 3] are a soma's voltages in, vp, vn; `inner` the wires of a synapse (flow.engines.array.wires).
    """
    design, limit_s = chip.design, chip.design.spec.time_limits.ngspice_s
    full = design.weights.full_scale
    codes = range(-full, full + 1)
    # 1 kohm takes 0.1 mV of a terminal's voltage at 100 nA: capacitances do not feel it, ngspice's start does
    cards = Cards(design.pdk.models, chip.at, exact=False)
    soma = _cell(cards, chip, _mos_of(chip, SOMA, f"{soma_path(0, 0)}."), SOMA_PINS, {}, ())
    core, synapses = _mos_of(chip, SYNAPSE, f"{synapse_path(0, 0, 0)}."), []
    for code in codes:
        bits = design.weights.encode(np.array(code))
        tied = {n: SUPPLY if b else GROUND for n, b in zip(latch_nets(design.weights.bits), bits, strict=True)}
        synapses.append(_cell(cards, chip, core, SYNAPSE_PINS, tied, inner))
    parts = [_Part()]
    for level, (v_in, vp, vn) in enumerate(rest):
        _open(parts).add(soma, f"s{level}", (v_in, vp, vn), chip.at.supply_V)
        for (c, column), (i, cell) in product(enumerate(COLUMNS_V), enumerate(synapses)):
            _open(parts).add(cell, f"y{level}_{c}_{i}", (vp, vn, column), chip.at.supply_V)
    decks = [_deck(chip, cards, part) for part in parts]

    def run(i: int) -> Floats:
        return farads(decks[i], len(parts[i].sources), limit_s)

    def measure() -> dict[str, Floats]:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return {"capacitance": np.concatenate(list(pool.map(run, range(len(parts)))))}

    table = kept("5\n" + "\n".join(decks), cache, ("capacitance",), measure)
    found = table["capacitance"].reshape(len(rest), -1, 3, 4)
    cells = found[:, 1:].reshape(len(rest), len(COLUMNS_V), len(codes), 3, 4)
    # [.., moved pin, pin] -> [pin, moved pin, ..]
    return Loads(levels, found[:, 0].transpose(2, 1, 0).copy(), cells.transpose(2, 4, 3, 0, 1).copy())


def _deck(chip: ProgrammedChip, cards: Cards, part: "_Part") -> str:
    deck = Deck("loads of cells", chip.design.pdk.models, chip.at, OPTIONS, exact=False)
    deck.cards = cards
    deck.put(*part.lines)
    saves = " ".join(f"i({p})" for p in part.sources)
    return deck.text(f".save {saves}", f".ac lin 1 {FREQUENCY_HZ:g} {FREQUENCY_HZ:g}")


def _open(parts: list["_Part"]) -> "_Part":
    """The part that the next cell goes into."""
    if parts[-1].transistors > TRANSISTORS:
        parts.append(_Part())
    return parts[-1]


def _mos_of(chip: ProgrammedChip, role: str, path: str) -> list[Mos]:
    """Transistors of one cell as the netlist has them (a layout's junctions), with the circuit's own nets."""
    drawn = {m.name: m for m in chip.flat.mos if m.name.startswith(path)}
    local = [m for m in chip.design.library.flatten(chip.design.cell(role)).mos if not in_latch(m.name)]
    missing = [m.name for m in local if path + m.name not in drawn]
    if missing:
        raise InputError(f"netlist: no transistor {path}{missing[0]}; the array engine needs the design's own netlist")
    return [replace(drawn[path + m.name], name=m.name, d=m.d, g=m.g, s=m.s, b=m.b) for m in local]


@dataclass(frozen=True, eq=False)
class _Cell:
    """Lines of a cell, written once: it stands in decks hundreds of times, under other names and voltages."""

    pins: tuple[str, ...]
    lines: str
    """Wires and transistors, with NAME in the names of instances and of nodes."""
    transistors: int

    def named(self, name: str) -> str:
        """Its lines under a name of its own."""
        return self.lines.replace(NAME, name)


def _cell(
    cards: Cards,
    chip: ProgrammedChip,
    mos: Sequence[Mos],
    pins: tuple[str, ...],
    tied: Mapping[str, str],
    inner: Sequence[tuple[str, str, float]],
) -> _Cell:
    """Of transistors with the wires `inner`, latch nets `tied` to the supply or ground."""

    def node(net: str) -> str:
        at = tied.get(net, net)
        return at if at == GROUND else f"{at}_{NAME}"

    placed = [replace(m, name=f"{NAME}_{m.name}", d=node(m.d), g=node(m.g), s=node(m.s), b=node(m.b)) for m in mos]
    wires = [f"c_{NAME}_{i} {node(a)} {node(b)} {farad:.6e}" for i, (a, b, farad) in enumerate(inner)]
    lines = transistor_lines(cards, chip, ((m, Shift(0.0)) for m in placed), lambda net: net)
    return _Cell(pins, "\n".join([*wires, *lines]), len(placed))


@dataclass(eq=False)
class _Part:
    """Cells in a deck, each once for every pin that is moved, with sources of its own."""

    lines: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    """[cell, moved pin, pin]; the last pin of a cell is its supply."""
    transistors: int = 0

    def add(self, cell: _Cell, called: str, values: Sequence[float], supply_V: float) -> None:
        """Pins held at `values`."""
        for moved in cell.pins:
            name = f"{called}{moved}"
            self.lines.append(f"v_{name}_{SUPPLY} {SUPPLY}_{name} {GROUND} {supply_V:.9g}")
            self.lines += [
                f"v_{name}_{pin} {pin}_{name} {GROUND} dc {value:.9g} ac {int(pin == moved)}"
                for pin, value in zip(cell.pins, values, strict=True)
            ]
            self.lines.append(cell.named(name))
            self.sources += [f"v_{name}_{pin}" for pin in (*cell.pins, SUPPLY)]
            self.transistors += cell.transistors


def farads(deck: str, count: int, timeout_s: float) -> Floats:
    """Of `count` saved source currents of a deck with sources of 1 V at FREQUENCY_HZ; ToolError on failure."""
    run = run_ngspice(deck, timeout_s, what="capacitances of cells")
    head, mark, body = run.raw.partition(b"Binary:\n")
    try:
        values = np.frombuffer(body, dtype=np.complex128)
    except ValueError as error:
        raise ToolError(f"ngspice: no capacitances (exit code {run.code}, {error})") from None
    if not mark or b"complex" not in head or len(values) != count + 1:
        raise ToolError(f"ngspice: {len(values)} numbers for {count} capacitances (exit code {run.code})")
    # a source's current flows into it from the circuit: minus what the terminal takes
    found: Floats = -values[1:].imag / (2 * np.pi * FREQUENCY_HZ)
    return found
