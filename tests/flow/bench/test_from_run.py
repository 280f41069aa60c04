"""A chip of a run folder behind a virtual board: what the bench says of it is what the run says."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.flow.bench.test_loop import spec

from somaforge.flow import cli
from somaforge.flow.bench import chip
from somaforge.flow.bench.from_run import RunChip
from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.machinery import store
from somaforge.flow.machinery.records import write_json
from somaforge.flow.memory import bitfile
from somaforge.generator.design import build
from somaforge.generator.spec import Spec
from somaforge.pdk.errors import InputError

pytestmark = pytest.mark.needs_ngspice  # device tables
METER = {"noise_A": 1e-13, "noise_ratio": 0.001, "resolution_A": 1e-13, "pad_leakage_A": 1e-13}


def wanted() -> Spec:
    return spec(characterization={"tester": METER})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the steps write of one chip, by the functions that they call."""
    folder, one = tmp_path_factory.mktemp("run"), wanted()
    design = build(one)
    silicon = VirtualChip.of(one.chips, 1).programmed(design, design.flat_without_memory)
    known = chip.simulated(one, ArrayEngine(), silicon, 1)
    assert known.calibration is not None
    assert known.weights is not None
    files = {
        "08-characterize/chips/1/calibration.json": known.calibration.to_json().encode(),
        "10-program/chips/1/weights.bit": bitfile.pack(known.weights.codes, design),
        "11-evaluate/chips/1/evaluation.json": json.dumps({"outputs_A": known.outputs.tolist()}).encode(),
    }
    for name, content in files.items():
        step = name.partition("/")[0]
        place = store.new_temporary(folder, step)
        (place / name.partition("/")[2]).parent.mkdir(parents=True)
        (place / name.partition("/")[2]).write_bytes(content)
        write_json(place / store.CONFIG, {"spec": one.model_dump(mode="json")})
        store.commit(place, folder / step, "key")
    return folder


@pytest.mark.nightly
def test_the_board_says_what_the_run_says(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["bench", "run", "--board", f"virtual:{run}", "--chips", str(tmp_path), "--virtual", "2", "--json"]
    assert cli.run([*arguments, "--min-accuracy", "0.75"]) == 0
    metrics = json.loads(capsys.readouterr().out)
    theirs = RunChip.read(run)
    labels = chip.tested(theirs.spec)[1]
    simulated = float((theirs.outputs.argmax(axis=1) == labels).mean())
    # trained anew on readings that differ by the meters' noise: two flowers of 30
    assert metrics["accuracy__measured__ratio"] == pytest.approx(simulated, abs=2.01 / 30)
    assert metrics["accuracy__model_chip__ratio"] == pytest.approx(simulated, abs=2.01 / 30)
    (entry,) = (tmp_path / "proto-1").iterdir()
    text = (entry / "report.html").read_text()
    assert "slopes against those of the run, rms" in text
    found = Calibration.from_json((entry / "calibration.json").read_text())
    # by hand: 0.1 % of either meter, through paths of three somas
    assert theirs.slopes_away(found) < 0.005
    assert theirs.slopes_away(found, 1) < 0.005
    assert "the same without the inputs and their drivers" in text
    # on the same weights a decision differs where two currents do by less than the racers' spread
    outputs = np.sort(theirs.outputs, axis=1)
    clear = int((outputs[:, -1] > 1.03 * outputs[:, -2]).sum())
    (row,) = (line for line in text.splitlines() if "decisions on the run" in line)
    equal = int(row.partition("weights that are the run")[2].partition("<td>")[2].split(" ")[0])
    assert equal >= clear
    assert clear >= 25
    assert (entry / "readings.jsonl").is_file()
    assert not (tmp_path / "proto-1/unfinished.jsonl").exists()


def test_a_bitfile_is_written_and_one_of_another_chip_is_refused(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = run / "10-program/chips/1/weights.bit"
    assert cli.run(["bench", "program", "--board", f"virtual:{run}", "--bitfile", str(own)]) == 0
    assert "written and read back" in capsys.readouterr().out
    design = build(spec(array={"layers": [5, 4, 3], "bits": 3, "port": "scan"}))
    other = tmp_path / "other.bit"
    other.write_bytes(bitfile.pack([np.zeros((5, 4), dtype=np.int64), np.zeros((4, 3), dtype=np.int64)], design))
    for file in (other, tmp_path / "none.bit"):
        assert cli.run(["bench", "program", "--board", f"virtual:{run}", "--bitfile", str(file)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert str(file) in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["examples/iris.yaml", "--board", "virtual:RUN"], "the run has its own spec; leave SPEC out"),
        (["--board", "virtual:RUN:7"], "has no chip 7; its chips are 1"),
        (["--board", f"virtual:RUN:{'9' * 5000}"], "a seed is a number below 2^32"),
        (["--board", "virtual:nowhere"], "no run folder there"),
        (["--board", "virtual:1"], "needs SPEC too"),
        (["examples/prototype.yaml", "--board", "virtual:4294967296"], "a seed is a number below 2^32"),
        (["examples/prototype.yaml", "--board", f"virtual:{'9' * 5000}"], "a seed is a number below 2^32"),
        (["examples/prototype.yaml", "--board", "virtual:-1"], "no run folder there"),
        (["examples/prototype.yaml", "--board", "virtual:1", "--chip", ""], "--chip ''"),
        (["examples/prototype.yaml", "--board", "virtual:1", "--supply", "0"], "'--supply': 0.0 is not in the range"),
        (["--board", "serial:/dev/ttyACM9"], "needs SPEC too"),
        (["--board", "what"], "give serial:PORT"),
    ],
)
def test_the_command_refuses_in_one_line(
    run: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["bench", "run", *(a.replace("RUN", str(run)) for a in arguments)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


def test_a_run_that_is_damaged_or_not_finished_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no finished step characterize"):
        RunChip.read(tmp_path)
    damaged = run / "08-characterize/chips/1/calibration.json"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole.replace(b"0.", b"1.", 1))
    try:
        with pytest.raises(InputError, match="is not what the run wrote"):
            RunChip.read(run)
    finally:
        damaged.write_bytes(whole)
