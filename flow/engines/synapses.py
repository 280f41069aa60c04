"""ngspice synapse by synapse: the reference for all patterns of a chip of any size.

Gates draw no DC current (igcmod = 0), so with its row's vp and vn and its column's voltage given, every synapse is a
circuit of its own, and so is every soma. ngspice solves all synapses of a layer at a voltage of each column, then the
somas fed by their sum and by its slope over the voltage, which gives the next voltage; until the voltages stay. The
slope is a formula: it decides how fast they settle, not where. Transistors, models and tolerances are those of
column by column.

Why this is faster than column by column: nodes behind switches that are off carry femtoamperes. When a row or a column
jumps, Newton's method throws them far off and they come back by some 30 mV per iteration; in a column of 196 rows there
is always one, and all transistors wait for it (120 to 160 iterations per pattern). Synapses on their own can each go
through the patterns in an order in which rails and column hardly jump (12 iterations).

All currents come from the currents and rails that ngspice found before, never from the guess: that is only the first
voltage of a column. A column in several segments (wire resistance) is refused; flow.engines.columns takes it.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from somaforge.flow.engines.base import LayerAtRest, ProgrammedChip
from somaforge.flow.engines.layered import LADDER, SOMA_ROW, LayeredReference, Transistors, lookup, settled
from somaforge.flow.engines.lines import transistor_lines
from somaforge.flow.spice.deck import Deck, control
from somaforge.flow.spice.ladder import climb
from somaforge.flow.spice.process import run_ngspice, saved
from somaforge.generator.names import RAILS, SUPPLY, column_net, rail, row_rail, whole
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError, ToolError

CELLS = 20
"""In one deck: reading it costs as much as solving it for 100 patterns, and all its cells wait for the slowest."""
KNEE_V = 0.033
"""How fast a mirror saturates over its drain voltage: kT/q in weak inversion, somewhat more at 100 nA."""
EARLY_V = 10.0
"""Of a saturated mirror, about."""
SETTLED_V = 1e-5
"""A column's voltage stays if it moves by less. Current at the end of that step comes with the estimated slope; if that
is a tenth of a soma's own conductance wrong, it is 0.1 * 1e-5 / 0.04 = 2.5e-5 off; usually a tenth of that."""
DARK_V = 3e-4
SETTLED_A = 1e-13
"""Or by less than DARK_V if its current changes by less than this: it is 1e-5 of 1 % of a uA, and smaller ones are not
compared (flow.engines.error)."""
SOMAS_LADDER = {"strict": "reltol=1e-5 abstol=1e-15 vntol=1e-7 gmin=1e-15 bypass=1 itl1=200", **LADDER}
"""Nothing floats in a soma, and its voltage must be known better than SETTLED_V."""
PASSES = 30
START_V = 0.3
LOWEST_START_V = 0.01
"""At 0 V nothing flows into negative synapses, and their slope would be taken for 0."""
STEP_V = 0.2
"""A column moves by no more at once: the line of a synapse that saturates is wrong further away."""


@dataclass(frozen=True)
class _Cell:
    """A synapse, an output synapse (row = column) or a soma, and the nodes it shares with others."""

    name: str
    transistors: Transistors


