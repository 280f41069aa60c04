"""The control through its serial pins: weights and patterns out and back, decisions, measurements, broken frames."""

from pathlib import Path

import numpy as np
import pytest

from somaforge.flow.control.simulation import Log, Script, View, run
from somaforge.generator import control as c
from somaforge.generator.control import Control, Frame
from somaforge.generator.design import build
from somaforge.generator.spec import parse_spec
from somaforge.pdk.errors import InputError, ToolError

pytestmark = pytest.mark.needs_iverilog
SPEC = {
    "name": "proto",
    "array": {"layers": [5, 4, 3], "bits": 3, "port": "scan"},
    "network": {"layers": [4, 4, 3]},
    "input": {"full_scale_A": 325e-9},
    "chips": {"seeds": [1]},
    "chip": {"drivers": {"bits": 6}},
}


@pytest.fixture(scope="module")
def control() -> Control:
    return Control.of(build(parse_spec(SPEC, "test")))


def words(rows: int, width: int, seed: int) -> list[tuple[int, ...]]:
    draw = np.random.default_rng(seed)
    return [tuple(int(b) for b in draw.integers(0, 2, width)) for _ in range(rows)]


def real(control: Control, word: tuple[int, ...], row: int) -> list[int]:
    """Bits of a word that have a latch."""
    return [bit for place, bit in enumerate(word) if control.weights.bit_at(row, place) is not None]


def test_identity_and_sizes(control: Control, tmp_path: Path) -> None:
    script = Script()
    asked = script.send_all([c.ask(c.IDENTITY), c.ask(c.WEIGHTS), c.ask(c.PATTERN)])
    log = run(control, script, tmp_path)
    sizes = [m.rows << 16 | m.width for m in (control.weights, control.pattern)]
    assert [log.value(a) for a in asked] == [control.identity, *sizes]
    assert control.identity == 0x53460103


@pytest.mark.parametrize("pattern", [False, True], ids=["weights", "pattern"])
@pytest.mark.parametrize("nibbles", [False, True], ids=["bits", "nibbles"])
def test_words_are_written_and_read_back(control: Control, pattern: bool, nibbles: bool, tmp_path: Path) -> None:
    memory = control.pattern if pattern else control.weights
    wanted = words(memory.rows, memory.width, seed=3)
    script = Script()
    script.send_all(c.write_words(wanted, pattern, nibbles))
    answers = script.send_all(c.read_words(memory.rows, memory.width, pattern))[memory.rows + 1 :][1::2]
    log = run(control, script, tmp_path)
    for row, (word, answer) in enumerate(zip(wanted, answers, strict=True)):
        read = log.bits[answer]
        there = [p for p in range(memory.width) if memory.bit_at(row, p) is not None]
        assert [int(read[p]) for p in there] == [word[p] for p in there]
    assert wanted[0] != wanted[1]


def test_nibbles_may_come_every_four_clocks(control: Control, tmp_path: Path) -> None:
    """Two clocks for each half of sck: what comes back then is late, what goes out is not."""
    memory = control.pattern
    wanted = words(memory.rows, memory.width, seed=4)
    script = Script()
    script.pace(2)
    script.send_all(c.write_words(wanted, True, True))
    script.pace(4)
    answers = script.send_all(c.read_words(memory.rows, memory.width, True))[memory.rows + 1 :][1::2]
    log = run(control, script, tmp_path)
    assert [log.word(a) for a in answers] == wanted


def decision(control: Control, folder: Path, winners: int, valid: bool, ns: int = 2000, settle: int = 100) -> Log:
    script = Script()
    script.race(winners, valid, ns)
    script.look()
    script.send(c.start(settle))
    script.look()
    script.wait(settle + 200)
    script.look()
    script.send(c.ask(c.STATUS))
    return run(control, script, folder)


@pytest.mark.parametrize("winner", [0, 1, 2])
def test_a_race_is_registered(control: Control, winner: int, tmp_path: Path) -> None:
    log = decision(control, tmp_path, 1 << winner, True)
    before, during, after = log.pins
    assert (before.valid, before.busy) == ("0", "0")
    assert (during.valid, during.busy) == ("0", "1")
    assert (after.winner, after.valid, after.busy) == (str(winner), "1", "0")
    status = log.value(slice(len(log.bits) - 32, len(log.bits))) >> 16
    assert status == 0b0100_0000_0000_0000 | winner << 8


def test_a_tie_stays_undecided(control: Control, tmp_path: Path) -> None:
    """Until it is stopped; `valid` never rises."""
    log = decision(control, tmp_path, 0b11, False)
    assert (log.pins[-1].valid, log.pins[-1].busy) == ("0", "1")
    script = Script()
    script.race(0b11, False, 100)
    script.send(c.start(16))
    script.wait(100)
    script.send(Frame(c.STOP))
    script.look()
    (pins,) = run(control, script, tmp_path / "stop").pins
    assert (pins.valid, pins.busy) == ("0", "0")


