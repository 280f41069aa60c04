"""The loop on a simulated board: characterize, train, program, decide; and everything that can be wrong with a chip."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.flow.learning.test_characterize import truth

from somaforge.flow import cli, datasets
from somaforge.flow.bench import chip, loop, report, simulated
from somaforge.flow.bench.analog import Faults
from somaforge.flow.bench.board import Board
from somaforge.flow.bench.doctor import examine
from somaforge.flow.bench.journal import Journal
from somaforge.flow.bench.link import Stream
from somaforge.flow.bench.meter import LEVELS, BoardBench
from somaforge.flow.bench.simulated import simulated_link
from somaforge.flow.chips import VirtualChip
from somaforge.flow.drivers.inputs import Encoder, input_currents
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.learning import measuring
from somaforge.flow.learning.characterize import characterize
from somaforge.flow.learning.driven import driven
from somaforge.flow.learning.tester import Bench
from somaforge.flow.learning.training import model_accuracy
from somaforge.flow.measure.evaluate import pad_inputs
from somaforge.flow.memory import bitfile
from somaforge.generator.control import Control
from somaforge.generator.design import build
from somaforge.generator.spec import Spec, parse_spec
from somaforge.pdk.errors import CheckError, InputError, ToolError

pytestmark = pytest.mark.needs_ngspice  # device tables


def spec(**change: object) -> Spec:
    whole = {
        "name": "proto",
        "array": {"layers": [4, 4, 3], "bits": 3, "port": "scan"},
        "network": {"layers": [4, 4, 3]},
        "input": {"full_scale_A": 100e-9},
        "chips": {"seeds": [1]},
        "chip": {"drivers": {"bits": 3}},
        "training": {"epochs": 200, "restarts": 4},
        "evaluation": {"pattern_time_s": 20e-6},
        "characterization": {"tester": {"perfect": True}},
    }
    return parse_spec({**whole, **change}, "test")


def quick() -> Spec:
    """A network that is hardly trained, and three flowers."""
    return spec(training={"epochs": 20, "restarts": 1}, evaluation={"pattern_time_s": 20e-6, "patterns": 3})


@pytest.fixture(scope="module")
def healthy() -> chip.Known:
    return loop.run(quick(), board(quick()), loop.Wanted(epochs=1))


def board(wanted: Spec, faults: Faults | None = None, lost: float = 0.0) -> Board:
    control = Control.of(build(wanted))
    return Board(simulated_link(wanted, control, 1, faults, lost), control)


def test_the_loop_finds_what_the_simulation_finds() -> None:
    wanted = spec()
    found = loop.run(wanted, board(wanted, Faults(leakage_A=1e-11, gain=1.05), lost=1e-4))
    design, made = build(wanted), VirtualChip.of(wanted.chips, 1)
    bench = Bench.named(wanted, ArrayEngine(), 1)
    silicon = made.programmed(design, design.flat_without_memory)
    direct = characterize(bench, silicon, 100e-9, levels=LEVELS).calibration
    assert found.calibration is not None
    for mine, theirs in zip(found.calibration.slopes, direct.slopes, strict=True):
        assert np.array(mine) / np.mean(mine) == pytest.approx(np.array(theirs) / np.mean(theirs), rel=0.01)
    assert found.calibration.exponent == pytest.approx(direct.exponent, abs=0.005)
    assert found.undecided == 0
    assert found.weights is not None
    # the same weights and codes without a board: the race's own spread may turn one pattern over
    dataset = datasets.load("iris")
    x = pad_inputs(silicon, input_currents(wanted, made, dataset, dataset.test_x))
    out = ArrayEngine().dc(replace(silicon, codes=found.weights.codes), x).outputs
    assert found.accuracy == pytest.approx((out.argmax(axis=1) == dataset.test_y).mean(), abs=1.01 / 30)
    assert found.accuracy >= 0.75


@pytest.mark.nightly
def test_a_second_reference_row_is_in_the_slopes() -> None:
    """The bias makes it, too, so a level is one of both rows; by hand: two meters of 0.1 % each, the mean of some."""
    wanted = spec(chip={"drivers": {"bits": 6}}, training={"epochs": 20, "restarts": 1})
    bench, known = BoardBench.on(board(wanted), wanted, 100e-9), chip.Known()
    bench.zero(chip.blank_chip(wanted).codes)
    chip.learn(wanted, bench, chip.blank_chip(wanted), known, levels=LEVELS)
    design, made = build(wanted), VirtualChip.of(wanted.chips, 1)
    silicon = made.programmed(design, design.flat_without_memory)
    direct = measuring.measure(wanted, Bench.named(wanted, ArrayEngine(), 1), silicon, 100e-9, LEVELS).calibration
    assert known.calibration is not None
    mine, theirs = (np.log(np.concatenate([np.array(s) for s in c.slopes])) for c in (known.calibration, direct))
    assert np.std(mine - theirs) < 0.002
    codes = np.array(known.calibration.drivers)[:, 56]
    assert np.std(np.log(codes)) > 0.004, "what it adds differs by input"


@pytest.mark.nightly
def test_every_bit_of_every_synapse_is_measured_on_a_board() -> None:
    """Levels between two ratios of the bias are there, and the codes that each input needs."""
    measured = {"synapses": True, "tester": {"perfect": True}}
    wanted = spec(characterization=measured, training={"epochs": 40, "restarts": 1})
    link, made = board(wanted), VirtualChip.of(wanted.chips, 1)
    bench, known = BoardBench.on(link, wanted, 100e-9), chip.Known()
    bench.zero(chip.blank_chip(wanted).codes)
    weights = chip.learn(wanted, bench, chip.blank_chip(wanted), known, levels=LEVELS)
    design = build(wanted)
    alone = Bench.named(wanted, ArrayEngine(), 1)
    direct = measuring.measure(wanted, alone, made.programmed(design, design.flat_without_memory), 100e-9, LEVELS)
    mine, theirs = known.calibration, direct.calibration
    assert mine is not None
    for ours, others in ((mine.positive, theirs.positive), (mine.negative, theirs.negative)):
        assert len(ours) == 2
        for found, expected in zip(ours, others, strict=True):
            assert np.array(found) == pytest.approx(np.array(expected), rel=0.1)
    # the model gets currents: with a soma's own exponent another unit is another network
    seen, (x, y) = driven(wanted, datasets.load("iris"), mine), chip.tested(wanted)
    currents = seen.to_currents(seen.test_x[: len(x)], wanted.input)
    assert currents.max() == pytest.approx(100e-9, rel=0.2)
    assert known.model_accuracy == model_accuracy(mine, weights.codes, currents, y)


@pytest.mark.parametrize("inputs", [4, pytest.param(5, marks=pytest.mark.nightly)])
def test_virtual_chips_beside_a_board_have_drivers(inputs: int) -> None:
    """As many as the array has inputs, be the network as wide or not."""
    array = {"layers": [inputs, 4, 3], "bits": 3, "port": "scan"}
    wanted = spec(training={"epochs": 40, "restarts": 1}, array=array)
    design, made = build(wanted), VirtualChip.of(wanted.chips, 2)
    silicon = made.programmed(design, design.flat_without_memory)
    found = chip.simulated(wanted, ArrayEngine(), silicon, 2)
    assert found.calibration is not None
    assert found.weights is not None
    assert np.array(found.calibration.drivers).shape == (inputs, 8)
    dataset = datasets.load("iris")
    x = pad_inputs(silicon, input_currents(wanted, made, dataset, dataset.test_x))
    out = ArrayEngine().dc(replace(silicon, codes=found.weights.codes), x).outputs
    assert found.outputs == pytest.approx(out, rel=1e-6)


def test_a_stuck_latch_is_found_and_trained_around() -> None:
    wanted = quick()
    found = loop.run(wanted, board(wanted, Faults(stuck=(0, 2, 1, 1, 1))))
    assert found.calibration is not None
    assert found.calibration.stuck == ((0, 2, 1, 1, 1),)


@pytest.mark.nightly
def test_a_dead_soma_is_found_and_trained_around(healthy: chip.Known) -> None:
    wanted = spec()
    faults = Faults(dead_row=(1, 2))
    found = loop.run(wanted, board(wanted, faults))
    assert found.calibration is not None
    assert found.weights is not None
    assert found.calibration.dead == ((1, 2),)
    assert found.accuracy is not None
    assert found.accuracy >= 0.75
    assert healthy.calibration is not None
    for layer in (0, 2):  # the others are measured as if nothing was wrong
        mine, theirs = (np.array(known.calibration.slopes[layer]) for known in (found, healthy))
        assert mine / mine.mean() == pytest.approx(theirs / theirs.mean(), rel=0.05)


def test_an_output_that_is_dead_is_named() -> None:
    wanted = spec()
    with pytest.raises(CheckError, match=r"output 1 is dead: nothing comes through it, its class can never win"):
        loop.run(wanted, board(wanted, Faults(dead_output=1)))


@pytest.mark.nightly
def test_a_weak_driver_is_measured_and_named() -> None:
    wanted = spec(training={"epochs": 40, "restarts": 1})
    found = loop.run(wanted, board(wanted, Faults(weak_driver=(1, 0.3))))
    chips = [truth((4, 4, 3), 3, seed=s) for s in range(1, 6)]
    population = report.Population(tuple(chip.Known(calibration=c) for c in chips))
    assert found.calibration is not None
    assert (0, 1) in {(layer, soma) for layer, soma, _ in report.far_somas(found.calibration, population)}
    assert found.accuracy is not None
    assert found.accuracy >= 0.75


@pytest.mark.parametrize("lines", [(4, 5), (5, 7), (6, 7)])
def test_swapped_data_lines_are_named(lines: tuple[int, int]) -> None:
    wanted = spec()
    words = f"data line nibble {lines[0] - 4} arrives at nibble {lines[1] - 4}"
    with pytest.raises(CheckError, match=words):
        loop.run(wanted, board(wanted, Faults(swapped=lines)))
    found = examine(wanted, board(wanted, Faults(swapped=lines)))
    assert any(words in finding.words and not finding.good for finding in found)


@pytest.mark.parametrize("lines", [(0, 1), (0, 2), (1, 2), (2, 4), (0, 7)])
def test_a_swapped_line_without_which_nothing_works_is_suspected(lines: tuple[int, int]) -> None:
    with pytest.raises(ToolError, match="its data lines not swapped"):
        board(spec(), Faults(swapped=lines))


@pytest.mark.parametrize("lines", [(0, 1), (0, 2), (0, 5), (1, 2), (1, 4), (2, 6), (4, 5), (5, 6)])
def test_swapped_outputs_never_give_a_decision_that_is_wrong(lines: tuple[int, int]) -> None:
    """What the pins say and what the chip says of itself differ: in one decision for each class, or a long count."""
    wanted = spec()

    def decisions() -> None:
        one = board(wanted, Faults(swapped_outputs=lines))
        codes = (np.zeros((4, 4), dtype=np.int64), np.zeros((4, 3), dtype=np.int64))
        for winner in range(3):
            for m in codes:
                m[:] = 0
            codes[0][0, 0], codes[1][0, winner] = 7, 7
            one.write(codes)
            one.load(np.array([[7, 0, 0, 0]]))
            one.configure(8, False)
            assert one.decide(20e-6).winner == winner
        one.configure(8, False, 2)
        one.count(12)

    with pytest.raises(ToolError, match=r"swapped"):
        decisions()


def test_a_cable_is_pulled_and_the_measurement_goes_on_where_it_was(healthy: chip.Known, tmp_path: Path) -> None:
    wanted, whole = quick(), healthy
    path = tmp_path / "chips/a/unfinished.jsonl"
    pulled = board(wanted)
    pulled.link.stream = Pulled(pulled.link.stream, 1500)
    journal = Journal(path, {"array": "a", "--supply": "1.8"})
    with pytest.raises(ToolError, match=r"the connection is gone .*; plug it in and start again"):
        loop.run(wanted, pulled, loop.Wanted(journal=journal))
    journal.close()
    path.write_bytes(path.read_bytes() + b'{"asked": "cut in the mid')
    kept = Journal(path, {"array": "a", "--supply": "1.8"})
    first = kept.waiting
    again = board(wanted)
    resumed = loop.run(wanted, again, loop.Wanted(journal=kept))
    kept.close()
    assert first > 40
    assert kept.waiting == 0  # all of them were used, and nothing was measured again
    assert resumed.calibration is not None
    assert whole.calibration is not None
    for mine, theirs in zip(resumed.calibration.slopes, whole.calibration.slopes, strict=True):
        assert mine == pytest.approx(theirs, rel=1e-4)  # counts begin at another clock
    assert resumed.accuracy == whole.alone
    assert whole.loop_gain is not None
    with pytest.raises(
        InputError, match=r"[0-9]+ unfinished readings of another array, --supply \(1\.8, now 1\.7\); measure those"
    ):
        Journal(path, {"array": "b", "--supply": "1.7"})


class Pulled:
    """A cable that is pulled after so many lines."""

    def __init__(self, stream: Stream, after: int) -> None:
        self._stream, self._left = stream, after

    def write(self, data: bytes) -> None:
        self._left -= 1
        if self._left < 0:
            raise OSError("no such device")
        self._stream.write(data)

    def read_line(self, timeout_s: float) -> bytes:
        return self._stream.read_line(timeout_s)


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        (Faults(), "all 11 somas carry current"),
        (Faults(dead_row=(0, 3)), "input 3 is dead"),
        (Faults(weak_driver=(1, 0.1)), "input 1 is weak"),
        (Faults(stuck=(1, 0, 2, 3, 0)), "latch of matrix 1, row 0, column 2, bit 3 is stuck at 0"),
        (Faults(no_reference=True), "no reference current"),
        (Faults(leakage_A=1e-11), "output 0 leaks 10 pA"),
    ],
    ids=["well", "dead", "weak", "stuck", "no-reference", "leak"],
)
def test_the_doctor_says_what_is_wrong(faults: Faults, words: str) -> None:
    wanted = spec()
    found = examine(wanted, board(wanted, faults))
    assert any(words in finding.words for finding in found), [f.words for f in found]
    good = faults in (Faults(), Faults(leakage_A=1e-11))
    assert all(finding.good for finding in found) is good


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(Faults(stuck=(0, 2, 1, 1, 1)), marks=pytest.mark.nightly),
        pytest.param(Faults(dead_row=(1, 2)), marks=pytest.mark.nightly),
        pytest.param(Faults(weak_driver=(1, 0.3)), marks=pytest.mark.nightly),
        pytest.param(Faults(swapped=(4, 5)), marks=pytest.mark.nightly),
        pytest.param(Faults(leakage_A=1e-11), marks=pytest.mark.nightly),
        pytest.param(Faults(gain=1.05), marks=pytest.mark.nightly),
        pytest.param(Faults(swapped_outputs=(4, 5)), marks=pytest.mark.nightly),
    ],
    ids=["stuck", "dead", "weak", "swapped", "leak", "gain", "outputs"],
)
def test_no_fault_gives_a_wrong_pass(
    faults: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command's verdict is that of the silicon with the fault in it, on the weights that the command kept."""
    wanted, lost = quick(), 1e-4
    file = tmp_path / "spec.yaml"
    file.write_text(json.dumps(wanted.model_dump(mode="json", exclude_defaults=True)))
    one = board(wanted, faults, lost)
    monkeypatch.setattr(simulated, "simulated_link", lambda *_: board(wanted, faults, lost).link)
    arguments = ["bench", "run", str(file), "--board", "virtual", "--chip", "a", "--chips", str(tmp_path / "chips")]
    code = cli.run([*arguments, "--virtual", "2", "--min-accuracy", "0.6", "--json"])
    said = capsys.readouterr()
    found = list((tmp_path / "chips/a").glob("*/weights.bit"))
    if not found:
        assert code in (1, 3)
        assert "swapped" in said.err.splitlines()[-1]
        return
    one.write(bitfile.unpack(found[0].read_bytes(), build(wanted)))
    x, y = chip.tested(wanted)
    bench = BoardBench.on(one, wanted, chip.highest_A(wanted))
    encoder = Encoder.of(bench.bank.scale, datasets.load("iris"))
    full = bench.settable(encoder.full_A(datasets.load("iris"), wanted))
    right = float(np.mean([bench.show(p, full, 20e-6).winner == k for p, k in zip(encoder.codes(x), y, strict=True)]))
    assert json.loads(said.out)["accuracy__measured__ratio"] == right
    assert code == (0 if right >= 0.6 else 1)
