"""A board whose chip is simulated: everything that it can do, through its firmware, and through a bad cable."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from somaforge.flow.bench.board import Board
from somaforge.flow.bench.cosim import CLOCK_HZ, Answered, Asked, SimulatedPins
from somaforge.flow.bench.firmware.wire import Wire, opened, sealed
from somaforge.flow.bench.link import Link
from somaforge.flow.bench.model import REFEREE_S
from somaforge.flow.bench.streams import Near
from somaforge.generator.control import Control
from somaforge.generator.design import Design, build
from somaforge.generator.spec import parse_spec
from somaforge.pdk.errors import InputError, ToolError

SPEC = {
    "name": "proto",
    "array": {"layers": [5, 4, 3], "bits": 3, "port": "scan"},
    "network": {"layers": [4, 4, 3]},
    "input": {"full_scale_A": 325e-9},
    "chips": {"seeds": [1]},
    "chip": {"drivers": {"bits": 6}},
}


def design(**change: object) -> Design:
    return build(parse_spec({**SPEC, **change}, "test"))


class Analog:
    """Remembers what it was asked, answers what it is told."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answer = Answered(0b010, True, 2e-6, 10e-6)

    def __call__(self, asked: Asked) -> Answered:
        self.asked.append(asked)
        return self.answer


@contextmanager
def chip(folder: Path, analog: Analog, lost: float = 0.0, plusargs: tuple[str, ...] = ()) -> Iterator[Link]:
    with SimulatedPins(Control.of(design()), analog, folder, plusargs=plusargs) as pins:
        wire = Wire(pins, "virtual", CLOCK_HZ)
        yield Link(Near(wire.line, lost), timeout_s=0.01)


def codes(seed: int = 1) -> tuple[np.ndarray, ...]:
    draw = np.random.default_rng(seed)
    return tuple(draw.integers(-7, 8, shape) for shape in ((5, 4), (4, 3)))


@pytest.mark.needs_iverilog
def test_everything_that_a_board_can_do(tmp_path: Path) -> None:
    analog = Analog()
    with chip(tmp_path, analog) as link:
        board = Board(link, Control.of(design()))
        assert (board.name, board.clock_hz) == ("virtual", CLOCK_HZ)
        board.write(codes())
        assert board.wrong_bits(codes()) == []
        other = (codes()[0], codes(2)[1])
        assert all(bit.matrix == 1 for bit, _, _ in board.wrong_bits(other))
        assert board.wrong_bits(other)
        board.load(np.array([[1, 2, 3, 4, 5], [7, 6, 0, 0, 1]]))
        decision = board.decide(5e-6)
        assert decision.winner == 1
        assert decision.race_s == pytest.approx(2e-6 + REFEREE_S, abs=3 / CLOCK_HZ)
        analog.answer = Answered(0b011, False, 2e-6)
        board.configure(ratio=8, reference=True, selected=2)
        analog.answer = Answered(period_s=10e-6)
        count = board.count(3)
        assert (count.pulses, count.whole) == (8, True)
        assert count.period_s == pytest.approx(10e-6, rel=0.01)
    first, second = analog.asked
    assert (first.selected, first.ratio, first.reference) == (None, 4, False)
    assert (second.selected, second.ratio, second.reference) == (2, 8, True)
    # row 0 of the pattern: code 1 is bit 0 of the first input's three latches and sign
    assert first.pattern[0][:8] == (1, 0, 0, 0, 0, 1, 0, 0)


@pytest.mark.needs_iverilog
def test_a_tie_is_no_winner_and_silence_no_count(tmp_path: Path) -> None:
    analog = Analog()
    with chip(tmp_path, analog) as link:
        board = Board(link, Control.of(design()))
        analog.answer = Answered(0b011, False, 2e-6)
        assert board.decide(1e-6).winner is None
        analog.answer = Answered(0b100, True, 1e-6)
        assert board.decide(1e-6).winner == 2  # nothing of the tie is left
        analog.answer = Answered()
        silence = board.count(0, limit_ms=3)
        assert (silence.pulses, silence.whole, silence.period_s) == (0, False, float("inf"))


@pytest.mark.needs_iverilog
def test_a_stuck_latch_is_named(tmp_path: Path) -> None:
    control = Control.of(design())
    place = next(p for p in range(control.weights.width) if control.weights.bit_at(3, p) is not None)
    with chip(tmp_path, Analog(), plusargs=("+stuck_row=3", f"+stuck_place={place}", "+stuck_value=1")) as link:
        board = Board(link, control)
        zeros = (np.zeros((5, 4), dtype=np.int64), np.zeros((4, 3), dtype=np.int64))
        board.write(zeros)
        assert board.wrong_bits(zeros) == [(control.weights.bit_at(3, place), 0, 1)]