@dataclass(frozen=True, eq=False)
class SynapseReference(LayeredReference):
    """Settled currents of a chip, synapse by synapse; ToolError if one cannot be solved."""

    def __post_init__(self) -> None:
        """InputError for simulated latches and for wire resistance in columns."""
        super().__post_init__()
        if not takes(self.chip):
            raise InputError("synapses: a column has wire resistance; take ColumnReference for this netlist")

    def _layer(
        self, layer: int, which: tuple[int, ...], inputs: Floats, before: LayerAtRest | None, near: LayerAtRest | None
    ) -> tuple[LayerAtRest, Floats]:
        if before is None:
            now, used = self._somas(0, which, inputs[:, which])
        else:
            at = np.full((len(inputs), len(which)), START_V) if near is None else near.column[:, which]
            now, used = self._settled(layer, which, before, at)
        return now, used.sum(axis=1)

    def _outputs(self, inputs: Floats, before: LayerAtRest) -> tuple[Floats, Floats]:
        last, size = len(self.chip.design.layers), self.chip.design.layers[-1]
        at = np.full((len(inputs), size), self.chip.output_V)
        outputs, used = self._synapses(last, [(c, c) for c in range(size)], before, at)
        return outputs, used.sum(axis=1)

    def _settled(
        self, layer: int, which: Sequence[int], before: LayerAtRest, near: Floats
    ) -> tuple[LayerAtRest, Floats]:
        """Columns with their somas, and their supply currents [patterns, columns]."""
        column = np.clip(near, LOWEST_START_V, self.chip.at.supply_V)
        rows = before.p.shape[1]
        state = [np.zeros_like(column) for _ in range(5)]
        open_ = np.arange(len(which))
        earlier: tuple[Floats, Floats, Floats] | None = None  # voltages, currents and slopes of the pass before
        for _ in range(PASSES):
            left = [which[int(i)] for i in open_]
            pairs = [(r, c) for c in left for r in range(rows)]
            at = column[:, open_]
            each, drawn = (
                x.reshape(len(at), len(open_), rows)
                for x in self._synapses(layer, pairs, before, np.repeat(at, rows, axis=1))
            )
            current, slope = each.sum(axis=2), self._slope(each, at[:, :, None]).sum(axis=2)
            if earlier is not None:
                rise, run = current - earlier[1], at - earlier[0]
                near_by = np.abs(run) <= SETTLED_V / 10
                known = ~near_by & (rise * run < 0)
                slope = np.where(near_by, earlier[2], np.where(known, rise / np.where(known, run, 1.0), slope))
            found, used = self._somas(layer, left, current, slope, at)
            for whole_layer, part in zip(
                state, (found.current, found.column, found.p, found.n, used + drawn.sum(axis=2)), strict=True
            ):
                whole_layer[:, open_] = part
            moved = np.clip(found.column, 0.0, self.chip.at.supply_V) - at
            column[:, open_] = at + np.clip(moved, -STEP_V, STEP_V)
            small = np.abs(moved * found.current) / KNEE_V <= SETTLED_A
            still = (np.abs(moved) > np.where(small, DARK_V, SETTLED_V)).any(axis=0)
            earlier, open_ = (at[:, still], current[:, still], slope[:, still]), open_[still]
            if len(open_) == 0:
                return LayerAtRest(*state[:4]), state[4]
        raise ToolError(f"ngspice: layer {layer}, columns {left[:9]}: voltages do not settle in {PASSES} passes")

    def _synapses(
        self, layer: int, pairs: Sequence[tuple[int, int]], before: LayerAtRest, at: Floats
    ) -> tuple[Floats, Floats]:
        """Current into the column and supply current: [patterns, synapses]."""

        def run(first: int) -> Floats:
            part = pairs[first : first + CELLS]
            rows = [r for r, _ in part]
            p, n, v = before.p[:, rows], before.n[:, rows], at[:, first : first + CELLS]
            order = tour(p, v)
            sources, saves = [], []
            for i in range(len(part)):
                o = order[:, i]
                sources += [
                    f"v_vdd_{i} vdd_{i} gnd {self.chip.at.supply_V:.9g}",
                    f"b_vp_{i} vp_{i} gnd v={_at(p[o, i])}",
                    f"b_vn_{i} vn_{i} gnd v={_at(n[o, i])}",
                    f"b_column_{i} column_{i} gnd v={_at(v[o, i])}",
                ]
                saves += [f"i(b_column_{i})", f"i(v_vdd_{i})"]
            cells = [_Cell(f"layer {layer}, synapse {pair}", self._cells[layer, *pair]) for pair in part]
            table = self._run(cells, sources, saves, len(p)).reshape(len(p), len(part), 2)
            return np.take_along_axis(table, np.argsort(order, axis=0)[:, :, None], axis=0)

        with ThreadPoolExecutor(self.workers) as pool:
            table = np.concatenate(list(pool.map(run, range(0, len(pairs), CELLS))), axis=1)
        return table[:, :, 0], -table[:, :, 1]

    def _slope(self, current: Floats, at: Floats) -> Floats:
        """About dI/dV of synapses into columns at these voltages: I (1 - exp(-V/U_T)) behind a saturated mirror."""
        over = np.where(current < 0, at, self.chip.at.supply_V - at) / KNEE_V
        share = 1 / np.expm1(np.clip(over, 0.01, 60.0)) / KNEE_V + 1 / EARLY_V
        return -np.abs(current) * share

    def _somas(
        self,
        layer: int,
        which: Sequence[int],
        current: Floats,
        slope: Floats | None = None,
        at: Floats | None = None,
    ) -> tuple[LayerAtRest, Floats]:
        """Somas that are fed current + slope * (voltage - at), and their supply currents [patterns, somas].

        The input's currents come out of the supply, so they are part of it.
        """

        def run(first: int) -> Floats:
            part = which[first : first + CELLS]
            sources, saves, orders = [], [], []
            for i, _ in enumerate(part):
                here = current[:, first + i]
                o = np.argsort(here, kind="stable")
                feed = _at(here[o])
                if slope is not None and at is not None:
                    # no synapse pulls a column below ground: what catches it there is gone when the column has settled
                    feed += f"+({_at(slope[o, first + i])})*(v(feed_{i})-({_at(at[o, first + i])}))"
                    feed += f"+1m*max(0,-v(feed_{i}))"
                sources += [
                    f"v_vdd_{i} vdd_{i} gnd {self.chip.at.supply_V:.9g}",
                    f"b_feed_{i} {f'vdd_{i}' if slope is None else 'gnd'} feed_{i} i={feed}",
                    f"v_amp_{i} feed_{i} column_{i} 0",
                ]
                saves += [f"i(v_amp_{i})", f"v(column_{i})", f"v(vp_{i})", f"v(vn_{i})", f"i(v_vdd_{i})"]
                orders.append(np.argsort(o))
            cells = [_Cell(f"layer {layer}, soma {c}", self._cells[layer, SOMA_ROW, c]) for c in part]
            table = self._run(cells, sources, saves, len(current), SOMAS_LADDER).reshape(len(current), len(part), 5)
            return np.stack([table[o, i] for i, o in enumerate(orders)], axis=1)

        with ThreadPoolExecutor(self.workers) as pool:
            table = np.concatenate(list(pool.map(run, range(0, len(which), CELLS))), axis=1)
        return LayerAtRest(*(table[:, :, i] for i in range(4))), -table[:, :, 4]

    def _run(
        self,
        cells: Sequence[_Cell],
        sources: Sequence[str],
        saves: Sequence[str],
        patterns: int,
        ladder: Mapping[str, str] = LADDER,
    ) -> Floats:
        """What was saved [patterns, saves]."""
        every = [t for cell in cells for t in cell.transistors]
        of = {m.name: i for i, cell in enumerate(cells) for m, _ in cell.transistors}
        what = f"{cells[0].name} and {len(cells) - 1} more"

        def attempt(options: str) -> Floats:
            chip = self.chip
            both = f"{options} itl2=200"
            deck = Deck(what, chip.design.pdk.models, chip.at, f"klu {both}", body=chip.exact)
            deck.put(*transistor_lines(deck.cards, chip, every, self._node, lambda m, node: _own(node, of[m.name])))
            # the place in each cell's own order of patterns is a voltage
            deck.put("v_place place gnd 0", *sources)
            names = " ".join(saves)
            text = deck.text(
                *control(f"save {names}", f"dc v_place 0 {patterns - 1} 1", f"write out.raw {names}", "quit 0")
            )
            return saved(settled(run_ngspice(text, self.limit_s, control=True, what=what), both), saves, patterns)

        values, tried = climb(what, ladder.items(), attempt)
        self._rungs.append(tried[-1])
        return values


