"""The tester between an engine and what characterizes a chip: the engine's currents become readings of a meter.

A reading is the current plus the pad's leakage and noise, less the zero that was taken on that pad, in whole steps of
the meter's resolution. Noise depends on nothing but the chip's seed, the output and the number of the pattern since the
chip was put on the tester: the same in every run and in every order of work between chips. The tester also counts what
it does. It is an engine itself (flow.engines.base.Engine), so whatever measures need not know of it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from somaforge.flow.chips import VirtualChip
from somaforge.flow.drivers.bank import Bank
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.base import DcResult, Engine, Program, ProgrammedChip, TransientResult
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.memory import port
from somaforge.generator.address import Codes
from somaforge.generator.design import Design
from somaforge.generator.spec import Meter, Spec
from somaforge.pdk.arrays import Floats

ZEROS = 16
"""Readings of a pad from which its zero is taken."""
SURE = 3.0
"""Standard deviations above which a current is there."""
PERFECT = Meter(perfect=True)


def uniform(name: str, count: int) -> Floats:
    """`count` numbers between 0 and 1 that follow from the name alone (SHAKE-256), as in flow.chips."""
    whole = np.frombuffer(hashlib.shake_256(name.encode()).digest(8 * count), dtype=">u8")
    found: Floats = ((whole >> np.uint64(11)).astype(float) + 0.5) / 2.0**53
    return found


def reading_error(meter: Meter, readings: Floats) -> Floats:
    """Standard deviation in A of readings in A, with that of the zero."""
    if meter.perfect:
        return np.zeros_like(readings)
    fixed = (meter.noise_A**2 + meter.resolution_A**2 / 12) * (1 + 1 / ZEROS)
    found: Floats = np.sqrt(fixed + (meter.noise_ratio * readings) ** 2)
    return found


def programming_s(design: Design) -> float:
    """Time to write all weights: through the scan port at the clock of its test bench; without a port a row a clock,
    because word and bit lines are pins.
    """
    clocks = design.memory.rows
    if design.spec.array.port == "scan":
        clocks = port.clock_count(port.write_all(design.memory), design.memory)
    return clocks * 2e-9 * port.HALF_PERIOD_NS


@dataclass(eq=False)
class Bench:
    """One chip on a tester; `seed` is the chip's."""

    engine: Engine
    meter: Meter = PERFECT
    seed: int = 0
    programmings: int = 0
    """How often weights were written."""
    patterns: int = 0
    """How many patterns were applied; every output is read in each."""
    seconds: float = 0.0
    """Writing, settling and reading: what it would take with a chip, not what the simulation took."""
    rungs: list[str] = field(default_factory=list)
    """Of each simulation, the option set (or method) of the engine that its readings stand on."""
    smallest_A: float = np.inf
    """The smallest current that had to be told from noise, and was."""
    drivers: Bank | None = None
    """Of the chip: the tester sets codes and reference currents then. None: it sets input currents."""
    _zero: Floats | None = field(default=None, repr=False)
    _written: Program | None = field(default=None, repr=False)

    @classmethod
    def of(cls, engine: Engine) -> "Bench":
        """The engine if it is a tester; else a perfect one around it."""
        return engine if isinstance(engine, Bench) else cls(engine)

    @classmethod
    def named(cls, spec: Spec, engine: Engine, seed: int) -> "Bench":
        """That of a spec, before a chip of its population."""
        bank = Bank.of(ArrayEngine(), spec, VirtualChip.of(spec.chips, seed))
        return cls(engine, spec.characterization.tester, seed, drivers=bank)

    @property
    def name(self) -> str:
        """The engine's."""
        return self.engine.name

    def dc(self, chip: ProgrammedChip, inputs: Floats, programs: Sequence[Program] | None = None) -> DcResult:
        """Readings in place of settled currents; weights are written where they differ from the pattern before.

        With drivers the largest current of a pattern is the largest code, with the reference currents for it, and the
        others are the nearest codes.
        """
        if self.drivers is not None:
            full = inputs.max(axis=1)
            codes = self.drivers.scale.quantised(inputs / np.where(full > 0, full, 1.0)[:, None])
            return self.present(chip, codes, full, programs)
        return self._measured(chip, inputs, programs)

    def present(
        self, chip: ProgrammedChip, codes: Codes, full_A: Floats, programs: Sequence[Program] | None = None
    ) -> DcResult:
        """The same for codes [patterns, inputs], with the reference currents of each pattern for the current `full_A`
        [patterns] of the largest code; ValueError without drivers."""
        if self.drivers is None:
            raise ValueError("this tester has no drivers to write codes into")
        bank = self.drivers.placed(self.as_placed(chip).at)
        inputs = np.zeros(codes.shape)
        for level in np.unique(full_A[full_A > 0]):
            inputs[full_A == level] = bank.currents(codes[full_A == level], float(level))
        return self._measured(chip, inputs, programs)

    def nearest(self, share: float) -> float:
        """The share of the largest input current that can be set and is nearest."""
        return share if self.drivers is None else round(share * self.drivers.scale.full) / self.drivers.scale.full

    def given(self, calibration: Calibration, soma: int, share: float) -> float:
        """What that input gets of the largest current where `share` of it is asked for."""
        return calibration.given(soma, share)

    def swept(self, levels_A: Floats) -> Floats:
        """[levels] in A what nominal drivers give where `dc` sets the reference currents for `levels_A`: not in
        proportion, because a mirror with a switch gives less of more."""
        if self.drivers is None:
            return levels_A
        bank = self.drivers.nominal
        return np.array([bank.table(float(x))[:, -1].mean() for x in levels_A])

    def settable(self, current_A: float) -> float:
        """The largest input current of a pattern, in A, that can be set and is nearest; here any can."""
        return current_A

    def _measured(self, chip: ProgrammedChip, inputs: Floats, programs: Sequence[Program] | None) -> DcResult:
        whole = [chip.codes] * len(inputs) if programs is None else list(programs)
        written = sum(not same_program(a, b) for a, b in pairwise([self._written, *whole]))
        self._written = whole[-1]
        found = self.engine.dc(self.as_placed(chip), inputs, programs)
        self.rungs += found.effort.rungs
        self._count(chip.design, written, len(inputs))
        return replace(found, outputs=self.read(found.outputs))

    def as_placed(self, chip: ProgrammedChip) -> ProgrammedChip:
        """The chip as warm as it is on the tester."""
        if self.meter.perfect:
            return chip
        warm = replace(chip.at, temperature_C=chip.at.temperature_C + self.meter.drift_C)
        return replace(chip, at=warm)

    def transient(
        self, chip: ProgrammedChip, inputs: Floats, pattern_time_s: float, probes: Sequence[str] = ()
    ) -> TransientResult:
        """The engine's: a meter is too slow to see anything in time."""
        return self.engine.transient(chip, inputs, pattern_time_s, probes)

    def read(self, currents: Floats) -> Floats:
        """Readings of [patterns, pads] in A; each call goes on where the last one ended."""
        first, self.patterns = self.patterns, self.patterns + len(currents)
        if self.meter.perfect:
            return currents
        pads, meter = currents.shape[1], self.meter
        leakage = meter.pad_leakage_A * (2 * uniform(f"{self.seed}/pads", pads) - 1)
        if self._zero is None:
            noise = ndtri(uniform(f"{self.seed}/zero", ZEROS * pads)).reshape(ZEROS, pads)
            self._zero = self._rounded(leakage + meter.noise_A * noise).mean(axis=0)
        draws = [ndtri(uniform(f"{self.seed}/pattern/{first + i}", 2 * pads)) for i in range(len(currents))]
        noise = np.array(draws).reshape(len(currents), 2, pads)
        seen = currents * (1 + meter.noise_ratio * noise[:, 0]) + leakage + meter.noise_A * noise[:, 1]
        return self._rounded(seen) - self._zero

    def error(self, readings: Floats) -> Floats:
        """Standard deviation of each reading in A."""
        return reading_error(self.meter, readings)

    def saw(self, readings: Floats) -> npt.NDArray[np.bool_]:
        """Where a current is there, above the noise; the smallest of them is kept."""
        there: npt.NDArray[np.bool_] = readings > SURE * self.error(readings)
        if there.any():
            self.smallest_A = min(self.smallest_A, float(readings[there].min()))
        return there

    def _rounded(self, currents: Floats) -> Floats:
        step = self.meter.resolution_A
        return step * np.round(currents / step) if step > 0 else currents

    def _count(self, design: Design, written: int, patterns: int) -> None:
        self.programmings += written
        if not self.meter.perfect:
            readings = patterns + (ZEROS if self._zero is None else 0)
            each = self.meter.settling_s + self.meter.reading_s
            self.seconds += written * programming_s(design) + readings * design.layers[-1] * each


def same_program(a: Program | None, b: Program | None) -> bool:
    """Whether nothing has to be written to get from one to the other; None is no known program."""
    if a is b or a is None or b is None:
        return a is b
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
