"""Programs that somaforge starts leave nothing behind: neither after their time nor after a kill."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from somaforge.flow.checks import precheck
from somaforge.pdk.errors import ToolError
from somaforge.pdk.tool import run_tool

ROOT = Path(__file__).parents[2]


def running(mark: str) -> list[int]:
    """Processes with that argument."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        if mark in (process.info["cmdline"] or ()) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process.pid)
    return found


def until(wanted: bool, mark: str) -> None:
    """Wait until such a process is there, or none is."""
    end = time.monotonic() + 20
    while bool(running(mark)) is not wanted:
        assert time.monotonic() < end, f"{mark}: {'not started' if wanted else 'left behind'}"
        time.sleep(0.02)


def test_output_and_code(tmp_path: Path) -> None:
    ended = run_tool(
        ["/bin/sh", "-c", "echo $A; echo two >&2; pwd; exit 7"], 20, folder=tmp_path, environment={"A": "one"}
    )
    assert ended.code == 7
    assert ended.text == f"one\n{tmp_path}\ntwo\n"
    assert run_tool(["sh", "-c", "kill -SEGV $$"], 20, folder=tmp_path).code == -signal.SIGSEGV


KILLS_ITSELF = "echo run >> runs; [ -e again ] || {{ touch again half; kill -{signal} $$; }}; ls half; echo whole"


@pytest.mark.parametrize("name", ["SEGV", "KILL", "ABRT"])
def test_a_deck_that_a_signal_ends_runs_again(tmp_path: Path, name: str) -> None:
    """Once more, the same; what the first run left of its report is gone."""
    command = ["sh", "-c", KILLS_ITSELF.format(signal=name)]
    said = precheck.run_application("deck", command, tmp_path / "half", 20)
    assert said.splitlines()[0] == "whole"
    assert not (tmp_path / "half").exists()
    assert (tmp_path / "runs").read_text().split() == ["run"] * 2


def test_a_deck_that_signals_end_twice_is_a_failure_that_names_them(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo run >> runs; kill -SEGV $$"]
    said = "deck: KLayout: killed by SIGSEGV and SIGSEGV (a fault of that program); run again"
    with pytest.raises(ToolError, match=re.escape(said)):
        precheck.run_application("deck", command, tmp_path / "report", 20)
    assert (tmp_path / "runs").read_text().split() == ["run"] * 2


def test_a_failure_by_itself_is_none_of_a_signal(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="deck: KLayout ended with code 3"):
        precheck.run_application("deck", ["sh", "-c", "echo run >> runs; exit 3"], tmp_path / "report", 20)
    assert (tmp_path / "runs").read_text().split() == ["run"]


def test_nothing_is_left_when_its_time_is_over(tmp_path: Path) -> None:
    """Also what the program started, which holds the ends of our pipes."""
    start = time.monotonic()
    with pytest.raises(TimeoutError, match="no end in"):
        run_tool(["sh", "-c", "sleep 47.11 & sleep 47.11"], 0.5, folder=tmp_path)
    assert time.monotonic() - start < 20
    until(False, "47.11")


@pytest.mark.parametrize("whole_group", [True, False], ids=["group", "alone"])
def test_nothing_is_left_when_we_are_killed(whole_group: bool, tmp_path: Path) -> None:
    """The KLayout application outlived a kill of the group."""
    mark = f"47.2{int(whole_group)}"
    code = "from pathlib import Path; import somaforge.flow.checks.precheck as p;"
    call = f"p.run_application('deck', ['sleep', '{mark}'], Path({str(tmp_path / 'report')!r}), 60)"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    command = [sys.executable, "-c", f"{code} {call}"]
    ours = subprocess.Popen(command, env=environment, start_new_session=True)
    until(True, mark)
    os.killpg(ours.pid, signal.SIGKILL) if whole_group else ours.kill()
    ours.wait()
    until(False, mark)


def test_a_deck_that_hangs_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="KLayout did not finish in"):
        precheck.run_application("deck", ["sleep", "47.3"], tmp_path / "report", 0.2)
    until(False, "47.3")
