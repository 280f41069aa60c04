"""The reference engine: ngspice 46 with KLU as a subprocess, one process per chip, one thread per process."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from somaforge.flow.engines.base import DcResult, Effort, Named, Program, ProgrammedChip, TransientResult, check_inputs
from somaforge.flow.engines.deck import ChipDeck, Stimulus
from somaforge.flow.spice.ladder import climb
from somaforge.flow.spice.process import Run, RunError, TimeLimitError, last_error, parse_raw, run_ngspice
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import ToolError

# abstol and gmin resolve 0.1 nA: with ngspice's gmin of 1e-12 S the outputs of a 7-7-7 array were 2 pA and its supply
# current 1.8 % off below 1 nA; with these, a pattern agrees with its own operating point (reltol 1e-5) to 2e-5. bypass
# skips transistors whose voltages have not moved: 1.5 times faster, the outputs change by 3e-6 (at 1 nA: 7e-5).
_BASE = "reltol=1e-3 abstol=1e-13 vntol=1e-6 gmin=1e-15 bypass=1"
# A step in time may leave trtol (7) times the larger of chgtol and reltol of its charge on a capacitor. With 1e-16 C
# that is 23 mV on 30 fF, an e-fold of a current: outputs that change within 0.1 us come 4 to 5 % late, others 1 %,
# energies are right to 0.1 %. CAREFUL leaves 1 mV and takes 1.5 to 4 times the steps; finer ones agree within 1.4 %.
BASE_OPTIONS = f"{_BASE} chgtol=1e-16"
_CAREFUL = f"{_BASE} chgtol=3e-17 trtol=1"
RISE_S = 10e-9
"""How fast inputs change from pattern to pattern."""
DC_DWELL_S = 1e-3
"""How long the DC staircase stays on a pattern: 0.2 % at 0.3 nA, 2e-5 at 100 nA on a 7-7-7 array (see DcResult)."""
STATE_MARGIN = 0.1
"""A latch holds its state if its node is within this fraction of the supply from the right rail."""


@dataclass(frozen=True)
class Rung:
    """One set of options on the convergence ladder."""

    name: str
    options: str
    uic: bool = False
    """Start at 0 V and let the circuit settle in the first pattern."""


# Iterations of the cold start of a 7-7-7 array with mismatch: gmin stepping at once (noopiter) 94, after a failed
# direct attempt 595, source stepping 1700 to 3000.
def _ladder(base: str) -> tuple[Rung, ...]:
    return (
        Rung("gmin-stepping", f"{base} noopiter itl1=500"),
        Rung("direct", f"{base} itl1=500"),
        Rung("source-stepping", f"{base} gminsteps=0 itl1=500"),
        Rung("uic", f"{base} itl4=100", uic=True),
    )


LADDER = (
    *_ladder(BASE_OPTIONS),
    Rung("relaxed", "reltol=1e-3 abstol=1e-12 vntol=1e-6 gmin=1e-13 itl1=500 itl4=100"),
)
CAREFUL = _ladder(_CAREFUL)
"""For waveforms that others are measured by."""


def read_raw(path: Path) -> tuple[list[str], Floats]:
    """Vector names and values [points >= 2, vectors] of a binary real ngspice raw file; ValueError if it is not one."""
    names, values = parse_raw(path.read_bytes())
    if len(values) < 2:
        raise ValueError(f"{values.size} numbers for {len(values)} points of {len(names)} vectors")
    return names, values


@dataclass(frozen=True)
class NgspiceEngine:
    """Runs decks; see flow.engines.base.Engine.

    A circuit that is not solved goes down the ladder, and the result names its rung. A crash, a signal or a time-out
    fails: other options would give another result.
    """

    timeout_s: float | None = None
    """Of one attempt."""
    evidence: Path | None = None
    """Folder for the deck and the log of the last run; None keeps nothing."""
    ladder: tuple[Rung, ...] = LADDER
    command: str = "ngspice"
    name: str = "ngspice"

    def dc(self, chip: ProgrammedChip, inputs: Floats, programs: Sequence[Program] | None = None) -> DcResult:
        """Settled currents: a slow staircase for each run of equal weights; a pattern is a good start for the next."""
        check_inputs(chip.design, inputs)
        if programs is None:
            return self._staircase(chip, inputs)
        if len(programs) != len(inputs):
            raise ValueError(f"{len(programs)} programs for {len(inputs)} patterns")
        edges = [i for i in range(1, len(programs)) if not _equal(programs[i - 1], programs[i])]
        parts = [
            self._staircase(replace(chip, codes=programs[a]), inputs[a:b])
            for a, b in pairwise([0, *edges, len(programs)])
        ]
        attempts = tuple(dict.fromkeys(name for part in parts for name in part.effort.attempts))
        return DcResult(
            np.concatenate([p.outputs for p in parts]),
            np.concatenate([p.supply for p in parts]),
            np.concatenate([p.unsettled for p in parts]),
            Effort(sum(p.effort.seconds for p in parts), attempts, tuple(r for p in parts for r in p.effort.rungs)),
        )

    def _staircase(self, chip: ProgrammedChip, inputs: Floats) -> DcResult:
        values, effort = self._solve(chip, Stimulus(inputs, DC_DWELL_S, 0.1 * DC_DWELL_S, dynamic=False))
        ends: Floats = DC_DWELL_S * np.arange(1.0, len(inputs) + 1)
        outputs = slice(2, 2 + chip.design.layers[-1])

        def at(times: Floats) -> Floats:
            return np.stack([np.interp(times, values[:, 0], column) for column in values.T], axis=1)

        last, before = at(ends), at(ends - 0.1 * DC_DWELL_S)
        scale = np.maximum(np.abs(last[:, outputs]).max(axis=1), 1e-15)
        unsettled = np.abs(last[:, outputs] - before[:, outputs]).max(axis=1) / scale
        return DcResult(last[:, outputs], -last[:, 1], unsettled, effort)

    def transient(
        self,
        chip: ProgrammedChip,
        inputs: Floats,
        pattern_time_s: float,
        probes: Sequence[str] = (),
        programs: Sequence[Program] = (),
    ) -> TransientResult:
        """Patterns one after the other; starts in the operating point of the first.

        `programs` are the weights of each pattern, where they change with it as the codes of drivers do; those of the
        first are the chip's.
        """
        rise_s = min(RISE_S, pattern_time_s / 20)
        stimulus = Stimulus(inputs, pattern_time_s, rise_s, probes=tuple(probes), programs=tuple(programs))
        if programs and (len(programs) != len(inputs) or not _equal(programs[0], chip.codes)):
            raise ValueError(f"{len(programs)} programs for {len(inputs)} patterns, the chip's own first")
        values, effort = self._solve(chip, stimulus)
        n = chip.design.layers[-1]
        voltages = {probe: values[:, 2 + n + i] for i, probe in enumerate(probes)}
        return TransientResult(
            values[:, 0], values[:, 2 : 2 + n], -values[:, 1], pattern_time_s, len(inputs), effort, voltages
        )

    def _solve(self, chip: ProgrammedChip, stimulus: Stimulus) -> tuple[Floats, Effort]:
        """Time and saved vectors [points, 1 + vectors]; ToolError if no rung gives a whole result."""
        check_inputs(chip.design, stimulus.inputs)
        start = time.monotonic()
        rungs = [(rung.name, rung) for rung in self.ladder]
        values, tried = climb(chip.flat.name, rungs, lambda rung: self._attempt(chip, stimulus, rung))
        return values, Effort(time.monotonic() - start, tuple(tried), (tried[-1],))

    def _attempt(self, chip: ProgrammedChip, stimulus: Stimulus, rung: Rung) -> Floats:
        lead = 0
        if rung.uic:  # no operating point: the first pattern is repeated, much longer than any settling, and dropped
            lead = max(1, round(DC_DWELL_S / stimulus.dwell_s))
            repeated = np.concatenate([np.repeat(stimulus.inputs[:1], lead, axis=0), stimulus.inputs])
            held = (stimulus.programs[0],) * lead if stimulus.programs else ()
            stimulus = replace(stimulus, inputs=repeated, programs=(*held, *stimulus.programs))
        deck = ChipDeck(chip, stimulus, rung.options, rung.uic)
        limit_s = self.timeout_s or chip.design.spec.time_limits.ngspice_s
        names, values, done = self._run(deck.text, chip.flat.name, limit_s)
        if names[0] != "time" or [n.lower() for n in names[1:]] != list(deck.vectors):
            raise ToolError(f"ngspice: {chip.flat.name}: saved {len(names)} vectors, wanted {1 + len(deck.vectors)}")
        if len(values) < 2 or not np.all(np.isfinite(values)):
            raise RunError("no points, or a result is not a finite number")
        if values[-1, 0] < stimulus.stop_s * (1 - 1e-9):
            raise done.problem(f"stopped at {values[-1, 0]:.3e} s of {stimulus.stop_s:.3e} s")
        if deck.state_nets:
            _check_states(chip, deck, values[-1, -len(deck.state_nets) :])
        if lead:
            shift = lead * stimulus.dwell_s
            values = values[values[:, 0] >= shift * (1 - 1e-12)].copy()
            values[:, 0] -= shift
        return values

    def _run(self, text: str, what: str, limit_s: float) -> tuple[list[str], Floats, Run]:
        try:
            done = run_ngspice(text, limit_s, command=self.command, what=what)
        except ToolError as error:
            self._keep(what, text, str(error))
            if isinstance(error, TimeLimitError) and self.timeout_s is None:
                raise ToolError(f"{error} (its time: time_limits.ngspice_s)") from None
            raise
        self._keep(what, text, done.log)
        if done.code != 0:
            raise done.problem(f"{what}: exit code {done.code}, {last_error(done.log)}")
        try:
            return *parse_raw(done.raw), done
        except ValueError as error:
            raise done.problem(f"{what}: no data ({error}), {last_error(done.log)}") from None

    def _keep(self, what: str, deck: str, log: str) -> None:
        if self.evidence is not None:
            self.evidence.mkdir(parents=True, exist_ok=True)
            (self.evidence / f"{what}.sp").write_text(deck, encoding="ascii")
            (self.evidence / f"{what}.log").write_text(log, encoding="utf-8")


NGSPICE = Named("ngspice", "ngspice", True, lambda evidence: NgspiceEngine(evidence=evidence))


def _equal(a: Program, b: Program) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def _check_states(chip: ProgrammedChip, deck: ChipDeck, final: Floats) -> None:
    """RunError unless every latch ended in the state it was programmed to."""
    expected = deck.states * chip.at.supply_V
    lost = np.abs(final - expected) > STATE_MARGIN * chip.at.supply_V
    if np.any(lost):
        net = deck.state_nets[int(np.argmax(lost))]
        raise RunError(f"{int(lost.sum())} latches lost their state, the first is {net}")
