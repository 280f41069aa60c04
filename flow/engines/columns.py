"""ngspice column by column: a reference for chips that are too big to simulate whole.

Gates draw no DC current (igcmod = 0), so with a row's vp and vn given, a column with its soma is a circuit of its own,
and so is every input soma. Layer after layer, each column is simulated with all its transistors and wires at the rails
that ngspice found for the layer before. What that leaves out is what columns share otherwise: the resistance of the
supply (every column sees the full one). Patterns follow one another in one deck, which sets a voltage that all sources
look up; its fixed commands are numbers and names that were checked (lines.SAFE).
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from somaforge.flow.engines.base import LayerAtRest
from somaforge.flow.engines.layered import LADDER, LayeredReference, Transistors, lookup, settled
from somaforge.flow.engines.lines import resistor_lines, transistor_lines
from somaforge.flow.spice.deck import Deck, control
from somaforge.flow.spice.ladder import climb
from somaforge.flow.spice.process import run_ngspice, saved
from somaforge.generator.circuit import Mos, Resistor
from somaforge.generator.names import (
    RAILS,
    neuron,
    output_net,
    place,
    row_rail,
    soma_path,
    sum_net,
    vn_net,
    vp_net,
    whole,
)
from somaforge.pdk.arrays import Floats

TRANSISTORS = 1500
"""In one deck, unless a single column has more: all columns of a deck iterate until the last one is done."""


@dataclass(frozen=True)
class _Part:
    """One deck: some columns of a layer, or some of the output synapses (layer = number of layers)."""

    layer: int
    columns: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class ColumnReference(LayeredReference):
    """Settled currents of a chip, column by column; ToolError if a column cannot be solved."""

    @cached_property
    def _columns(self) -> Mapping[tuple[int, int], Transistors]:
        """Transistors by layer and column: synapses above a soma, the soma, output synapses."""
        found: dict[tuple[int, int], Transistors] = {}
        for (layer, _, column), transistors in self._cells.items():
            found.setdefault((layer, column), []).extend(transistors)
        return found

    @cached_property
    def _resistors(self) -> Mapping[str, list[Resistor]]:
        """Wire resistance of columns by net; rows carry no current and supplies are ideal."""
        found: dict[str, list[Resistor]] = {}
        for r in self.chip.flat.resistors:
            net = whole(r.a)
            if net == whole(r.b) and net not in RAILS and not row_rail(net):
                found.setdefault(net, []).append(r)
        return found

    def _layer(
        self, layer: int, which: tuple[int, ...], inputs: Floats, before: LayerAtRest | None, near: LayerAtRest | None
    ) -> tuple[LayerAtRest, Floats]:
        table, used = self._table(layer, which, inputs, before, near)
        return LayerAtRest(*(table[:, :, i] for i in range(4))), used

    def _outputs(self, inputs: Floats, before: LayerAtRest) -> tuple[Floats, Floats]:
        layers = self.chip.design.layers
        table, used = self._table(len(layers), tuple(range(layers[-1])), inputs, before, None)
        return table[:, :, 0], used

    def _table(
        self, layer: int, which: tuple[int, ...], inputs: Floats, before: LayerAtRest | None, near: LayerAtRest | None
    ) -> tuple[Floats, Floats]:
        """[patterns, columns, current column p n], supply current [patterns]."""
        each = max(1, TRANSISTORS // max(1, len(self._columns[layer, 0])))
        parts = [_Part(layer, which[i : i + each]) for i in range(0, len(which), each)]

        def run(part: _Part) -> tuple[Floats, Floats]:
            return self._run(part, inputs, before, None if near is None else near.of(part.columns))

        with ThreadPoolExecutor(self.workers) as pool:
            found = list(pool.map(run, parts))
        table = np.concatenate([f[0] for f in found], axis=1)
        return table, np.sum([f[1] for f in found], axis=0)

    def _run(
        self, part: _Part, inputs: Floats, before: LayerAtRest | None, near: LayerAtRest | None
    ) -> tuple[Floats, Floats]:
        what = f"layer {part.layer}, columns {part.columns}"
        first = next(iter(LADDER.values()))

        def attempt(options: str) -> Floats:
            text, saves = self._deck(part, inputs, before, near if options == first else None, options)
            run = settled(run_ngspice(text, self.limit_s, control=True, what=what), options)
            return saved(run, saves, len(inputs))

        values, tried = climb(what, LADDER.items(), attempt)
        self._rungs.append(tried[-1])
        each = 4 if part.layer < len(self.chip.design.layers) else 1
        table = values[:, 1:].reshape(len(inputs), len(part.columns), each)
        # a source's current flows into it from the circuit
        return table, -values[:, 0]

    def _deck(
        self, part: _Part, inputs: Floats, before: LayerAtRest | None, near: LayerAtRest | None, options: str
    ) -> tuple[str, list[str]]:
        """Text and saved vectors: supply, then for each column current, column, p and n rail (outputs: current)."""
        chip, k = self.chip, part.layer
        outputs = k == len(chip.design.layers)
        mos: Transistors = []
        resistors: list[Resistor] = []
        sources: list[str] = []
        starts: list[str] = []
        saves = ["i(v_vdd)"]
        for c in part.columns:
            mos += self._columns[k, c]
            end = output_net(c) if outputs else sum_net(k, c)
            resistors += self._resistors.get(end, [])
            if outputs:
                sources.append(f"v_out_{c} {end} gnd {chip.output_V:.9g}")
                saves.append(f"i(v_out_{c})")
                continue
            pin = next(m.d for m, _ in self._columns[k, c] if m.name == f"{soma_path(k, c)}.m0_0")
            sources.append(f"v_amp_{c} {self._node(pin)} amp_{c} 0")
            saves += [f"i(v_amp_{c})", f"v(amp_{c})", f"v(vp_{k}_{c})", f"v(vn_{k}_{c})"]
            if near is not None:
                i = part.columns.index(c)
                nodes = {f"amp_{c}": near.column, vp_net(k, c): near.p, vn_net(k, c): near.n}
                starts += [f".nodeset v({n})={float(np.median(v[:, i])):.6g}" for n, v in nodes.items()]
        if before is None:
            sources += [f"b_in_{c} vdd in_{c} i={lookup(inputs[:, c], 'pattern')}" for c in part.columns]
        elif outputs:
            sources += [line for c in part.columns for line in _row(k - 1, c, before)]
        else:
            sources += [line for r in range(before.p.shape[1]) for line in _row(k - 1, r, before)]
        deck = Deck(f"layer {k}", chip.design.pdk.models, chip.at, f"klu {options}", body=chip.exact)
        own = _as_it_is if outputs else _behind_ammeter
        deck.put(*transistor_lines(deck.cards, chip, mos, self._node, own), *resistor_lines(resistors, self._node))
        deck.put(f"v_vdd vdd gnd {chip.at.supply_V:.9g}", "v_pattern pattern gnd 0", *sources, *starts)
        steps = [(f"alter v_pattern = {p}", "op", f"write out.raw {' '.join(saves)}") for p in range(len(inputs))]
        commands = ("set appendwrite", f"save {' '.join(saves)}", *(line for step in steps for line in step), "quit 0")
        return deck.text(*control(*commands)), saves


def _as_it_is(_: Mos, node: str) -> str:
    return node


def _behind_ammeter(m: Mos, node: str) -> str:
    """A soma's transistors take the column's current through its ammeter."""
    at = place(m.name)
    soma = at is not None and at.cell == "soma"
    return f"amp_{at.column}" if at is not None and soma and neuron(whole(node)) is not None else node


def _row(layer: int, row: int, rails: LayerAtRest) -> list[str]:
    """Sources of one row's rails."""
    return [
        f"b_{kind}_{row} {kind}_{layer}_{row} gnd v={lookup(values[:, row], 'pattern')}"
        for kind, values in (("vp", rails.p), ("vn", rails.n))
    ]
