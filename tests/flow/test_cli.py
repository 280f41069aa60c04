"""The command line: one line on stderr, the right exit code, never a false success."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from somaforge.flow import cli
from somaforge.flow.commands import project, stages
from somaforge.flow.commands.console import Progress
from somaforge.flow.commands.options import PatternCount
from somaforge.flow.machinery import tools
from somaforge.flow.runner import doctor
from somaforge.flow.runner.pipeline import Choice, steps_of
from somaforge.flow.steps.registry import STEPS
from somaforge.generator.spec import load_spec, parse_spec
from somaforge.pdk.errors import ToolError

SPEC = Path(__file__).parents[2] / "examples/iris.yaml"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["drc"], "give either a SPEC or --layout FILE; see --help"),
        (["drc", str(SPEC), "--layout", "x.gds"], "give either a SPEC or --layout FILE; see --help"),
        (["drc", str(SPEC), "--pdk", "sky130"], "--pdk is for --layout; a SPEC names its process itself"),
        (
            ["pex", "--layout", "x.gds", "--top", "x", "--output", "x.spice", "--pdk", "sky90"],
            "pdk: unknown process 'sky90'; nearest: sky130; known: sky130",
        ),
        (["lvs", "--layout", "x.gds"], "lvs --layout: needs --netlist FILE and --top CELL too"),
        (["pex", "--layout", "x.gds"], "pex --layout: needs --top CELL and --output FILE.spice too"),
        (
            ["init", "nonsense"],
            "init nonsense: there is no such template; known: hard_macro, iris, mnist, own, spoken-digits",
        ),
        (["pdk", "install", "tsmc16"], "pdk: unknown process 'tsmc16'; nearest: sky130; known: sky130"),
        (["report", "nowhere"], "nowhere: not a finished run (no signoff step); somaforge run makes one"),
        (["frobnicate"], "No such command 'frobnicate'. See somaforge --help."),
        (["run"], "Missing argument 'SPEC'. See somaforge run --help."),
        (
            ["run", str(SPEC), "--patterns", "0"],
            "Invalid value for '--patterns': 0 is neither a number from 1 on nor all. See somaforge run --help.",
        ),
        (
            ["run", str(SPEC), "--patterns", "most"],
            "Invalid value for '--patterns': most is neither a number from 1 on nor all. See somaforge run --help.",
        ),
        (["run", "none.yaml"], "none.yaml: cannot read the spec: [Errno 2] No such file or directory: 'none.yaml'"),
        (
            ["run", str(SPEC), "--data-dir", "none"],
            "--data-dir none: there is no such folder; give the one that holds the data files",
        ),
        (
            ["drc", "--layout", "n" * 300],
            f"{'n' * 300}: File name too long; check the file, its rights and the disk",
        ),
        (["bitfile", "dump", "none.bit"], "none.bit: cannot read the bitfile: No such file or directory"),
    ],
)
def test_wrong_input_is_one_line_and_exit_2(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(arguments) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", f"somaforge: {message}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("given", "wanted"), [("all", "all"), ("7", 7), (None, 20)])
def test_patterns_stand_for_those_of_the_spec(given: str | None, wanted: object, tmp_path: Path) -> None:
    spec = tmp_path / "s.yaml"
    spec.write_text(SPEC.read_text().replace("patterns: all", "patterns: 20"))
    loaded, _ = stages.spec_and_folder(spec, None, None if given is None else PatternCount().convert(given, None, None))
    assert loaded.evaluation.patterns == wanted
    assert loaded == parse_spec(loaded.model_dump(mode="json"), "what the manifest keeps")


def test_unknown_step(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.run(["run", str(SPEC), "--until", "fabricate", "--out", str(tmp_path / "r")]) == 2
    assert capsys.readouterr().err.startswith("somaforge: --until fabricate: unknown step; known: generate, drc, ")
    assert not (tmp_path / "r").exists()


def test_out_that_is_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "r").write_text("mine")
    assert cli.run(["run", str(SPEC), "--out", str(tmp_path / "r")]) == 2
    assert capsys.readouterr().err == (
        f"somaforge: --out {tmp_path}/r: cannot be made a run folder (File exists); choose another\n"
    )


def test_unknown_exceptions_are_never_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(name: str) -> None:
        raise ValueError("two\nlines")

    monkeypatch.setattr(project, "load", breaks)
    assert cli.run(["pdk", "install", "sky130"]) == 3
    assert capsys.readouterr().err == (
        "somaforge: internal error, ValueError: two lines; SOMAFORGE_TRACEBACK=1 shows where\n"
    )


def test_template_is_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["init", "iris"]) == 0
    text = capsys.readouterr().out
    assert text == SPEC.read_text()
    assert parse_spec(yaml.safe_load(text), "iris").name == "iris"


def test_doctor_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def missing(name: str) -> str:
        raise ToolError(f"{name}: not there; run make setup")

    monkeypatch.setattr(tools, "program_version", missing)
    assert cli.run(["doctor"]) == 3
    printed = capsys.readouterr()
    assert "MISSING netgen                netgen: not there; run make setup" in printed.out
    assert printed.err.startswith("somaforge: doctor: ngspice, klayout-application, netgen")
    monkeypatch.setattr(tools, "program_version", lambda name: "45.2")
    finding = next(f for f in doctor.examine() if f.name == "ngspice")
    assert finding.problem.startswith("ngspice 45.2: needs 46 or newer with the KLU solver; run make setup")


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
@pytest.mark.needs_klayout_app
@pytest.mark.needs_netgen
@pytest.mark.needs_iverilog
def test_doctor_is_content_after_setup(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["doctor", "--json"]) == 0
    findings = {f["name"]: f for f in json.loads(capsys.readouterr().out)["findings"]}
    assert {"python", "ngspice", "klayout-application", "netgen", "iverilog", "pdk-sky130", "torch"} <= findings.keys()
    assert not any(f["problem"] for f in findings.values())


def test_exit_code_reaches_the_shell(tmp_path: Path) -> None:
    code = "from somaforge.flow.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "run", "none.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("says", "ok"),
    [("ngspice-39.3", False), ("ngspice-45.2 KLU", False), ("ngspice-46", False), ("ngspice-46 KLU", True)],
)
def test_an_older_ngspice_makes_no_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, ok: bool
) -> None:
    """What the doctor does not want, no step takes: results depend on the version and the solver."""
    fake = tmp_path / "ngspice"
    fake.write_text(f"#!/bin/sh\necho '** {says}'\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    tools._printed.cache_clear()
    try:
        if ok:
            assert tools.versions(("ngspice",)) == {"ngspice": "46"}
        else:
            with pytest.raises(ToolError, match="needs 46 or newer with the KLU solver; run make setup"):
                tools.versions(("ngspice",))
    finally:
        tools._printed.cache_clear()


def test_a_terminal_shows_which_step_of_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100, highlight=False)
    progress = Progress(steps=15)
    progress._console, progress._terminal, progress._lines = console, True, True
    for step, skipped in (("generate", False), ("drc", True)):
        progress.started(step)
        progress.said(f"{step} starts")
        progress.ended(step, skipped, 1.5)
    lines = [line for line in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue()).splitlines() if "/15" in line]
    shown = [re.sub(r"\(\d+ s", "(7 s", line.split("\r")[-1].rstrip()) for line in lines]
    assert shown == [" 1/15  generate      1.5 s  (7 s so far)", " 2/15  drc           nothing to do"]


def test_steps_are_counted_up_to_the_last_one(tmp_path: Path) -> None:
    spec, names = load_spec(SPEC), tuple(step.name for step in STEPS)
    assert steps_of(spec, tmp_path, Choice(until="drc")) == ("generate", "drc")
    assert steps_of(spec, tmp_path, Choice()) == names
    left = steps_of(spec, tmp_path, Choice(skip=("power",)))
    assert left == tuple(name for name in names if name not in ("power", "signoff")), "sign-off reads every step"


def test_verbose_says_one_line_per_step_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(steps=2, verbose=True, before_s={"generate": 3.0, "drc": 40.0})
    for step, skipped in (("generate", False), ("drc", True)):
        progress.started(step)
        progress.said("0123456789abcdef" * 4)
        progress.ended(step, skipped, 1.5)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.sub(r"\(\d+ s", "(7 s", printed.err).splitlines() == [
        " 1/2  generate      1.5 s  (7 s so far, about 40 s to go)",
        " 2/2  drc           nothing to do",
    ]


def test_without_a_terminal_nothing_is_said_that_nobody_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(steps=1)
    progress.started("generate")
    progress.ended("generate", False, 1.5)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "fab"], "--from fab: unknown step; known: generate, drc, "),
        (["--skip", "fab"], "--skip fab: unknown step; known: generate, drc, "),
        (["--from", "power", "--until", "drc"], "--from power: --until or --skip leaves this step out; give one that"),
        (["--from", "train", "--skip", "pex"], "--from train: --until or --skip leaves this step out; give one that"),
        (["--tag", "../x"], "run --tag ../x: a tag is up to 64 letters, digits and . _ -, first a letter or digit"),
        (["--tag", "a", "--out", "b"], "run --tag a: --out names the run folder already; give one of them"),
    ],
)
def test_wrong_choice_of_steps(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["run", str(SPEC), *arguments]) == 2
    assert capsys.readouterr().err.startswith(f"somaforge: {message}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.needs_pdk
def test_a_tagged_run_has_a_folder_of_its_own_and_can_go_on_from_a_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["run", str(SPEC), "--tag", "wide", "--until", "generate", "--verbose"]
    for more, said in (([], "nothing to do"), (["--from", "generate"], "s so far")):
        assert cli.run(command) == 0
        capsys.readouterr()
        assert cli.run([*command, *more]) == 0
        assert said in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["iris@wide"]
