"""Tables of readings: whatever is wrong with one is said in one line, with its place."""

import os
from pathlib import Path

import numpy as np
import pytest
from tests.flow.learning.test_characterize import Model, truth
from tests.flow.small import nominal, small_design, zeros

from somaforge.flow.bench import table
from somaforge.flow.bench.expected import doubts, ranges, refuse_unit
from somaforge.flow.bench.round import Round
from somaforge.flow.bench.table import Table, parse
from somaforge.generator.spec import Meter
from somaforge.pdk.errors import InputError

PLAN = "# somaforge plan 0123456789abcdef\n"
GOOD = PLAN + "pattern,output,current_nA\n0,0,1.5\n0,1,2\n1,0,-0.001\n1,1,4e0\n"


def test_a_table() -> None:
    found = parse(GOOD, "t.csv")
    assert found.plan == "0123456789abcdef"
    assert found.currents == pytest.approx(np.array([[1.5e-9, 2e-9], [-1e-12, 4e-9]]))
    assert found.lines.tolist() == [[3, 4], [5, 6]]


def test_a_table_that_a_spreadsheet_saved() -> None:
    """Every line has as many commas as the widest, empty ones, too; lines end as on Windows."""
    lines = GOOD.splitlines()
    found = parse("\r\n".join([lines[0] + ",,", *lines[1:], ",,", "  ", ""]), "t.csv")
    assert found.plan == "0123456789abcdef"
    assert found.currents == pytest.approx(parse(GOOD, "t.csv").currents)


def test_ends_of_lines_of_old_macs_and_what_a_spreadsheet_says_of_separators() -> None:
    assert parse(GOOD.replace("\n", "\r"), "t.csv").lines.tolist() == [[3, 4], [5, 6]]
    found = parse("sep=,\n" + GOOD, "t.csv")
    assert found.lines.tolist() == [[4, 5], [6, 7]]
    semicolons = "sep=;\n" + PLAN.strip() + ";;\n" + GOOD.removeprefix(PLAN).replace(",", ";")
    assert parse(semicolons, "t.csv").currents == pytest.approx(found.currents)
    with pytest.raises(InputError, match="line 3: columns pattern, output, current; needs"):
        parse("sep=,\n" + PLAN + "pattern,output,current\n", "t.csv")


