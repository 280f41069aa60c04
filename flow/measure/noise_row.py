"""Circuits of a row for its noise: a soma that drives one synapse for every code, each synapse simulated by itself.

Gates draw no current at rest, so a synapse behind the soma alone has the currents that it has in the row, and its decks
grow with the code and not with the row. What the other synapses of the row are for the noise of this one is a load:
their gates' capacitance on both rails. Without mismatch unit devices in parallel are one device with `m`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.base import Floats, Shift
from somaforge.flow.engines.process import last_error, parse_raw, run_ngspice
from somaforge.generator.circuit import Mos
from somaforge.generator.design import Design, latch_nets
from somaforge.generator.names import SOMA, SYNAPSE
from somaforge.pdk.errors import ToolError
from somaforge.pdk.files import atomic_write
from somaforge.pdk.sky130 import mismatch
from somaforge.pdk.sky130.binding import SCALE_OPTION, bind
from somaforge.pdk.templating import render

LOW_HZ, HIGH_HZ = 1.0, 1e10
"""Readings spread over a second do not see slower changes; nothing in a cell is faster than 10 GHz."""
PER_DECADE = 10
RAILS = ("vp", "vn")


@dataclass(frozen=True)
class Point:
    """Where the cells are measured."""

    corner: str
    temperature_C: float
    supply_V: float
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
        core = (m for m in flatten(self.design.cell(SYNAPSE)).mos if not m.name.startswith("x_latch_"))
        object.__setattr__(self, "_synapse", tuple(core))

    @cached_property
    def _sizes(self) -> list[tuple[str, int, int]]:
        return sorted({(m.device, m.w_nm, m.l_nm) for m in (*self._soma, *self._synapse)})

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
        deck = self._deck(_lines(merged, self.point.corner), saves=(f"@m{name}[cgg]" for name in rail_of))
        names, values = self._run(code, "rest", deck, control=False)
        table = {name: values[:, i].copy() for i, name in enumerate(names)}
        gates = {rail: 0 * self.levels for rail in RAILS}
        for name, rail in rail_of.items():  # of all that `m` stands for
            gates[rail] += table[f"@m{name}[cgg]"]
        voltages = {name: v for name, v in table.items() if name.startswith("v(")}
        return Settled(voltages, table["i(v_out)"], gates)

    def mean(self, code: int, chip: VirtualChip) -> Floats:
        """[levels]: the output current of one chip, A."""
        mos = self.transistors(code)
        flat = replace(self.design.flat_without_memory, name="noise_row", mos=mos, capacitors=(), resistors=())
        drawn = (chip.shifts(flat, self.design.pdk).tolist(), chip.weak(flat, self.design.pdk).tolist())
        shifts = [*map(Shift, *drawn)]
        deck = self._deck(
            _lines(((m, 1) for m in mos), self.point.corner, shifts), saves=(), weak=[s.weak_V for s in shifts]
        )
        names, values = self._run(code, f"chip_{chip.seed}", deck, control=False)
        output: Floats = values[:, names.index("i(v_out)")].copy()
        return output

    def spectrum(self, code: int, level: int, start: Settled, load_F: Mapping[str, float]) -> tuple[Floats, Floats]:
        """Frequencies, and A^2/Hz of the output current; `load_F`: everything else on the rails.

        ngspice's noise analysis needs its other matrix solver, which does not find these cells' operating point by
        itself: it gets the one that KLU found. Without the foundry's diffusion resistance it fails even so
        (conductances of 1 kS).
        """
        lines = _lines(_merged(self.transistors(code)), self.point.corner)
        lines += [f"c_{rail} {rail} gnd {load_F[rail]:.6e}" for rail in RAILS if load_F[rail] > 0]
        lines += [f".nodeset {name}={values[level]:.12g}" for name, values in start.voltages.items()]
        deck = self._deck(lines, levels=self.levels[level : level + 1], spectra=True)
        values = self._run(code, f"level_{level}", deck, control=True)[1]
        return values[:, 0].copy(), values[:, 1].copy()

    def _deck(
        self,
        lines: list[str],
        *,
        levels: Floats | None = None,
        saves: Iterable[str] = (),
        spectra: bool = False,
        weak: Iterable[float] = (),
    ) -> str:
        """`weak` are the weak shifts of the lines' transistors: each needs cards of its own."""
        kinds = [(*size, value) for size in self._sizes for value in sorted({0.0, *weak})]
        currents = self.levels if levels is None else levels
        return render(
            "noise.sp.j2",
            title="noise of a synapse in its row",
            scale_option=SCALE_OPTION,
            temperature=f"{self.point.temperature_C:.6g}",
            cards=[bind(*k[:3], self.point.corner, k[3]).card(_model(*k), exact=True) for k in kinds],
            supply=f"{self.point.supply_V:.9g}",
            held=f"{self.point.supply_V / 2:.9g}",
            lines=lines,
            levels=[f"{current:.9e}" for current in currents],
            step=f"{currents[-1] - currents[-2] if len(currents) > 1 else 0:.9e}",
            saves=list(saves),
            spectra=spectra,
            per_decade=PER_DECADE,
            low_Hz=f"{LOW_HZ:g}",
            high_Hz=f"{HIGH_HZ:g}",
        )

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


def _model(device: str, w_nm: int, l_nm: int, weak_V: float) -> str:
    return f"{device}_{w_nm}_{l_nm}_weak_{round(weak_V * 1e9)}".replace("-", "m")


def _lines(mos: Iterable[tuple[Mos, int]], corner: str, shifts: Sequence[Shift] | None = None) -> list[str]:
    lines = []
    for i, (m, times) in enumerate(mos):
        size = (m.device, m.w_nm, m.l_nm)
        shift = Shift(0.0) if shifts is None else shifts[i]
        delvto = mismatch.sign(m.device) * shift.vth_V
        model = f"{_model(*size, shift.weak_V)}{bind(*size, corner).instance()}"
        lines.append(f"m{m.name} {m.d} {m.g} {m.s} {m.b} {model} m={times} delvto={delvto:.9g}")
    return lines
