"""Static margins of the latch over corners, temperatures and mismatch: many latches in one ngspice deck.

Hold and read: the static noise margin of Seevinck, List and Lohstroh (IEEE J. Solid-State Circuits SC-22, 1987), the
side of the largest square in the smaller eye of the butterfly. Each half of the latch is driven by itself, so a deck
has no loops and finds its operating points.

Write: how far above ground the lower bit line may stay and still flip the latch, with the word line open and the other
line at the supply. Node q is held by a source and swept; the latch still holds a 1 at a bit-line voltage if the cell
pushes current into q for some q that keeps the other node low (the N-curve's hump). Below 0 it cannot be written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from somaforge.flow.chips import VirtualChip
from somaforge.flow.spice.batch import run_batch
from somaforge.flow.spice.deck import Deck, size_of
from somaforge.generator.circuit import FlatNetlist
from somaforge.generator.design import Design
from somaforge.generator.names import LATCH, half_latch
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import ToolError
from somaforge.pdk.models import OperatingPoint, Shift

OPTIONS = "method=gear reltol=1e-4 abstol=1e-14 vntol=1e-6 gmin=1e-15 itl1=500 itl2=200"
EYE_STEPS = 120
NODE_STEPS, NODE_LOWEST = 26, 0.28
"""Sweep of the held node, from the supply down to this part of it: below, the other node is high, without a hump."""
LINE_STEPS, LINE_LOWEST, LINE_HIGHEST = 14, -0.2, 0.8
"""Sweep of the bit line, in parts of the supply; below ground so that a latch that cannot be written gets a number."""
_HALVES = (half_latch(False), half_latch(True))
_SWAPPED = {"q": "qb", "qb": "q", "bl": "blb", "blb": "bl"}


@dataclass(frozen=True, eq=False)
class Sample:
    """One latch: its corner and the shifts in V of each of its six transistors, in the circuit's order."""

    corner: str
    shifts: Floats
    weak: Floats


@dataclass(frozen=True, eq=False)
class Margins:
    """Margins in V, and the current with which a latch pulls a bit line down: the worse side of every sample."""

    hold_V: Floats
    read_V: Floats
    write_V: Floats
    read_current_A: Floats


def nominal(corners: Iterable[str]) -> list[Sample]:
    """One latch without mismatch per corner."""
    return [Sample(corner, np.zeros(6), np.zeros(6)) for corner in corners]


def with_mismatch(design: Design, corner: str, count: int) -> list[Sample]:
    """Latches of virtual chips with seeds 1, 2, ..., as far apart as the spec says."""
    latch, chips = design.library.flatten(design.cell(LATCH)), design.spec.chips
    drawn = [VirtualChip.of(chips, seed) for seed in range(1, count + 1)]
    return [Sample(corner, one.shifts(latch, design.pdk), one.weak(latch, design.pdk)) for one in drawn]


def measure(
    design: Design, samples: Sequence[Sample], temperature_C: float, supply_V: float, evidence: Path | None = None
) -> Margins:
    """Margins of every sample at one temperature and supply; ToolError if ngspice fails. `evidence` gets decks and
    logs."""
    bench = _Bench(design, samples, temperature_C, supply_V, evidence)
    hold, read, current = bench.eyes()
    return Margins(hold, read, bench.write(), current)


def noise_margin(drive: Floats, first: Floats, second: Floats) -> float:
    """Seevinck's static noise margin of two inverters with these transfer curves; 0 if there is no second state.

    In axes turned by 45 degrees the wings are functions of u = (x - y)/sqrt(2); the largest vertical distance of an
    eye is the diagonal of its largest square. The eyes lie left and right of where the wings cross.
    """
    root = np.sqrt(2.0)
    one_u, one_v = (drive - first) / root, (drive + first) / root
    two_u, two_v = (second - drive) / root, (drive + second) / root
    grid = np.linspace(max(one_u.min(), two_u.min()), min(one_u.max(), two_u.max()), 2001)
    a, b = (np.interp(grid, u[np.argsort(u)], v[np.argsort(u)]) for u, v in ((one_u, one_v), (two_u, two_v)))
    left, right = np.maximum.accumulate(a - b), np.maximum.accumulate((b - a)[::-1])[::-1]
    return float(max(0.0, np.minimum(left, right).max()) / root)


def write_margin(line: Floats, hump: Floats) -> float:
    """The bit-line voltage at which the largest current into the held node changes its sign, [lines] ascending."""
    above = np.flatnonzero(hump > 0)
    if len(above) == 0:
        return float(line[-1])
    k = int(above[0])
    if k == 0:
        return float(line[0])
    return float(line[k] - hump[k] * (line[k] - line[k - 1]) / (hump[k] - hump[k - 1]))