@pytest.mark.needs_iverilog
def test_a_byte_in_a_thousand_gets_lost_and_nothing_is_wrong(tmp_path: Path) -> None:
    with chip(tmp_path, Analog(), lost=0.001) as link:
        board = Board(link, Control.of(design()))
        for seed in range(4):
            board.write(codes(seed))
            assert board.wrong_bits(codes(seed)) == []
        assert link.repeats > 0


@pytest.mark.needs_iverilog
def test_another_chip_is_refused(tmp_path: Path) -> None:
    array = {"layers": [6, 4, 3], "bits": 3, "port": "scan"}
    with chip(tmp_path, Analog()) as link, pytest.raises(InputError, match="the chip is version 1, 3 outputs"):
        Board(link, Control.of(design(array=array)))


class Deaf:
    """Pins with nothing behind them."""

    def write(self, byte: int) -> None:
        """Nowhere."""

    def read(self) -> int:
        """All low."""
        return 0

    def reset(self) -> None:
        """Nothing."""

    def milliseconds(self) -> int:
        return 0


def test_a_chip_that_is_not_there_is_said_so() -> None:
    with pytest.raises(ToolError, match="answers 00000000"):
        Board(Link(Near(Wire(Deaf(), "deaf", 1).line)), Control.of(design()))


def test_nobody_answers() -> None:
    with pytest.raises(ToolError, match="no answer, 4 times"):
        Link(Near(lambda line: "", lost=1.0)).hello()


def test_another_protocol_is_refused() -> None:
    def old(line: str) -> str:
        return sealed(opened(line).split(" ")[0] + " ok somaforge 0 old 1")

    with pytest.raises(InputError, match="protocol 0, this somaforge speaks 1"):
        Link(Near(old)).hello()


@pytest.mark.parametrize("clock", ["x", "0", "-1"])
def test_a_clock_that_is_none_is_refused(clock: str) -> None:
    def odd(line: str) -> str:
        return sealed(opened(line).split(" ")[0] + f" ok somaforge 1 odd {clock}")

    with pytest.raises(InputError, match="its clock has"):
        Link(Near(odd)).hello()


@pytest.mark.parametrize("answer", ["", "-", "2", "1" * 31, "1" * 32 + ",1", "\x00"])
def test_answers_that_can_be_none_are_refused(answer: str) -> None:
    def odd(line: str) -> str:
        number, verb, *_ = opened(line).split(" ")
        return sealed(f"{number} ok " + {"hello": "somaforge 1 odd 1", "send": answer}.get(verb, ""))

    with pytest.raises(ToolError, match="is no answer to 4 frames"):
        Board(Link(Near(odd)), Control.of(design()))


def test_a_board_that_never_stops_is_left() -> None:
    class Chatty:
        def write(self, data: bytes) -> None:
            """Nobody listens."""

        def read_line(self, timeout_s: float) -> bytes:
            return f"{sealed('77 ok')}\n".encode()

    with pytest.raises(ToolError, match="100 lines that belong to no question"):
        Link(Chatty()).hello()


def test_a_prompt_that_says_what_it_hears_is_no_board() -> None:
    with pytest.raises(ToolError, match="answers 'hello', neither ok nor error, or says again what it hears"):
        Link(Near(lambda line: line)).hello()


def test_a_pulled_cable() -> None:
    class Gone:
        def write(self, data: bytes) -> None:
            raise OSError("no such device")

        def read_line(self, timeout_s: float) -> bytes:
            return b""

    with pytest.raises(ToolError, match="connection is gone"):
        Link(Gone()).hello()


@pytest.mark.parametrize("words", ["", "what", "send", "send zz:0", "send 10:2", "wait x", "send 100:"])
def test_the_firmware_refuses_what_it_does_not_understand(words: str) -> None:
    wire = Wire(Deaf(), "deaf", 1)
    assert " error " in opened(wire.line(sealed(f"1 {words}")))
    assert opened(wire.line(sealed("2 hello"))) == "2 ok somaforge 1 deaf 1"


def test_a_line_that_comes_twice_is_done_once() -> None:
    class Counting(Deaf):
        resets = 0

        def reset(self) -> None:
            self.resets += 1

    pins = Counting()
    wire = Wire(pins, "deaf", 1)
    first = wire.line(sealed("7 reset"))
    assert wire.line(sealed("7 reset")) == first
    assert pins.resets == 1
    assert opened(wire.line(sealed("8 reset")[:-1] + "x")).startswith("- error checksum")
