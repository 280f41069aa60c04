"""Circuits of a row for its noise: a soma that drives one synapse for every code, each synapse simulated by itself.

Gates draw no current at rest, so a synapse behind the soma alone has the currents that it has in the row, and its decks
grow with the code and not with the row. What the other synapses of the row are for the noise of this one is a load:
their gates' capacitance on both rails. Without mismatch unit devices in parallel are one device with `m`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from somaforge.flow.chips import VirtualChip
from somaforge.flow.spice.deck import Deck, control, size_of
from somaforge.flow.spice.process import last_error, parse_raw, run_ngspice
from somaforge.generator.circuit import Mos
from somaforge.generator.design import Design, latch_nets
from somaforge.generator.names import SOMA, SYNAPSE, in_latch
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import ToolError
from somaforge.pdk.files import atomic_write
from somaforge.pdk.models import OperatingPoint, Shift

LOW_HZ, HIGH_HZ = 1.0, 1e10
"""Readings spread over a second do not see slower changes; nothing in a cell is faster than 10 GHz."""
PER_DECADE = 10
RAILS = ("vp", "vn")


@dataclass(frozen=True)
class Point:
    """Where the cells are measured."""

    at: OperatingPoint
    wire_F: float
    """Wiring capacitance of each rail (Vp, Vn) for one synapse."""


@dataclass(frozen=True, eq=False)
class Settled:
    """A soma and one synapse at rest."""

    voltages: Mapping[str, Floats]
    """v(net) -> [levels], V."""
    output_A: Floats
    """[levels], into the source that holds the output."""
    gates_F: Mapping[str, Floats]
    """Rail -> [levels]: capacitance of the synapse's gates on it."""


