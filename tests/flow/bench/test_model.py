"""The fast model of the control does at its pins what the Verilog does, frame by frame."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.flow.bench.test_board import Analog, codes, design

from somaforge.flow.bench.board import Board
from somaforge.flow.bench.cosim import CLOCK_HZ, Answered, SimulatedPins
from somaforge.flow.bench.firmware.wire import Wire
from somaforge.flow.bench.link import Link
from somaforge.flow.bench.model import REFEREE_S, ModelPins
from somaforge.flow.bench.streams import Near
from somaforge.generator import control as c
from somaforge.generator.control import Control, Frame
from somaforge.generator.design import build
from somaforge.generator.spec import load_spec


def frames(control: Control, seed: int) -> list[Frame]:
    """Everything that can be sent, in a random order, but for what depends on the time that a look takes."""
    draw = np.random.default_rng(seed)

    def word(width: int) -> list[int]:
        return [int(b) for b in draw.integers(0, 2, width)]

    weights, pattern = control.weights, control.pattern
    found: list[Frame] = [
        *c.write_words([word(weights.width) for _ in range(weights.rows)]),
        *c.write_words([word(pattern.width) for _ in range(pattern.rows)], pattern=True, nibbles=True),
    ]
    for _ in range(12):
        kind = int(draw.integers(0, 7))
        if kind == 0:
            found += c.read_words(weights.rows, weights.width)
        elif kind == 1:
            found += c.read_words(pattern.rows, pattern.width, pattern=True)
        elif kind == 2:
            selected = int(draw.integers(0, 3))
            found.append(c.configure(int(draw.integers(0, 16)), bool(draw.integers(0, 2)), selected=selected))
        elif kind == 3:
            found.append(Frame(int(draw.choice([0x00, 0x07, 0x13, 0x33])), tuple(word(int(draw.integers(0, 40))))))
        elif kind == 4:
            found.append(c.row(word(weights.width), int(draw.integers(0, 16)) & ~c.ROW_IN))
        elif kind == 5:
            found.append(Frame(c.CONFIGURE, tuple(word(int(draw.integers(0, 30))))))
        else:
            found += [c.ask(which) for which in (c.IDENTITY, c.WEIGHTS, c.PATTERN, c.STATUS, c.TICKS, c.PULSES)]
    return [*found, c.ask(c.STATUS)]


def answers(wire: Wire, sent: Sequence[Frame]) -> list[str]:
    return [wire.frame(f"{f.command:02x}:" + "".join(f"{v:x}" for v in f.payload)) for f in sent]


@pytest.mark.needs_iverilog
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_frames_are_answered_alike(seed: int, tmp_path: Path) -> None:
    control = Control.of(design())
    sent = frames(control, seed)
    with SimulatedPins(control, Analog(), tmp_path) as pins:
        verilog = answers(Wire(pins, "verilog", CLOCK_HZ), sent)
    model = answers(Wire(ModelPins(control, Analog()), "model", CLOCK_HZ), sent)
    different = [(f, a, b) for f, a, b in zip(sent, model, verilog, strict=True) if a != b]
    assert different == []


def model(analog: Analog, stuck: tuple[int, int, int] | None = None) -> Board:
    control = Control.of(design())
    return Board(Link(Near(Wire(ModelPins(control, analog, stuck), "model", CLOCK_HZ).line)), control)


@pytest.mark.parametrize(
    ("answer", "winner"),
    [(Answered(0b001, True, 2e-6), 0), (Answered(0b100, True, 60e-6), 2), (Answered(0b101, False, 1e-6), None)],
)
def test_decisions(answer: Answered, winner: int | None) -> None:
    analog = Analog()
    analog.answer = answer
    found = model(analog).decide(5e-6)
    assert found.winner == winner
    if winner is not None:
        assert found.race_s == pytest.approx(answer.race_s + REFEREE_S, abs=3 / CLOCK_HZ)


@pytest.mark.parametrize("period_s", [300e-9, 10e-6, 15e-3])
def test_counts(period_s: float) -> None:
    analog = Analog()
    analog.answer = Answered(period_s=period_s)
    board = model(analog)
    board.configure(4, False, 1)
    count = board.count(2)
    assert (count.pulses, count.whole) == (4, True)
    assert count.period_s == pytest.approx(period_s, abs=1 / CLOCK_HZ)
    assert analog.asked[-1].selected == 1


def test_silence_is_no_pulse() -> None:
    analog = Analog()
    analog.answer = Answered()
    found = model(analog).count(0, limit_ms=20)
    assert (found.pulses, found.whole) == (0, False)


def test_a_stuck_latch_is_read_back() -> None:
    control = Control.of(design())
    place = next(p for p in range(control.weights.width) if control.weights.bit_at(2, p) is not None)
    board = model(Analog(), (2, place, 1))
    zeros = tuple(np.zeros_like(m) for m in codes())
    assert board.wrong_bits_after(zeros) == [(control.weights.bit_at(2, place), 0, 1)]


class Counting(ModelPins):
    """Counts what a microcontroller does to its pins."""

    touched = 0

    def write(self, byte: int) -> None:
        self.touched += 1
        super().write(byte)

    def read(self) -> int:
        self.touched += 1
        return super().read()


def test_a_reading_takes_some_hundred_pins() -> None:
    """By hand: 16 edges of a command, 3 of each payload bit that is answered; 2 frames of 16, 3 of 32. At 30 us a pin
    in MicroPython 15 ms: less than the patience with a dark output, so a PIO would not be felt."""
    analog, control = Analog(), Control.of(design())
    analog.answer = Answered(period_s=1e-6)
    pins = Counting(control, analog)
    board = Board(Link(Near(Wire(pins, "model", CLOCK_HZ).line)), control)
    pins.touched = 0
    board.configure(8, False, 1)
    assert board.count(4).whole
    by_hand = 5 * (16 + 5) + 3 * (2 * 16 + 3 * 32)
    assert pins.touched == pytest.approx(by_hand, rel=0.05)
    assert pins.touched * 30e-6 < 20e-3


def test_what_docs_say_of_the_prototype() -> None:
    spec = load_spec(Path(__file__).parents[3] / "examples/prototype.yaml")
    analog, control = Analog(), Control.of(build(spec))
    pins = Counting(control, analog)
    board = Board(Link(Near(Wire(pins, "model", CLOCK_HZ).line)), control)
    weights = tuple(np.ones((7, 7), dtype=np.int64) for _ in range(2))
    touched = []
    for use in (
        lambda: board.load(np.ones((2, 7), dtype=np.int64)),
        lambda: board.write(weights),
        lambda: board.wrong_bits(weights),
        lambda: board.decide(20e-6),
    ):
        pins.touched = 0
        use()
        touched.append(pins.touched)
    assert touched == [133, 1491, 1638, 305], touched