def takes(chip: ProgrammedChip) -> bool:
    """Whether the netlist has no wire resistance in columns."""
    nets = ((whole(r.a), whole(r.b)) for r in chip.flat.resistors)
    return all(a != b or a in RAILS or row_rail(a) for a, b in nets)


def tour(p: Floats, column: Floats) -> npt.NDArray[np.int64]:
    """An order of the patterns for each synapse [patterns, synapses]: always the nearest that is left.

    Distance: the row's rail in V, and a third of the column's voltage, which moves fewer nodes.
    """
    rail, third = p - p.min(axis=0), column / 3
    count, every = len(p), np.arange(p.shape[1])
    order = np.empty(p.shape, dtype=np.int64)
    left = np.zeros(p.shape)  # infinite where a pattern was visited
    here = np.argmin(rail, axis=0)
    for step in range(count):
        order[step] = here
        left[here, every] = np.inf
        if step < count - 1:
            far = np.hypot(rail - rail[here, every], third - third[here, every]) + left
            here = np.argmin(far, axis=0)
    return order


def _own(net: str, i: int) -> str:
    """The supply, rails and column of cell i are its own."""
    if net == SUPPLY:
        return f"{SUPPLY}_{i}"
    if (row := rail(net)) is not None:
        return f"{row[0]}_{i}"
    return f"column_{i}" if column_net(net) else net


def _at(values: Floats) -> str:
    """A function of the place in a cell's order of patterns."""
    return lookup(values, "place")