@dataclass(frozen=True, eq=False)
class Row:
    """The soma and the synapses of a design at an operating point."""

    design: Design
    point: Point
    levels: Floats
    """Input currents, A; evenly spaced."""
    timeout_s: float
    """Of one run of ngspice."""
    evidence: Path
    """A deck that fails is kept here, with its log."""
    _soma: tuple[Mos, ...] = field(init=False, repr=False)
    _synapse: tuple[Mos, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Flatten both cells once."""
        flatten = self.design.library.flatten
        object.__setattr__(
            self, "_soma", tuple(replace(m, name=f"soma_{m.name}") for m in flatten(self.design.cell(SOMA)).mos)
        )
        core = (m for m in flatten(self.design.cell(SYNAPSE)).mos if not in_latch(m.name))
        object.__setattr__(self, "_synapse", tuple(core))

    @property
    def codes(self) -> tuple[int, ...]:
        """One synapse each."""
        full = self.design.weights.full_scale
        return tuple(range(-full, full + 1))

    def transistors(self, code: int) -> tuple[Mos, ...]:
        """The soma's and the synapse's, weights tied to the rails; names as in the row."""
        weights = self.design.weights
        bits = weights.encode(np.array(code))
        nets = {n: "vdd" if b else "gnd" for n, b in zip(latch_nets(weights.bits), bits, strict=True)}
        nets |= {name: name for name in ("vdd", "gnd", *RAILS)}
        own = []
        for m in self._synapse:
            d, g, s, b = (nets.get(n, f"syn_{n}") for n in (m.d, m.g, m.s, m.b))
            own.append(replace(m, name=f"syn_{self.codes.index(code)}_{m.name}", d=d, g=g, s=s, b=b))
        return (*self._soma, *own)

    def settled(self, code: int) -> Settled:
        """Without mismatch."""
        merged = _merged(self.transistors(code))
        rail_of = {m.name: m.g for m, _ in merged if m.g in RAILS and m.name.startswith("syn_")}
        deck = self._deck(merged)
        vector = {m.name: deck.cards.of(size_of(m))[1].gate_vector(m.name) for m, _ in merged if m.name in rail_of}
        names, values = self._run(code, "rest", self._sweep(deck, ["all", *vector.values()]), control=False)
        table = {name: values[:, i].copy() for i, name in enumerate(names)}
        gates = {rail: 0 * self.levels for rail in RAILS}
        for name, rail in rail_of.items():  # of all that `m` stands for
            gates[rail] += table[vector[name]]
        voltages = {name: v for name, v in table.items() if name.startswith("v(")}
        return Settled(voltages, table["i(v_out)"], gates)

    def mean(self, code: int, chip: VirtualChip) -> Floats:
        """[levels]: the output current of one chip, A."""
        mos = self.transistors(code)
        flat = replace(self.design.flat_without_memory, name="noise_row", mos=mos, capacitors=(), resistors=())
        drawn = (chip.shifts(flat, self.design.pdk).tolist(), chip.weak(flat, self.design.pdk).tolist())
        shifts = [*map(Shift, *drawn)]
        deck = self._deck(((m, 1) for m in mos), shifts)
        names, values = self._run(code, f"chip_{chip.seed}", self._sweep(deck, ["all"]), control=False)
        output: Floats = values[:, names.index("i(v_out)")].copy()
        return output

    def spectrum(self, code: int, level: int, start: Settled, load_F: Mapping[str, float]) -> tuple[Floats, Floats]:
        """Frequencies, and A^2/Hz of the output current; `load_F`: everything else on the rails.

        ngspice's noise analysis needs its other matrix solver, which does not find these cells' operating point by
        itself: it gets the one that KLU found. Without the foundry's diffusion resistance it fails even so
        (conductances of 1 kS).
        """
        deck = self._deck(_merged(self.transistors(code)), current_A=float(self.levels[level]), solver="sparse")
        deck.put(*(f"c_{rail} {rail} gnd {load_F[rail]:.6e}" for rail in RAILS if load_F[rail] > 0))
        deck.put(*(f".nodeset {name}={values[level]:.12g}" for name, values in start.voltages.items()))
        sweep = f"noise v(h_out) i_in dec {PER_DECADE} {LOW_HZ:g} {HIGH_HZ:g}"
        commands = ("set sqrnoise", "op", "destroy all", sweep, "setplot previous", "write out.raw onoise_spectrum")
        values = self._run(code, f"level_{level}", deck.text(*control(*commands)), control=True)[1]
        return values[:, 0].copy(), values[:, 1].copy()

    def _deck(
        self,
        mos: Iterable[tuple[Mos, int]],
        shifts: Sequence[Shift] | None = None,
        *,
        current_A: float | None = None,
        solver: str = "klu",
    ) -> Deck:
        """Transistors, how many there are of each, and what drives them: by default the first of the levels."""
        at = self.point.at
        options = f"reltol=1e-5 abstol=1e-15 vntol=1e-8 gmin=1e-15 itl1=500 {solver}"
        deck = Deck("noise of a synapse in its row", self.design.pdk.models, at, options)
        deck.put(
            f"v_vdd vdd gnd {at.supply_V:.9g}",
            f"i_in vdd in dc {self.levels[0] if current_A is None else current_A:.9e} ac 1",
            f"v_out syn_out gnd {at.supply_V / 2:.9g}",
            "h_out h_out gnd v_out 1",
        )
        for i, (m, times) in enumerate(mos):
            shift = Shift(0.0) if shifts is None else shifts[i]
            deck.transistor(m.name, size_of(m), (m.d, m.g, m.s, m.b), shift, parallel=times)
        return deck

    def _sweep(self, deck: Deck, saves: Sequence[str]) -> str:
        """Through all levels."""
        step = self.levels[-1] - self.levels[-2]
        sweep = f".dc i_in {self.levels[0]:.9e} {self.levels[-1]:.9e} {step:.9e}"
        return deck.text(f".save {' '.join(saves)}", sweep)

    def _run(self, code: int, place: str, deck: str, *, control: bool) -> tuple[list[str], Floats]:
        """Names and values [points, vectors]; ToolError that names the kept deck."""
        log, what = "", f"noise of code {code}, {place}"
        try:
            run = run_ngspice(deck, self.timeout_s, control=control, what=what)
            log = run.log
            names, values = parse_raw(run.raw)
            # A sweep that stops early leaves the points before; a script's exit code says nothing.
            if not control and (run.code != 0 or len(values) != len(self.levels)):
                raise ValueError(f"exit code {run.code}, {len(values)} of {len(self.levels)} points")
        except (ToolError, ValueError) as error:
            name = f"noise_code_{code}_{place}"
            atomic_write(self.evidence / f"{name}.sp", deck)
            atomic_write(self.evidence / f"{name}.log", log)
            wrong = str(error) if isinstance(error, ToolError) else f"ngspice: {what}: {error}; {last_error(log)}"
            kept = f"{self.evidence.name}/{name}.sp"
            raise ToolError(f"{wrong} (deck: {kept}; its time: time_limits.noise_s)") from None
        return [name.lower() for name in names], values


def _merged(mos: Iterable[Mos]) -> list[tuple[Mos, int]]:
    """One transistor, and how many there are, for each set in parallel."""
    first: dict[tuple[object, ...], Mos] = {}
    count: Counter[tuple[object, ...]] = Counter()
    for m in mos:
        key = (m.device, m.w_nm, m.l_nm, m.d, m.g, m.s, m.b)
        first.setdefault(key, m)
        count[key] += 1
    return [(m, count[key]) for key, m in first.items()]
