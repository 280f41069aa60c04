"""Levels at the pins: a frame by hand, and the same frames as the Verilog bench plays them, in the control itself."""

from pathlib import Path

import pytest
from tests.flow.control.test_control import SPEC, words

from somaforge.flow.control.simulation import Script, run
from somaforge.flow.measure.sequence_pins import AWAKE_CLOCKS, BETWEEN_CLOCKS, RESET_CLOCKS, PinScript
from somaforge.generator import control as c
from somaforge.generator.control import Control, Frame
from somaforge.generator.design import build
from somaforge.generator.spec import parse_spec


def test_a_frame_by_hand() -> None:
    """0x13 is 0001 0011: eight bits of four clocks, two of cs_n before and after, twelve until the next frame."""
    script = PinScript()
    start = RESET_CLOCKS + AWAKE_CLOCKS
    assert script.clocks == start
    script.send([Frame(c.STOP)])
    assert script.clocks == start + 2 + 8 * 4 + 2 + BETWEEN_CLOCKS
    assert script.changes["rst_n"] == [(0, False), (RESET_CLOCKS, True)]
    assert script.changes["cs_n"] == [(0, True), (start, False), (start + 36, True)]
    first = start + 2
    rises = [at for at, level in script.changes["sck"] if level]
    assert rises == [first + 2 + 4 * k for k in range(8)]
    assert script.changes["mosi"] == [
        (0, False), (first + 12, True), (first + 16, False), (first + 24, True)
    ]  # fmt: skip


def test_nibbles_go_beside_the_commands_bits() -> None:
    script = PinScript()
    script.send([Frame(c.PORT | c.NIBBLES, (0b1010,))])
    at = script.changes["sck"][-1][0] - 4
    assert [script.changes[f"nibble_{k}"] for k in range(4)] == [
        [(0, False)], [(0, False), (at, True)], [(0, False)], [(0, False), (at, True)]
    ]  # fmt: skip


@pytest.mark.needs_iverilog
def test_frames_take_the_clocks_that_the_papers_count(tmp_path: Path) -> None:
    """The same frames in Verilog at this pace write the words of a pattern: read back they are what was sent."""
    control = Control.of(build(parse_spec(SPEC, "test")))
    wanted = words(control.pattern.rows, control.pattern.width, seed=5)
    frames = c.write_words(wanted, pattern=True, nibbles=True)
    pins, script = PinScript(), Script()
    before = pins.clocks
    pins.send(frames)
    assert pins.clocks - before == c.clocks(frames, per_bit=4, between=4 + BETWEEN_CLOCKS)
    script.pace(pins.per_half_bit)
    script.send_all(frames)
    script.pace(4)
    answers = script.send_all(c.read_words(control.pattern.rows, control.pattern.width, True))
    log = run(control, script, tmp_path)
    read = [log.word(a) for a in answers[control.pattern.rows + 1 :][1::2]]
    assert read == wanted
