"""From the spec to one Design: the circuits and the sizes that netlist and layout share."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise, product

from somaforge.generator import names
from somaforge.generator.address import MemoryMap, WeightFormat
from somaforge.generator.circuit import Call, Circuit, FlatNetlist, Library, Mos
from somaforge.generator.measures import Measures
from somaforge.generator.names import (
    GROUND,
    LATCH,
    N_SOURCE,
    OUT,
    OUTPUT_SYNAPSE,
    P_SOURCE,
    RAILS,
    SIGN,
    SOMA,
    SUPPLY,
    SYNAPSE,
    VN,
    VP,
    WORD,
    bit_line,
    bit_line_bar,
    cell_name,
    matrix_role,
    output_net,
    row_role,
)
from somaforge.generator.network import core_name, layout_of_memory, network
from somaforge.generator.spec import Spec
from somaforge.pdk import Pdk, load

Maker = Callable[..., Mos]


@dataclass(frozen=True)
class Size:
    """Channel width and length in nm."""

    w: int
    l: int  # noqa: E741


@dataclass(frozen=True)
class Sizes:
    """Every transistor size of the design."""

    unit: Size
    switch: Size
    sign: Size
    pull_up: Size
    pull_down: Size
    access: Size


@dataclass(frozen=True)
class Design:
    """One value, two views: netlist and layout are made from it and hold no sizes of their own."""

    spec: Spec
    pdk: Pdk
    sizes: Sizes
    library: Library
    """The array; with a port this is the core of the macro (generator.periphery.macro)."""
    drives: bool = False
    """Whether it is the drivers (generator.drivers): the columns of its one matrix are its outputs."""
    somas: bool = True
    """Whether its somas are in it; False: a bank of drivers, whose rows get their rails from somas elsewhere."""

    @property
    def weights(self) -> WeightFormat:
        """How weights are stored."""
        return WeightFormat(self.spec.array.bits)

    @cached_property
    def measures(self) -> Measures:
        """Lengths that the process's rules give to cells and wires."""
        return Measures(self.pdk.rules, self.pdk.grid_nm)

    @property
    def highest(self) -> str:
        """Role of the highest conductor that may be drawn: the frame's, or the process's; of a hard macro the one
        below."""
        if self.spec.hard_macro:
            return self.pdk.rules.strap.role
        if self.spec.frame is None:
            return self.pdk.rules.top.role
        return self.pdk.frames.load(self.spec.frame).highest

    @property
    def guarded(self) -> bool:
        """Whether its port has antenna diodes: wires to it are as long as a chip whose drivers are folded."""
        return not self.somas or (self.spec.drivers is not None and self.spec.drivers.bank is not None)

    def cell(self, role: str) -> str:
        """Name of the cell, and of the circuit, with that role (generator.names)."""
        return cell_name(self.spec.name, role)

    @property
    def layers(self) -> tuple[int, ...]:
        """Somas per layer, input somas first."""
        return self.spec.array.layers

    @cached_property
    def memory(self) -> MemoryMap:
        """Where the latches lie, and which lines reach them."""
        return layout_of_memory(self.spec, self.drives)

    @property
    def synapse_count(self) -> int:
        """Synapses with a weight (the fixed output synapses are not counted, as in the paper)."""
        return sum(a * b for a, b in pairwise(self.layers))

    @cached_property
    def flat(self) -> FlatNetlist:
        """The flat schematic in canonical transistor order."""
        return self.library.flatten()

    @cached_property
    def flat_without_memory(self) -> FlatNetlist:
        """The same without the latches: what carries currents when patterns run."""
        return self.library.flatten(without=frozenset({self.cell(LATCH)}))

    @property
    def hash(self) -> str:
        """SHA-256 of everything that makes the silicon: bitfiles carry it."""
        array = self.spec.array.model_dump(mode="json")
        text = json.dumps({"name": self.spec.name, "pdk": self.pdk.name, "array": array}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def latch_nets(bits: int) -> list[str]:
    """The weight nets of a synapse in bit order; the sign is last."""
    return [*(names.weight_net(k) for k in range(bits)), names.SIGN]


def mirror_parts(spec: Spec, bit: int) -> list[int]:
    """Channel width in nm of each device of mirror `bit`: 2**bit units, or one device of scaled width."""
    width = round(spec.array.mirror.w_um * 1000)
    if spec.array.mirror.style == "unit":
        return [width] * 2**bit
    return [width * 2**bit]


SOMA_LEFT_DUMMIES = {"n": 1, "p": 2}
"""Dummies at the left end of the soma's strips; one more on the p side puts the drains of the two strips side by side,
so that the wires that join them do not meet."""


def n_dummies(spec: Spec) -> int:
    """Dummy devices in the soma's n strip: one at each end."""
    return SOMA_LEFT_DUMMIES["n"] + 1


def p_dummies(spec: Spec) -> int:
    """Dummy devices in the soma's p strip: as many as make it as long as the n strip, which has M0 more."""
    return spec.array.mirror.input_units + n_dummies(spec)


def soma_units(spec: Spec) -> tuple[int, int]:
    """Transistors in parallel in M0 and in each of M1 to M4."""
    mirror = spec.array.mirror
    return (1, 1) if mirror.style == "scaled" else (mirror.input_units, mirror.multiplier)


def _sizes(spec: Spec, pdk: Pdk) -> Sizes:
    mirror, switch = spec.array.mirror, spec.array.switch
    n, p = pdk.device("n", "standard"), pdk.device("p", "standard")
    m = Measures(pdk.rules, pdk.grid_nm)
    narrow = max(n.min_w_nm, m.contacted_width)
    unit = Size(round(mirror.w_um * 1000), round(mirror.l_um * 1000))
    return Sizes(
        unit=unit,
        switch=Size(round(switch.w_um * 1000), round(switch.l_um * 1000)),
        sign=Size(unit.w, max(round(switch.l_um * 1000), m.shortest_sign)),
        # The latch: smallest pull-up and access, pull-down twice the access for read stability (beta ratio 2).
        pull_up=Size(max(p.min_w_nm, m.contacted_width), p.min_l_nm),
        pull_down=Size(max(2 * narrow, m.pull_down_width(narrow)), n.min_l_nm),
        access=Size(narrow, n.min_l_nm),
    )


class _Builder:
    """Makes the circuits of one spec."""

    def __init__(self, spec: Spec, pdk: Pdk, sizes: Sizes, drives: bool, somas: bool) -> None:
        self.spec, self.sizes, self.bits, self.drives, self.somas = spec, sizes, spec.array.bits, drives, somas
        self.nfet = pdk.device("n", spec.array.mirror.nfet).name
        self.pfet = pdk.device("p", spec.array.mirror.pfet).name
        self.logic_nfet = pdk.device("n", "standard").name
        self.logic_pfet = pdk.device("p", "standard").name

    def n(self, name: str, d: str, g: str, s: str, size: Size) -> Mos:
        return Mos(name, self.nfet, d, g, s, GROUND, size.w, size.l)

    def p(self, name: str, d: str, g: str, s: str, size: Size) -> Mos:
        return Mos(name, self.pfet, d, g, s, SUPPLY, size.w, size.l)

    def cell(self, role: str) -> str:
        return cell_name(self.spec.name, role)

    def latch(self) -> Circuit:
        """Six transistors: two inverters and two access devices. Well and substrate are ports of their own (as in the
        foundry's cells): the latch has no taps, the synapse around it has."""
        z = self.sizes
        n, p = self.logic_nfet, self.logic_pfet
        mos = (
            Mos(names.access(False), n, "bl", "wl", "q", "vnb", z.access.w, z.access.l),
            Mos(names.access(True), n, "blb", "wl", "qb", "vnb", z.access.w, z.access.l),
            Mos(names.DOWN, n, "q", "qb", "gnd", "vnb", z.pull_down.w, z.pull_down.l),
            Mos("m_down_bar", n, "qb", "q", "gnd", "vnb", z.pull_down.w, z.pull_down.l),
            Mos("m_up", p, "q", "qb", "vdd", "vpb", z.pull_up.w, z.pull_up.l),
            Mos("m_up_bar", p, "qb", "q", "vdd", "vpb", z.pull_up.w, z.pull_up.l),
        )
        return Circuit(self.cell(LATCH), (WORD, "bl", "blb", "q", "qb", *RAILS, "vpb", "vnb"), mos)

    def soma(self) -> Circuit:
        """M0 rectifies, M1 copies it into M2 (gate vp), M3 copies M2 into M4 (gate vn); a dummy ends each strip."""
        mos: list[Mos] = []
        unit = self.sizes.unit
        for u in range(n_dummies(self.spec)):
            mos.append(self.n(f"m_dummy_n_{u}", "gnd", "gnd", "gnd", unit))
        for u in range(p_dummies(self.spec)):
            mos.append(self.p(f"m_dummy_p_{u}", "vdd", "vdd", "vdd", unit))
        counts = soma_units(self.spec)
        mirror = self.spec.array.mirror
        scaled = mirror.style == "scaled"
        size, size_in = (Size(unit.w * m, unit.l) if scaled else unit for m in (mirror.multiplier, mirror.input_units))
        mos += [self.n(f"m0_{u}", "in", "in", "gnd", size_in) for u in range(counts[0])]
        for u in range(counts[1]):
            mos += [
                self.n(f"m1_{u}", "vp", "in", "gnd", size),
                self.p(f"m2_{u}", "vp", "vp", "vdd", size),
                self.p(f"m3_{u}", "vn", "vp", "vdd", size),
                self.n(f"m4_{u}", "vn", "vn", "gnd", size),
            ]
        return Circuit(self.cell(SOMA), (names.IN, VP, VN, *RAILS), tuple(mos))

    def synapse_core(self) -> list[Mos]:
        """Mirrors and switches; the same devices serve the synapse and the output synapse."""
        z, bits = self.sizes, self.bits
        mos = [
            self.p(names.sign_switch("p"), P_SOURCE, SIGN, SUPPLY, z.sign),
            self.n(names.sign_switch("n"), N_SOURCE, SIGN, GROUND, z.sign),
        ]
        for k in range(bits):
            node, weight = names.node_net(k), names.weight_net(k)
            for u, width in enumerate(mirror_parts(self.spec, k)):
                size = Size(width, z.unit.l)
                mos.append(self.p(names.mirror("p", k, u), node, VP, P_SOURCE, size))
                mos.append(self.n(names.mirror("n", k, u), node, VN, N_SOURCE, size))
            mos.append(Mos(names.switch(k), self.logic_nfet, OUT, weight, node, GROUND, z.switch.w, z.switch.l))
        # A dummy that is always off ends each strip, so that the last unit has a gate on both sides.
        mos.append(self.p("m_dummy_p", names.node_net(0), SUPPLY, SUPPLY, z.unit))
        mos.append(self.n("m_dummy_n", names.node_net(0), GROUND, GROUND, z.unit))
        return mos

    def synapse(self) -> Circuit:
        bits, latch = self.bits, self.cell(LATCH)
        pairs = [(bit_line(k), bit_line_bar(k)) for k in range(bits + 1)]
        calls = tuple(
            Call(names.latch_path(k), latch, (WORD, *pairs[k], q, names.complement(q), *RAILS, *RAILS))
            for k, q in enumerate(latch_nets(bits))
        )
        ports = (VP, VN, OUT, WORD, *chain(*pairs), *RAILS)
        return Circuit(self.cell(SYNAPSE), ports, tuple(self.synapse_core()), calls)

    def output_synapse(self) -> Circuit:
        """A synapse with the weight +1 wired in: its latches are replaced by the rails."""
        tie = dict.fromkeys(latch_nets(self.bits), GROUND) | {names.weight_net(0): SUPPLY}
        mos = tuple(
            Mos(m.name, m.device, m.d, tie.get(m.g, m.g), m.s, m.b, m.w_nm, m.l_nm) for m in self.synapse_core()
        )
        return Circuit(self.cell(OUTPUT_SYNAPSE), (VP, VN, OUT, *RAILS), mos)

    def row(self, matrix: int, columns: int) -> Circuit:
        """One row of synapses: they share vp, vn and the word line."""
        lines = self._lines(range(columns))
        calls = []
        for c in range(columns):
            nets = (VP, VN, output_net(c), WORD, *self._lines((c,)), *RAILS)
            calls.append(Call(names.column_path(c), self.cell(SYNAPSE), nets))
        outs = [output_net(c) for c in range(columns)]
        return Circuit(self.cell(row_role(matrix)), (VP, VN, WORD, *outs, *lines, *RAILS), (), tuple(calls))

    def matrix(self, matrix: int, rows: int, columns: int) -> Circuit:
        """All rows of one layer; the outputs of a column are one wire."""
        lines = self._lines(range(columns))
        outs = [output_net(c) for c in range(columns)]
        row = self.cell(row_role(matrix))
        rails = [tuple(names.row_net(net, r) for net in names.ROW_NETS) for r in range(rows)]
        calls = tuple(Call(names.row_path(r), row, (*rails[r], *outs, *lines, *RAILS)) for r in range(rows))
        return Circuit(self.cell(matrix_role(matrix)), (*chain(*rails), *outs, *lines, *RAILS), (), calls)

    def _lines(self, columns: Iterable[int]) -> list[str]:
        places = product(columns, range(self.bits + 1))
        return [line(c, k) for c, k in places for line in (bit_line, bit_line_bar)]

    def library(self) -> Library:
        layers = self.spec.array.layers
        circuits = [self.latch(), *([self.soma()] if self.somas else ()), self.synapse()]
        if not self.drives:
            circuits.append(self.output_synapse())
        for m, (rows, columns) in enumerate(pairwise(layers)):
            circuits += [self.row(m, columns), self.matrix(m, rows, columns)]
        circuits.append(network(self.spec, self.drives, self.somas))
        return Library({c.name: c for c in circuits}, core_name(self.spec))


def build(spec: Spec, drives: bool = False, somas: bool = True) -> Design:
    """The design that the spec describes; with `drives` its array is that of drivers (generator.drivers), without
    `somas` a bank of them."""
    pdk = load(spec.pdk)
    sizes = _sizes(spec, pdk)
    return Design(spec, pdk, sizes, _Builder(spec, pdk, sizes, drives, somas).library(), drives, somas)
