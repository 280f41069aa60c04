"""In time, currents at the inputs with the drivers' capacitance do what the drivers themselves do when codes change."""

from dataclasses import replace

import numpy as np
import pytest
from tests.flow.drivers.small import FULL_A, PROGRAM, array_of, program_of, spec_with, whole_of
from tests.flow.small import wired

from somaforge.flow.chips import VirtualChip
from somaforge.flow.drivers import capacitance
from somaforge.flow.drivers.bank import Bank
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.ngspice import CAREFUL, NgspiceEngine
from somaforge.flow.measure.evaluate import time_to_output

pytestmark = [pytest.mark.needs_pdk, pytest.mark.needs_ngspice]
PATTERN_S = 2e-6


def test_a_change_of_codes_in_ngspice() -> None:
    """Times at which an output passes the middle of its change, currents against drivers in transistors.

    On the safe side. By hand: behind open switches lie the drains of 8 p units at the supply, some 15 fF that bring
    15 fF x 1.4 V = 21 fC; the input node's 30 fF of wire and 60 fF of gates take 90 fF x 0.3 V = 27 fC. So most of what
    an input's current has to charge is there at once, and the first of three stages is nearly gone.
    """
    spec, made = spec_with(3), VirtualChip(1)
    bank = Bank.of(ArrayEngine(), spec, made)
    assert bank is not None
    codes = np.array([[7, 0, 1, 6], [0, 7, 6, 1], [6, 1, 7, 0]])
    programs = [program_of(bank.scale.latches(pattern)) for pattern in codes]
    references = np.tile(bank.scale.references_A(FULL_A), (len(codes), 1))
    engine = NgspiceEngine(ladder=CAREFUL)
    whole = wired(replace(whole_of(spec, made, 1), codes=programs[0]))
    right = engine.transient(whole, references, PATTERN_S, programs=programs)
    array = wired(array_of(spec, made))
    drives = [capacitance.of_devices(spec, FULL_A)] * 4
    loaded = replace(array, flat=capacitance.loaded(array.flat, drives))
    found = engine.transient(loaded, bank.currents(codes, FULL_A), PATTERN_S)
    assert np.array_equal(whole.codes[1], PROGRAM[0])
    pairs = [[_half(run, pattern, j) for run in (found, right)] for pattern in (1, 2) for j in range(3)]
    ratios = [ours / theirs for ours, theirs in pairs if ours is not None and theirs is not None]
    assert len(ratios) >= 3
    assert min(ratios) > 0.96, ratios
    assert max(ratios) < 1.6, ratios
    ends = [run.outputs[run.window(2).stop - 1] for run in (found, right)]
    assert ends[0] == pytest.approx(ends[1], rel=5e-3, abs=1e-3 * ends[1].max())
    assert time_to_output(right.time[right.window(1)], right.outputs[right.window(1)]) > 0


def _half(run, pattern: int, output: int) -> float | None:  # type: ignore[no-untyped-def]
    """When an output last passes the middle of its change in a pattern; None if it changes little."""
    window = run.window(pattern)
    time, wave = run.time[window] - run.time[window.start], run.outputs[window, output]
    if abs(wave[-1] - wave[0]) < 0.05 * run.outputs.max():
        return None
    middle = (wave[0] + wave[-1]) / 2
    k = int(np.flatnonzero(np.diff(np.sign(wave - middle)))[-1])
    return float(np.interp(middle, *zip(*sorted([(wave[k], time[k]), (wave[k + 1], time[k + 1])]), strict=True)))
