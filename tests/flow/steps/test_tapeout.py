"""Step tapeout: a chip in a frame becomes a folder with a table of checks; a spec without a frame an empty table."""

import json
from pathlib import Path

import pytest
from tests.flow.shuttle.tile import framed, submission
from tests.flow.small import small_design

from somaforge.flow import cli
from somaforge.flow.checks.shuttle import registry, table
from somaforge.flow.checks.shuttle.check import Outcome
from somaforge.flow.runner.run import Runner
from somaforge.flow.signoff.verdict import limits_of
from somaforge.flow.steps import tapeout
from somaforge.generator.design import Design
from somaforge.generator.spec import Chip, Spec
from somaforge.generator.spec.chip import Project
from somaforge.generator.submission import source
from somaforge.generator.submission.chip import FramedChip
from somaforge.pdk.errors import InputError

FRAME = "tiny-tapeout-1x2"
FAILED = Outcome("layers", "forbidden | unknown layers", "fail", ("layer 72/20 is used",), 1)


def spec(frame: str = FRAME) -> Spec:
    chip = Chip(frame=frame, project=Project(title='Four "synapses"', author="A. Person"))
    return small_design((2, 2), bits=1).spec.model_copy(update={"chip": chip})


@pytest.mark.needs_pdk
@pytest.mark.needs_klayout_app
def test_the_folder_is_written_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def chip(design: Design, gates: object) -> FramedChip:
        return framed(design.pdk.frames.load(FRAME))

    monkeypatch.setattr(source, "framed_chip", chip)
    (outcome,) = Runner(spec(), tmp_path, (tapeout.STEP,)).run()
    assert outcome.metrics == {
        "shuttle__failures__count": 0,
        "shuttle__checks__count": len(registry.applying("tiny-tapeout")),
        "shuttle__not_run__count": 1,
    }
    folder = outcome.folder / tapeout.FOLDER
    assert 'title: "Four \\"synapses\\""' in (folder / "info.yaml").read_text(encoding="utf-8")
    shown = (folder / table.MARKDOWN).read_text(encoding="utf-8")
    assert shown.startswith(f"# tt_um_small in {FRAME}: checks of the submission\n\n0 of 25 failed.\n")
    assert "| Magic DRC | not run | needs the program Magic" in shown


def test_what_does_not_go_into_its_frame_fails_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def chip(design: Design, gates: object) -> FramedChip:
        raise InputError("frame: 1200 x 230 um fits no frame")

    monkeypatch.setattr(source, "framed_chip", chip)
    (outcome,) = Runner(spec(), tmp_path, (tapeout.STEP,)).run()
    assert outcome.metrics["shuttle__failures__count"] == outcome.metrics["shuttle__checks__count"] == 1
    shown = (outcome.folder / tapeout.FOLDER / table.MARKDOWN).read_text(encoding="utf-8")
    assert "| the design at the pins of the frame | fail | frame: 1200 x 230 um fits no frame |" in shown


def test_without_a_frame_there_is_nothing_to_do(tmp_path: Path) -> None:
    (outcome,) = Runner(spec("none"), tmp_path, (tapeout.STEP,)).run()
    assert outcome.metrics == {}
    assert table.from_json((outcome.folder / table.JSON).read_text(encoding="utf-8")) == ()
    assert tapeout.STEP.idle(spec("none")) == "the spec has no `chip.frame`"
    assert not (outcome.folder / tapeout.FOLDER).exists()


def test_a_frame_brings_its_limit() -> None:
    name = "shuttle__failures__count"
    assert name in [limit.metric for limit in limits_of(spec())]
    assert name not in [limit.metric for limit in limits_of(spec("none"))]


def test_the_table_says_what_failed() -> None:
    assert table.from_json(table.to_json((FAILED,))) == (FAILED,)
    assert table.metrics((FAILED,))["shuttle__failures__count"] == 1
    shown = table.markdown("tt_um_x", FRAME, (FAILED,))
    assert "1 of 1 failed." in shown
    assert "| forbidden | unknown layers | fail | layer 72/20 is used |" in shown


@pytest.mark.needs_pdk
@pytest.mark.needs_klayout_app
def test_a_folder_is_checked_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = submission(tmp_path / "sent")
    text = (folder / "info.yaml").read_text(encoding="utf-8")
    (folder / "info.yaml").write_text(text.replace("analog_pins: 4", "analog_pins: 3"), encoding="utf-8")
    assert cli.run(["tapeout", "--folder", str(folder), "--json"]) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["shuttle__failures__count"] == 1
    assert printed.err == (
        f"somaforge: tapeout: {folder}: 1 checks failed, first analog pins used as info.yaml says: pin ua[3]: "
        "a wire leads to it, but info.yaml says analog_pins: 3\n"
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "give either a SPEC or --folder DIR; see --help"),
        (["spec.yaml", "--folder", "x"], "give either a SPEC or --folder DIR; see --help"),
        (["spec.yaml", "--pdk", "sky130"], "--pdk is for --folder; a SPEC names its process itself"),
        (
            ["examples/iris.yaml"],
            "examples/iris.yaml: chip.frame: a submission needs the frame of a shuttle, for example tiny-tapeout-2x2",
        ),
        (["--folder", "examples"], "examples: is no submission of somaforge (submission.json: "),
    ],
)
def test_wrong_calls(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["tapeout", *arguments]) == 2
    assert capsys.readouterr().err.startswith(f"somaforge: {says}")
