"""Margins of the worst latch of an array, and what fails where there are none."""

from pathlib import Path

import numpy as np
import pytest
from tests.flow.small import small_design

from somaforge.flow.machinery.base import Context
from somaforge.flow.machinery.inputs import Inputs
from somaforge.flow.machinery.records import write_json
from somaforge.flow.machinery.workers import PartStore
from somaforge.flow.memory import latch_margins, worst_latch
from somaforge.flow.memory.worst_latch import WorstLatch
from somaforge.flow.steps import cells
from somaforge.pdk.models import OperatingPoint


def test_what_fails_is_told() -> None:
    assert WorstLatch(400, 0.5, 0.3, 0.1).problem == ""
    bad = WorstLatch(400, 0.5, -0.01, -0.2)
    assert bad.smallest_V == -0.2
    assert bad.problem == (
        "memory: the worst of 400 latches loses its bit when it is read (-0.010 V), cannot be written (-0.200 V)"
    )


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_a_supply_at_which_latches_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 0.6 V the access device of the worst latch does not overcome its pull-up device; at 1.8 V it does."""
    monkeypatch.setattr(worst_latch, "SAMPLES", 10)
    design = small_design()
    high, low = (worst_latch.at(design, OperatingPoint("tt", 27.0, supply), cache=tmp_path) for supply in (1.8, 0.6))
    assert high.latches == 32
    assert not high.problem
    assert "cannot be written" in low.problem
    margins = latch_margins.measure(design, latch_margins.with_mismatch(design, "tt", 10), 27.0, 0.6)
    assert low.hold_V <= margins.hold_V.min() < high.hold_V
    assert low.write_V == pytest.approx(
        min(margins.write_V.min(), margins.write_V.mean() - 1.863 * margins.write_V.std(ddof=1)), rel=1e-3
    )
    with monkeypatch.context() as patch:
        patch.setattr(latch_margins, "measure", lambda *anything: pytest.fail("simulated again"))
        assert worst_latch.at(design, OperatingPoint("tt", 27.0, 0.6), cache=tmp_path) == low


def test_the_estimate_holds_for_a_normal_distribution() -> None:
    """The mean of the smallest of 1,000 normal values is 3.24 standard deviations below their mean; ours is 3.09."""
    margins = np.random.default_rng(3).normal(0.5, 0.1, (3, 4000))
    found = worst_latch._worst(1000, *margins)
    assert found.hold_V == pytest.approx(margins[0].min())
    assert worst_latch._worst(10**6, *margins).hold_V == pytest.approx(0.5 - 0.475, abs=0.01)


@pytest.mark.parametrize(("write_V", "bad"), [(0.1, 0), (-0.02, 1)])
def test_a_worst_latch_that_fails_is_a_bad_latch_of_the_run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write_V: float,
    bad: int,
) -> None:
    """200 simulated latches may all be good where the worst of 100,000 is not: the sign-off must fail all the same."""
    worst = WorstLatch(100_400, 0.5, 0.3, write_V)
    table = {"inputs_A": [15e-9], "codes": [-1, 0, 1], "outputs_A": [[-15e-9], [0.0], [15e-9]]}
    wing = {"noise_margin_V": 0.4}
    write_json(tmp_path / "cells.json", {**table, "latch": {"hold": wing, "read": wing}})
    write_json(tmp_path / "memory.json", vars(worst))
    write_json(tmp_path / "latch.json", {})
    monkeypatch.setattr(cells, "latch_over_corners", lambda context, latches: ({}, {"memory__bad_latches__count": 0}))
    monkeypatch.setattr(Context, "each", lambda self, worker, jobs: dict.fromkeys(jobs, tmp_path))
    found = cells.action(Context(small_design().spec, tmp_path, Inputs({}, {}), PartStore(tmp_path / "parts", "key")))
    assert found["memory__bad_latches__count"] == bad
    assert found["memory__worst_write__V"] == write_V
