"""The reference engine against estimates by hand, and its failures."""

import os
import re
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.flow.small import nominal, small_design, zeros

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.array import capacitance
from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.engines.columns import ColumnReference
from somaforge.flow.engines.ngspice import LADDER, NgspiceEngine, Rung, read_raw
from somaforge.flow.engines.synapses import SynapseReference
from somaforge.flow.measure.evaluate import memory_effect
from somaforge.generator.circuit import Capacitor
from somaforge.generator.design import build
from somaforge.generator.spec.signoff import TimeLimits
from somaforge.pdk.errors import InputError, ToolError

CODES = (np.array([[4, 0], [4, -4]]), np.array([[7, 0], [0, 7]]))
INPUTS = np.array([[20e-9, 10e-9], [40e-9, 10e-9], [5e-9, 10e-9]])
spice = [pytest.mark.needs_pdk, pytest.mark.needs_ngspice]


class TestCurrents:
    pytestmark = spice

    def test_outputs_and_supply_are_the_sum_of_their_branches(self) -> None:
        """A soma of four units takes its input current twice from the supply; a unit gives a quarter of it away.

        The estimate knows nothing of drain voltages, which add up to a quarter at 10 nA in three stages.
        """
        result = NgspiceEngine().dc(nominal(small_design(), CODES), INPUTS)
        for x, outputs, supply in zip(INPUTS, result.outputs, result.supply, strict=True):
            hidden = x[0] + x[1]  # 4 units of a quarter; the other hidden soma only has a negative weight
            last = 7 / 4 * hidden
            assert last / 4 < outputs[0] < 1.9 * last / 4
            assert abs(outputs[1]) < 1e-3 * outputs[0]
            branches = 3 * x.sum() + (hidden + 2 * hidden) + (last + 2 * last) + last / 4
            assert branches < supply < 1.6 * branches
        assert result.unsettled.max() < 1e-4
        assert result.effort.attempts == ("gmin-stepping",)

    def test_starts_do_not_matter(self) -> None:
        """Staircase, single operating points, source stepping and a start from 0 V end in the same currents."""
        design = small_design()
        chip = ProgrammedChip(
            design, design.flat, CODES, VirtualChip(1).shifts(design.flat, design.pdk), design.spec.at
        )
        expected = NgspiceEngine().dc(chip, INPUTS)
        for rung in LADDER:
            other = NgspiceEngine(ladder=(rung,)).dc(chip, INPUTS)
            assert other.outputs[:, 0] == pytest.approx(expected.outputs[:, 0], rel=1e-3), rung.name
        one_by_one = [NgspiceEngine().dc(chip, x[None]).outputs[0, 0] for x in INPUTS]
        assert one_by_one == pytest.approx(expected.outputs[:, 0], rel=1e-4)
        by_program = NgspiceEngine().dc(nominal(design), INPUTS[:2], [CODES, zeros(design)])
        assert abs(by_program.outputs[1, 0]) < 1e-12 < by_program.outputs[0, 0]

    def test_simulated_latches_change_only_the_leakage(self) -> None:
        chip = nominal(small_design(), CODES)
        effect = memory_effect(NgspiceEngine(), chip, INPUTS)
        assert effect.output_change < 1e-5
        assert 1e-12 < effect.latch_current < 50e-12
        whole = NgspiceEngine().dc(replace(chip, memory="transistor"), INPUTS)
        assert whole.effort.attempts == ("gmin-stepping",)

    def test_a_latch_that_does_not_hold_its_state_is_named(self) -> None:
        """Both p transistors always conduct and no n transistor does: the side that is 0 goes to the supply."""
        chip, latch = nominal(small_design(), CODES), "x_matrix_0.x_row_0.x_synapse_1.x_latch_1."
        shifts = {"m_up": -2.0, "m_up_bar": -2.0, "m_down": 2.0, "m_down_bar": 2.0}
        broken = np.array([shifts.get(m.name.removeprefix(latch), 0.0) for m in chip.flat.mos])
        whole = replace(chip, shifts=broken, memory="transistor")
        with pytest.raises(
            ToolError, match=r"1 latches lost their state, the first is x_matrix_0\.x_row_0\.x_synapse_1\.w_1"
        ):
            NgspiceEngine(ladder=LADDER[:1]).dc(whole, INPUTS)

    def test_settling_takes_the_capacitance_times_the_thermal_voltage_over_the_current(self) -> None:
        """10 pF on the rail of a soma with 10 nA: tau = C n U_T / I.

        n U_T is the voltage per e-fold of current, which the settled rail shows; n is 1.7 at 1 nA and grows as the p
        transistors leave weak inversion.
        """
        design = small_design()
        flat = replace(design.flat, capacitors=(Capacitor("load", "vp_0_0", "gnd", 10e-12),))
        period = 1e-3
        inputs = np.array([[9e-9, 0.0], [10e-9, 0.0]])
        run = NgspiceEngine().transient(nominal(design, CODES, flat), inputs, period, ("vp_0_0",))
        window, v = run.window(1), run.voltages["vp_0_0"]
        n_ut = (v[0] - v[-1]) / np.log(10 / 9)
        assert 1.7 * 0.02585 < n_ut < 2.1 * 0.02585
        share = (v[window] - v[0]) / (v[-1] - v[0])
        tau = np.interp(1 - np.exp(-1), share, run.time[window]) - period
        estimate = 10e-12 * n_ut / 9.5e-9
        assert 0.75 * estimate < tau < estimate  # M1 carries more than the input current, by its drain voltage
        assert run.window(0).stop == window.start + 1

    def test_transient_ends_in_the_dc_currents(self) -> None:
        chip = nominal(small_design(), CODES)
        run = NgspiceEngine().transient(chip, INPUTS, 50e-6)
        ends = [run.outputs[run.window(p).stop - 1, 0] for p in range(3)]
        assert ends == pytest.approx(NgspiceEngine().dc(chip, INPUTS).outputs[:, 0], rel=2e-3)