def test_a_race_without_an_end_is_over_when_it_is_stopped(control: Control, tmp_path: Path) -> None:
    """The next one ends as it is told: what plays the analog part does not wait for the old one."""
    script = Script()
    script.race(1, True, 1_000_000_000)
    script.send(c.start(16))
    script.wait(100)
    script.send(Frame(c.STOP))
    script.race(2, True, 100)
    script.send(c.start(16))
    script.wait(100)
    script.look()
    (pins,) = run(control, script, tmp_path).pins
    assert (pins.winner, pins.valid, pins.busy) == ("1", "1", "0")


def test_valid_falls_with_the_next_decision(control: Control, tmp_path: Path) -> None:
    script = Script()
    script.race(1, True, 100)
    script.send(c.start(16))
    script.wait(100)
    script.look()
    script.race(4, True, 8000)
    script.send(c.start(16))
    script.wait(60)
    script.look()
    script.wait(300)
    script.look()
    first, between, second = run(control, script, tmp_path).pins
    assert [(p.winner, p.valid) for p in (first, second)] == [("0", "1"), ("2", "1")]
    assert between.valid == "0"


@pytest.mark.parametrize(("ns", "log2", "within"), [(257, 8, 0.002), (66_000, 2, 0.001), (1_000_000, 0, 0.001)])
def test_a_current_is_counted(control: Control, ns: int, log2: int, within: float, tmp_path: Path) -> None:
    script = Script()
    script.converter(1, ns)
    script.send(c.configure(selected=1))
    script.send(c.measure(log2))
    script.wait(int(ns * (2**log2 + 3) / 50) + 100)
    answers = script.send_all([c.ask(c.STATUS), c.ask(c.TICKS), c.ask(c.PULSES)])
    log = run(control, script, tmp_path)
    status, ticks, pulses = (log.value(a) for a in answers)
    assert status >> 31 == 0
    assert status >> 28 & 1 == 0
    assert pulses >> 16 == 2**log2
    assert (ticks >> 8) * 50 / 2**log2 == pytest.approx(ns, rel=within, abs=100 / 2**log2)


def test_configuration(control: Control, tmp_path: Path) -> None:
    script = Script()
    script.look()
    script.send(c.configure(ratio=9, reference=True, monitor=True, selected=2))
    script.look()
    (reset, after) = run(control, script, tmp_path).pins
    assert (reset.ratio_b, reset.reference, reset.monitor, reset.select) == ("1011", "0", "0", "000")
    assert (after.ratio_b, after.reference, after.monitor, after.select) == ("0110", "1", "1", "100")


@pytest.mark.parametrize("after", [0, 3, 7, 8, 12, 23])
def test_a_frame_that_breaks_off_does_nothing(control: Control, after: int, tmp_path: Path) -> None:
    script = Script()
    script.send(c.configure(ratio=7, selected=1))
    script.send(c.configure(ratio=15, reference=True, selected=2), broken_after=after)
    script.look()
    asked = script.send(c.ask(c.IDENTITY))
    log = run(control, script, tmp_path)
    assert (log.pins[0].ratio_b, log.pins[0].reference, log.pins[0].select) == ("1000", "0", "010")
    assert log.value(asked) == control.identity


def test_a_frame_that_is_too_long_does_nothing(control: Control, tmp_path: Path) -> None:
    script, long = Script(), c.configure(ratio=15)
    script.send(Frame(long.command, (*long.payload, 0)))
    script.look()
    assert run(control, script, tmp_path).pins[0].ratio_b == "1011"


def test_a_reset_in_the_middle_of_everything(control: Control, tmp_path: Path) -> None:
    script = Script()
    script.race(1, True, 500)
    script.send(c.configure(ratio=7, selected=1))
    script.send(c.start(50))
    script.lines += ["C 0", "B 1 0", "B 1 0"]
    script.bits += 2
    script.reset()
    script.lines += ["C 1", "W 12"]
    script.look()
    asked = script.send(c.ask(c.IDENTITY))
    log = run(control, script, tmp_path)
    assert (log.pins[0].ratio_b, log.pins[0].valid, log.pins[0].busy, log.pins[0].select) == ("1011", "0", "0", "000")
    assert log.value(asked) == control.identity


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"chip": {}}, "chip.drivers"),
        ({"array": {"layers": [5, 4, 3], "bits": 3}, "chip": {}}, "array.port"),
        ({"array": {"layers": [5, 4, 17], "bits": 3, "port": "scan"}}, "17 outputs"),
    ],
)
def test_arrays_without_a_control(change: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Control.of(build(parse_spec({**SPEC, **change}, "test")))


def test_a_control_whose_pins_change_at_the_wrong_edge_is_found(control: Control, tmp_path: Path) -> None:
    """Pins of a port may change only while clk is low."""
    wrong = View(control.verilog().replace("@(negedge clk", "@(posedge clk"))
    script = Script()
    script.send_all(c.write_words(words(control.weights.rows, control.weights.width, 5)))
    with pytest.raises(ToolError, match="a control pin changed while clk was high"):
        run(control, script, tmp_path, wrong)
