"""A control whose pattern goes through several registers at once."""

from pathlib import Path

import numpy as np
import pytest

from somaforge.flow.control.simulation import Script, run
from somaforge.generator import control as c
from somaforge.generator.control import Control
from somaforge.generator.design import build
from somaforge.generator.spec import parse_spec
from somaforge.generator.submission.papers import per_pattern

pytestmark = pytest.mark.needs_iverilog
SPEC = {
    "name": "lanes",
    "array": {"layers": [5, 3, 3], "bits": 3, "port": "scan"},
    "network": {"layers": [5, 3, 3]},
    "input": {"full_scale_A": 325e-9},
    "chips": {"seeds": [1]},
    "chip": {"drivers": {"bits": 4, "bank": 1, "lanes": 3}},
}
WORD = tuple[int, ...]


@pytest.fixture(scope="module")
def control() -> Control:
    return Control.of(build(parse_spec(SPEC, "test")))


def read_back(control: Control, script: Script, folder: Path, pattern: bool) -> list[WORD]:
    """Every word of a port, bit by bit: lanes one behind the other are one register then."""
    memory = control.pattern if pattern else control.weights
    answers = script.send_all(c.read_words(memory.rows, memory.width, pattern))[memory.rows + 1 :][1::2]
    log = run(control, script, folder)
    return [log.word(answer) for answer in answers]


def words(rows: int, width: int) -> list[WORD]:
    draw = np.random.default_rng(5)
    return [tuple(int(b) for b in draw.integers(0, 2, width)) for _ in range(rows)]


def test_five_banks_in_three_lanes(control: Control) -> None:
    """Two banks of four bits in each, the last lane has one: 8 bits a row instead of 20."""
    assert control.lanes == (8, 8, 4)
    assert per_pattern(control) == 2 * ((8 + 8) * 4 + 12)


@pytest.mark.parametrize("lanes", [False, True], ids=["bits", "lanes"])
def test_patterns_are_written_and_read_back(control: Control, lanes: bool, tmp_path: Path) -> None:
    wanted = words(control.pattern.rows, control.pattern.width)
    script = Script()
    script.pace(2 if lanes else 4)
    script.send_all(c.write_words(wanted, pattern=True)[: control.pattern.rows + 1])
    for word in wanted:
        script.send(c.lane_row(control, word, c.WRITE | c.STEP) if lanes else c.row(word, c.WRITE | c.STEP, True))
    script.pace(4)
    assert read_back(control, script, tmp_path, True) == wanted


def test_lanes_that_are_swapped_are_seen(control: Control, tmp_path: Path) -> None:
    wanted = words(control.pattern.rows, control.pattern.width)
    swapped = [(*word[8:16], *word[:8], *word[16:]) for word in wanted]
    script = Script()
    script.send_all(c.write_words(wanted, pattern=True)[: control.pattern.rows + 1])
    script.send_all([c.lane_row(control, word, c.WRITE | c.STEP) for word in swapped])
    assert read_back(control, script, tmp_path, True) == swapped != wanted


def test_weights_go_bit_by_bit(control: Control, tmp_path: Path) -> None:
    wanted = words(control.weights.rows, control.weights.width)
    script = Script()
    script.send_all(c.write_words(wanted))
    memory = control.weights
    answers = script.send_all(c.read_words(memory.rows, memory.width))[memory.rows + 1 :][1::2]
    log = run(control, script, tmp_path)
    for row, (word, answer) in enumerate(zip(wanted, answers, strict=True)):
        there = [p for p in range(memory.width) if memory.bit_at(row, p) is not None]
        assert [log.bits[answer][p] for p in there] == [str(word[p]) for p in there]


def test_a_control_without_lanes_has_no_such_frames() -> None:
    data = {**SPEC, "chip": {"drivers": {"bits": 4}}}
    plain = Control.of(build(parse_spec(data, "test")))
    with pytest.raises(ValueError, match="the control has no lanes"):
        c.lane_row(plain, [0] * plain.pattern.width, 0)