def fake(folder: Path, script: str) -> str:
    """A program in the place of ngspice."""
    program = folder / "fake"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


class TestFailures:
    """Nothing is dropped: another attempt, which the result names, or one line."""

    pytestmark = spice

    def test_the_ladder_is_climbed_and_reported(self) -> None:
        bad = Rung("impossible", "reltol=1e-15 abstol=1e-30 vntol=1e-18")
        chip = nominal(small_design(), CODES)
        result = NgspiceEngine(ladder=(bad, *LADDER)).dc(chip, INPUTS)
        assert result.effort.attempts == ("impossible", "gmin-stepping")
        assert result.effort.rungs == ("gmin-stepping",)
        with pytest.raises(ToolError, match=r"^ngspice: small: no option set gave a result \(impossible: "):
            NgspiceEngine(ladder=(bad,)).dc(chip, INPUTS)

    def test_time_out(self) -> None:
        with pytest.raises(ToolError, match=r"no result in 0\.01 s"):
            NgspiceEngine(timeout_s=0.01, ladder=LADDER[:1]).dc(nominal(small_design(), CODES), INPUTS)

    def test_the_spec_limits_the_time(self, tmp_path: Path) -> None:
        """Key time_limits.ngspice_s, of the whole array, of its parts and its cells."""
        spec = small_design().spec.model_copy(update={"time_limits": TimeLimits(ngspice_s=0.01)})
        chip = nominal(replace(small_design(), spec=spec), CODES)
        assert ColumnReference(chip).limit_s == 0.01
        with pytest.raises(ToolError, match=r"no result in 0\.01 s"):
            NgspiceEngine(ladder=LADDER[:1]).dc(chip, INPUTS)
        with pytest.raises(ToolError, match=r"capacitances of cells: no result in 0\.01 s"):
            capacitance.loads(chip, np.array([1e-8]), np.array([[0.3, 1.4, 0.3]]), (), tmp_path)

    def test_missing_program(self) -> None:
        with pytest.raises(ToolError, match="not installed; run make setup"):
            NgspiceEngine(command="ngspice-that-is-not-there").dc(nominal(small_design(), CODES), INPUTS)

    @pytest.mark.parametrize(
        ("script", "message"),
        [
            ("exit 0", "no data"),
            ("echo 'Error: singular matrix'; exit 1", "exit code 1, Error: singular matrix"),
            ("echo half > $4", "no data .not a binary raw file"),
        ],
    )
    def test_a_simulator_that_lies(self, tmp_path: Path, script: str, message: str) -> None:
        with pytest.raises(ToolError, match=message):
            NgspiceEngine(command=fake(tmp_path, script)).dc(nominal(small_design(), CODES), INPUTS)

    @pytest.mark.parametrize("ending", ["kill -KILL $$", "kill -SEGV $$", "exit 137"])
    def test_a_signal_is_tried_again_with_the_same_options(self, tmp_path: Path, ending: str) -> None:
        """Killed once, the result is the same in every bit; other options would give another."""
        expected = NgspiceEngine().dc(nominal(small_design(), CODES), INPUTS)
        once = fake(tmp_path, f'[ -e {tmp_path}/again ] || {{ touch {tmp_path}/again; {ending}; }}; exec ngspice "$@"')
        found = NgspiceEngine(command=once).dc(nominal(small_design(), CODES), INPUTS)
        assert np.array_equal(found.outputs, expected.outputs)
        assert found.effort.rungs == found.effort.attempts == ("gmin-stepping",)

    @pytest.mark.parametrize(
        ("ending", "runs", "message"),
        [
            ("kill -KILL $$", 2, "small: killed by SIGKILL and SIGKILL (out of memory?); run again"),
            ("sleep 30", 1, "small: no result in 1 s; give it a free processor"),
            ("exit 1", 1, "exit code 1, no message; it does not say that the circuit has no solution: run again"),
            ("echo 'write error: no space left'", 1, "no data (no results), write error: no space left; it does not"),
        ],
    )
    def test_only_a_circuit_without_solution_goes_down_the_ladder(
        self, tmp_path: Path, ending: str, runs: int, message: str
    ) -> None:
        bad = fake(tmp_path, f"echo run >> {tmp_path}/runs; {ending}")
        with pytest.raises(ToolError, match=re.escape(message)):
            NgspiceEngine(command=bad, timeout_s=1).dc(nominal(small_design(), CODES), INPUTS)
        assert (tmp_path / "runs").read_text().split() == ["run"] * runs

    def test_a_spec_whose_time_is_too_short_is_told_its_key(self, tmp_path: Path) -> None:
        design = build(small_design().spec.model_copy(update={"time_limits": TimeLimits(ngspice_s=1)}))
        slow = fake(tmp_path, "sleep 30")
        with pytest.raises(ToolError, match=r"no result in 1 s; .* \(its time: time_limits.ngspice_s\)"):
            NgspiceEngine(command=slow).dc(nominal(design, CODES), INPUTS)

    @pytest.mark.parametrize("reference", [ColumnReference, SynapseReference])
    def test_so_do_columns_and_synapses(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: type[ColumnReference | SynapseReference]
    ) -> None:
        chip = nominal(small_design(), CODES)
        assert set(reference(chip, workers=1).solve(INPUTS).rungs) <= {"direct", "strict"}
        Path(fake(tmp_path, f"echo run >> {tmp_path}/runs; kill -KILL $$")).rename(tmp_path / "ngspice")
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        with pytest.raises(ToolError, match="killed by SIGKILL and SIGKILL"):
            reference(chip, workers=1).solve(INPUTS)
        assert (tmp_path / "runs").read_text().split() == ["run"] * 2

    def test_evidence_is_kept(self, tmp_path: Path) -> None:
        NgspiceEngine(evidence=tmp_path).dc(nominal(small_design(), CODES), INPUTS)
        assert (tmp_path / "small.sp").read_text().startswith("* small\n")
        assert "Total" in (tmp_path / "small.log").read_text()


def test_inputs_must_be_currents_into_the_chip() -> None:
    chip = nominal(small_design(), CODES)
    for bad in (-INPUTS, INPUTS[:, :1], np.full((1, 2), np.nan), INPUTS[:0]):
        with pytest.raises(InputError):
            NgspiceEngine().dc(chip, bad)


def test_raw_files(tmp_path: Path) -> None:
    head = (
        "Title: t\nFlags: real\nNo. Variables: 2\nNo. Points: {}\nVariables:\n\t0\ttime\ttime\n\t1\ti(v)\tcurrent\n"
        "Binary:\n"
    )
    path = tmp_path / "x.raw"
    values = np.arange(6.0)
    path.write_bytes(head.format(3).encode() + values.tobytes())
    names, read = read_raw(path)
    assert names == ["time", "i(v)"]
    assert np.array_equal(read, values.reshape(3, 2))
    for text, body in (
        (head.format(4), values),
        (head.format(3), values[:5]),
        (head.replace("real", "complex"), values),
    ):
        path.write_bytes(text.encode() + body.tobytes())
        with pytest.raises(ValueError, match=r"points|real"):
            read_raw(path)