class _Bench:
    """The decks of one set of samples."""

    def __init__(
        self, design: Design, samples: Sequence[Sample], temperature_C: float, supply_V: float, evidence: Path | None
    ) -> None:
        self.design, self.samples, self.temperature_C, self.evidence = design, samples, temperature_C, evidence
        self.latch: FlatNetlist = design.library.flatten(design.cell(LATCH))
        self.supply = supply_V

    def eyes(self) -> tuple[Floats, Floats, Floats]:
        """Hold and read margins and the smaller read current, [samples]."""
        deck, saves = self._deck("eyes"), ["v(drive)"]
        for i, sample in enumerate(self.samples):
            for side, names in enumerate(_HALVES):
                for word in ("gnd", "word"):
                    tag = f"{i}_{side}_{word}"
                    self._put(deck, sample, names, tag, self._half_nets(side, tag, word))
                    deck.put(f"v_line_{tag} line_{tag} 0 {self.supply:.9g}")
                    saves.append(f"v(out_{tag})")
                saves.append(f"i(v_line_{i}_{side}_word)")
        found = self._run("eyes", deck, saves, self._sweep("v_drive", 0.0, 1.0, EYE_STEPS))
        drive = found["v(drive)"]

        def margin(i: int, word: str) -> float:
            return noise_margin(drive, *(found[f"v(out_{i}_{side}_{word})"] for side in (0, 1)))

        count = range(len(self.samples))
        # The source delivers what the latch pulls out of its line while it holds the line's node low.
        current = [min(-found[f"i(v_line_{i}_{side}_word)"][-1] for side in (0, 1)) for i in count]
        hold, read = ([margin(i, word) for i in count] for word in ("gnd", "word"))
        return np.array(hold), np.array(read), np.array(current)

    def write(self) -> Floats:
        """Write margins, [samples]."""
        deck, saves = self._deck("write"), ["v(drive)", "v(low)"]
        deck.put("v_low low 0 0")
        names = [m.name for m in self.latch.mos]
        for i, sample in enumerate(self.samples):
            for side in (0, 1):
                tag = f"{i}_{side}"
                nets = {"bl": "low", "blb": "vdd", "q": f"held_{tag}", "qb": f"out_{tag}", "wl": "word"}
                if side:
                    nets = {_SWAPPED.get(net, net): node for net, node in nets.items()}
                self._put(deck, sample, names, tag, nets)
                deck.put(f"v_held_{tag} held_{tag} drive 0")
                saves += [f"v(out_{tag})", f"i(v_held_{tag})"]
        node = self._sweep("v_drive", 1.0, NODE_LOWEST, NODE_STEPS)
        line = self._sweep("v_low", LINE_LOWEST, LINE_HIGHEST, LINE_STEPS)
        found = self._run("write", deck, saves, f"{node} {line}")
        voltages, place = np.unique(found["v(low)"].round(6), return_inverse=True)

        def margin(tag: str) -> float:
            current = np.where(found[f"v(out_{tag})"] <= self.supply / 2, found[f"i(v_held_{tag})"], -np.inf)
            hump = np.full(len(voltages), -np.inf)
            np.maximum.at(hump, place, current)
            return write_margin(voltages, hump)

        return np.array([min(margin(f"{i}_{side}") for side in (0, 1)) for i in range(len(self.samples))])

    def _sweep(self, source: str, first: float, last: float, steps: int) -> str:
        """A .dc sweep between two parts of the supply; a hair longer, so that rounding does not lose its end."""
        step = (last - first) * self.supply / steps
        return f"{source} {first * self.supply:.9g} {last * self.supply + step / 100:.9g} {step:.9g}"

    def _half_nets(self, side: int, tag: str, word: str) -> dict[str, str]:
        nets = {"qb": "drive", "q": f"out_{tag}", "bl": f"line_{tag}", "wl": word}
        return {_SWAPPED.get(net, net): node for net, node in nets.items()} if side else nets

    def _deck(self, what: str) -> Deck:
        title = f"{self.design.spec.name}: latch margins, {what}"
        at = OperatingPoint(self.samples[0].corner, self.temperature_C, self.supply)
        deck = Deck(title, self.design.pdk.models, at, OPTIONS, exact=False)
        deck.put(f"v_vdd vdd 0 {self.supply:.9g}", "v_drive drive 0 0", f"v_word word 0 {self.supply:.9g}")
        return deck

    def _put(self, deck: Deck, sample: Sample, names: Sequence[str], tag: str, nets: dict[str, str]) -> None:
        """The named transistors of the latch with other nets."""
        nets = {**nets, "vdd": "vdd", "gnd": "gnd", "vpb": "vdd", "vnb": "gnd"}
        for mos, *shift in zip(self.latch.mos, sample.shifts.tolist(), sample.weak.tolist(), strict=True):
            if mos.name in names:
                ends = [nets[n] for n in (mos.d, mos.g, mos.s, mos.b)]
                deck.transistor(f"{mos.name}_{tag}", size_of(mos), ends, Shift(*shift), corner=sample.corner)

    def _run(self, what: str, deck: Deck, saves: list[str], sweep: str) -> dict[str, Floats]:
        text = deck.text(".save " + "\n+ ".join(saves), f".dc {sweep}")
        name = f"latch_{what}_{self.temperature_C:g}"
        names, values = run_batch(text, self.evidence, name, self.design.spec.time_limits.ngspice_s)
        found = {n: values[:, k] for k, n in enumerate(names)}
        missing = [s for s in saves if s not in found]
        if missing or not np.all(np.isfinite(values)):
            raise ToolError(f"ngspice: {name} gave no value for {(missing or ['a vector'])[0]}; see its deck and log")
        return found