def test_repeats_are_averaged() -> None:
    text = PLAN + "pattern,output,repeat,current_uA\n0,0,1,1.0\n0,0,2,1.2\n"
    found = parse(text, "t.csv")
    assert found.currents[0, 0] == pytest.approx(1.1e-6)
    assert found.apart[0, 0] == pytest.approx(0.2e-6 / np.sqrt(2))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: does not name its plan"),
        ("pattern,output,current_nA\n0,0,1\n", "line 1: does not name its plan"),
        (PLAN, "line 2: columns none"),
        (PLAN + "pattern,output,current\n0,0,1\n", "line 2: columns pattern, output, current; needs"),
        (PLAN + "pattern,output,current_nA,current_A\n", "line 2: columns"),
        (PLAN + "pattern,output,current_nA,who\n0,0,1,x\n", "line 2: unknown or double column who"),
        (PLAN + "pattern,output,current_nA\n", "no readings"),
        (PLAN + "pattern,output,current_nA\n0,0,1\n0,0,2\n", "line 4: pattern 0, output 0 stands in line 3 too"),
        (PLAN + "pattern,output,current_nA\n0,0,\n", "line 3: no current of pattern 0, output 0"),
        (PLAN + "pattern,output,current_nA\n0,0,OVERFLOW\n", "line 3: 'OVERFLOW' is no current"),
        (PLAN + "pattern,output,current_nA\n0,0,nan\n", "line 3: 'nan' is no current; a reading out of range"),
        (PLAN + "pattern,output,current_nA\n0,0,inf\n", "out of range"),
        (PLAN + "pattern,output,current_nA\n-1,0,1\n", "line 3, column pattern: '-1'"),
        (PLAN + "pattern,output,current_nA\n0,0\n", "line 3: 2 columns, the head has 3"),
        (PLAN + "pattern,output,current_nA\n999999,999999,1\n", "999999, but 1 readings"),
        (PLAN + "pattern,output,current_nA\n0,0,1_0\n", "line 3: '1_0' is no current"),
        (PLAN + "pattern,output,current_nA\n0,0,\uff11\n", "is no current"),
        (PLAN + "pattern,output,current_mA\n0,0,2e3\n", "line 3: 2 A is no current of a chip; is the unit right?"),
        (PLAN + f"pattern,output,current_nA\n0,0,{'1' * 200_000}\n", "line 3: not CSV (field larger than"),
        (GOOD.replace("0,1,2", '0,1,"2'), "line 4: not CSV (unexpected end of data)"),
    ],
)
def test_what_is_wrong_is_named(text: str, words: str) -> None:
    with pytest.raises(InputError, match=r"t\.csv") as found:
        parse(text, "t.csv")
    assert words in str(found.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not a text file"):
        table.read(tmp_path / "t.csv")
    with pytest.raises(InputError, match="cannot read"):
        table.read(tmp_path / "none.csv")


def asked(patterns: int = 4) -> Round:
    chip = nominal(small_design((2, 2, 2)))
    inputs = 1e-9 * np.arange(1, 1 + 2 * patterns).reshape(patterns, 2)
    return Round.of(chip, inputs, [zeros(chip.design)] * patterns)


def filled(of: Round, currents: np.ndarray, apart: float = 0.0) -> Table:
    lines = np.arange(3, 3 + currents.size).reshape(currents.shape)
    return Table("t.csv", of.digest, currents, np.full(currents.shape, apart), lines)


def test_a_round_wants_its_own_table_whole() -> None:
    wanted, currents = asked(), 1e-9 * np.arange(1.0, 9.0).reshape(4, 2)
    filled(wanted, currents).require(wanted, 1)
    other = asked(3)
    with pytest.raises(InputError, match=f"readings of plan {other.digest}, round 1 of this spec is {wanted.digest}"):
        filled(other, currents).require(wanted, 1)
    with pytest.raises(InputError, match="readings for 3 patterns of 2 outputs, the plan has 4 of 2"):
        filled(wanted, currents[:3]).require(wanted, 1)
    with pytest.raises(
        InputError, match="line 11: a reading that nobody asked for: patterns are 0 to 3, outputs 0 to 1"
    ):
        filled(wanted, np.vstack([currents, currents[:1]])).require(wanted, 1)
    lines = np.array([[3, 4, 0], [6, 7, 5], [8, 9, 0], [10, 11, 0]])
    with pytest.raises(InputError, match="line 5: a reading that nobody asked for"):
        Table("t.csv", wanted.digest, np.ones((4, 3)), np.zeros((4, 3)), lines).require(wanted, 1)
    holed = currents.copy()
    holed[2, 1] = np.nan
    with pytest.raises(InputError, match=r"no reading of pattern 2, output 1 \(1 missing\)"):
        filled(wanted, holed).require(wanted, 1)


def test_a_meter_at_the_end_of_its_range_is_seen() -> None:
    wanted, currents = asked(), 1e-9 * np.arange(1.0, 9.0).reshape(4, 2)
    with pytest.raises(InputError, match="line 7: 4 readings are all 5e-09 A"):
        filled(wanted, np.minimum(currents, 5e-9)).require(wanted, 1)


def test_the_same_pattern_twice_is_not_saturated() -> None:
    chip = nominal(small_design((2, 2, 2)))
    again = Round.of(chip, np.full((4, 2), 1e-9), [zeros(chip.design)] * 4)
    filled(again, np.full((4, 2), 3e-9)).require(again, 1)


def test_the_same_way_through_the_chip_twice_is_not_saturated() -> None:
    """Paths side by side: an output's current is that of its own path, however the others go."""
    chip = nominal(small_design((2, 2, 2)))
    programs = []
    for other in (0, 3, 7):
        program = zeros(chip.design)
        program[0][0, 0] = program[1][0, 0] = 7
        program[0][1, 1] = program[1][1, 1] = other
        programs.append(program)
    several = Round.of(chip, np.full((3, 2), 1e-9), programs)
    currents = np.array([[5e-9, 0.0], [5e-9, 1e-9], [5e-9, 2e-9]])
    filled(several, currents).require(several, 1)
    with pytest.raises(InputError, match="3 readings are all 5e-09 A"):
        filled(several, currents[:, ::-1]).require(several, 1)


def test_a_meter_with_its_sign_turned_round_is_seen() -> None:
    wanted, currents = asked(), 1e-9 * np.arange(1.0, 9.0).reshape(4, 2)
    with pytest.raises(InputError, match=r"line 10: -8e-09 A, .* sign is turned round"):
        filled(wanted, -currents).require(wanted, 1)
    filled(wanted, np.where(currents > 7e-9, -2e-11, currents)).require(wanted, 1)
    filled(wanted, np.full((4, 2), -1e-11)).require(wanted, 1)


def population() -> tuple[np.ndarray, Round]:
    wanted = asked()
    chips = [Model(truth((2, 2, 2), 3, seed=s)) for s in range(6)]
    chip = nominal(wanted.design)
    full = tuple(np.full((2, 2), 7) for _ in range(2))
    return np.array([c.dc(chip, wanted.inputs, [full] * 4).outputs for c in chips]), wanted


def test_what_is_no_file_is_no_table(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, words in (
        (tmp_path / "pipe", "not a file"),
        (tmp_path, "cannot read|not a file"),
        (Path("/dev/zero"), "not a file"),
    ):
        with pytest.raises(InputError, match=words):
            table.read(path)


def test_readings_out_of_range_are_named() -> None:
    currents, wanted = population()
    expected = ranges(currents[1:], Meter())
    assert doubts(filled(wanted, currents[0]), wanted, expected, Meter()) == ()
    wrong = currents[0].copy()
    wrong[2, 1] *= 20
    (found,) = doubts(filled(wanted, wrong), wanted, expected, Meter())
    assert str(found).startswith("t.csv, line 8: pattern 2, output 1: ")


@pytest.mark.parametrize("factor", [1e3, 25.0, 0.1, 1e-3])
def test_another_unit_or_gain_is_refused(factor: float) -> None:
    currents, wanted = population()
    with pytest.raises(InputError, match=r"line 2: readings are in the middle .*unit"):
        refuse_unit(filled(wanted, factor * currents[0]), ranges(currents, Meter()))


def test_twice_as_much_is_doubtful_and_kept() -> None:
    currents, wanted = population()
    assert doubts(filled(wanted, 2 * currents[0]), wanted, ranges(currents, Meter()), Meter())


def test_repeats_that_differ_are_named() -> None:
    currents, wanted = population()
    found = doubts(filled(wanted, currents[0], apart=1e-9), wanted, ranges(currents, Meter()), Meter())
    assert len(found) == currents[0].size
    assert "repeats differ by 1e-09 A" in str(found[0])
