"""Tables that are no chip's: exchanged leads, shifted rows, nothing connected; a chip with a dead soma is one."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.flow.bench.test_plan import LAYERS, ranges_of, spec, worked_through
from tests.flow.learning.test_characterize import Model, truth

from somaforge.flow.bench import chip
from somaforge.flow.bench.expected import Expected, ranges
from somaforge.flow.bench.folder import write
from somaforge.flow.bench.mixed_up import refuse_mixed_up, refuse_silent
from somaforge.flow.bench.round import Round
from somaforge.flow.bench.table import Table
from somaforge.flow.commands import tester
from somaforge.generator.spec import Meter
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

PATHS = 1e-9 * np.array(
    [
        [5, 0, 0],
        [0, 9, 0],
        [0, 0, 16],
        [0, 30, 2],
        [60, 0, 0],
        [0, 0, 100],
        [7, 4, 0],
        [0, 50, 0],
        [20, 0, 3],
        [0, 8, 12],
    ]
)
"""What outputs give, pattern by pattern, when one path or two are open at a time."""


def refused(currents: Floats) -> None:
    shape = currents.shape
    table = Table("t.csv", "0", currents, np.zeros(shape), 3 + np.arange(currents.size).reshape(shape))
    expected = Expected(0.5 * PATHS - 1e-12, np.maximum(PATHS, 1e-12), 2 * PATHS + 1e-12)
    refuse_mixed_up(table, expected)
    refuse_silent(table, expected)


def test_no_healthy_chip_is_refused_nor_one_that_is_dead_somewhere() -> None:
    """Forty chips in both rounds, beside ranges of eight others; then without one of their outputs."""
    wanted, first = spec(), chip.first_round(spec())
    weights = chip.simulated(wanted, Model(truth(LAYERS, 2)), chip.blank_chip(wanted), 1).weights
    assert weights is not None
    inputs = np.random.default_rng(0).uniform(0, 100e-9, (30, LAYERS[0]))
    second = Round.of(chip.blank_chip(wanted), inputs, [weights.codes] * len(inputs))
    for asked in (first, second):
        programs = [asked.programs[i] for i in asked.weights]
        read = np.array([
            Model(truth(LAYERS, 2, seed=s)).dc(chip.blank_chip(wanted), asked.inputs, programs).outputs
            for s in range(48)
        ])  # fmt: skip
        expected = ranges(read[:8], Meter())
        for currents in read[8:]:
            for dead in (None, 0, 2):
                values = currents.copy()
                if dead is not None:
                    values[:, dead] = 0.0
                table = Table("t.csv", asked.digest, values, np.zeros(values.shape), np.ones(values.shape, dtype=int))
                refuse_mixed_up(table, expected)
                refuse_silent(table, expected)


def test_what_a_chip_may_be_like_is_not_refused() -> None:
    refused(PATHS)
    dead, weak = PATHS.copy(), PATHS.copy()
    dead[:, 1] = 0.0
    weak[:, 2] *= 0.1
    refused(dead)
    refused(weak)
    refused(3 * PATHS)


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ([1, 0, 2], "output 0 reads what output 1 should, output 1 reads what output 0 should, in all patterns: leads"),
        ([1, 2, 0], "output 0 reads what output 1 should, output 1 reads what output 2 should"),
    ],
)
def test_exchanged_outputs_are_named(order: list[int], words: str) -> None:
    with pytest.raises(InputError, match=f"t.csv: {words}"):
        refused(PATHS[:, order])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda flat: np.roll(flat, 1), "line 3: .* one reading late"),
        (lambda flat: np.roll(flat, -1), "line 3: .* one reading early"),
        (lambda flat: np.roll(flat, 3), "line [3-5]: .* one pattern late"),
        (lambda flat: np.roll(flat, -3), "line [3-5]: .* one pattern early"),
        (lambda flat: np.concatenate([flat[:7], [0.0], flat[7:-1]]), "line 11: .* one reading late"),
        (lambda flat: np.concatenate([flat[:9], flat[12:], flat[9:12]]), "line 1[0-2]: .* one pattern early"),
    ],
)
def test_shifted_rows_are_named(change: Callable[[Floats], Floats], words: str) -> None:
    with pytest.raises(InputError, match=words):
        refused(change(PATHS.reshape(-1)).reshape(PATHS.shape))


def test_a_meter_that_is_not_connected() -> None:
    with pytest.raises(InputError, match=r"no reading is larger than 1e-12 A, 1e-07 A is expected .* connected"):
        refused(np.full(PATHS.shape, 1e-12))


def test_a_meter_that_is_lost_on_the_way() -> None:
    lost = PATHS.copy()
    lost[6:] = 1e-13
    with pytest.raises(InputError, match="line 21: from here on nothing is read, of no output"):
        refused(lost)
    lost[6:, 0] = PATHS[6:, 0]  # one output goes on
    refused(lost)


def tabled(path: Path, readings: Callable[[list[str]], list[str]]) -> None:
    head, lines = path.read_text().splitlines()[:2], path.read_text().splitlines()[2:]
    path.write_text("\n".join([*head, *readings(lines)]) + "\n")


def test_the_command_names_the_table_and_says_first_what_is_doubtful(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Levels in another order: no calibration comes out of them, and the line says of which table."""
    wanted, planted = spec(), truth(LAYERS, 2)
    first = chip.first_round(wanted)
    done = worked_through(write(tmp_path / "plan", wanted, first, ranges_of(wanted, first), 1), planted)
    monkeypatch.setattr("somaforge.flow.bench.expected.expected", ranges_of)
    conditions: dict[str, str | float | None] = {"chip": "a", "temperature_C": 27.0, "supply_V": 1.8, "board": ""}

    def turned(lines: list[str]) -> list[str]:
        """What is large is small, as if levels had been set in another order."""
        cells = [(place, float(value)) for place, value in (line.rsplit(",", 1) for line in lines)]
        large = [value for _, value in cells if value > 0.01 * max(v for _, v in cells)]
        middle = float(np.median(large)) ** 2
        return [f"{place},{middle / value if value in large else value}" for place, value in cells]

    tabled(done, turned)
    with pytest.raises(InputError, match=rf"^{done}: readings of no chip \(calibration: .*; measure again"):
        tester.measured(wanted, (done,), None, tmp_path / "chips", conditions, 2, False)
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"doubtful  {done}, line ")
    assert not (tmp_path / "chips").exists()
