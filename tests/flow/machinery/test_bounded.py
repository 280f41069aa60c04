"""Work in a process of its own: what comes back, what ends it, and that nothing of it is left."""

import faulthandler
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from tests.campaign import campaign, kinds
from tests.flow import fake_steps

from somaforge.flow import cli
from somaforge.flow.machinery.base import Context
from somaforge.flow.machinery.bounded import bounded
from somaforge.flow.runner.run import Runner
from somaforge.pdk.errors import CheckError, InputError, ToolError

CASES = Path(__file__).parents[2] / "cases"


def _hangs() -> None:
    while True:
        time.sleep(10)


def _raises(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


def test_result_and_output_come_back(capfd: pytest.CaptureFixture[str]) -> None:
    def work() -> dict[str, int]:
        print("out")
        print("err", file=sys.stderr)
        os.write(2, b"ERROR: src/db/db/dbPolygonGenerators.cc:493,12,x was not true\nfrom a library\n")
        return {"pid": os.getpid()}

    assert bounded(work, 60, "x")["pid"] != os.getpid()
    printed = capfd.readouterr()
    assert printed.out == "out\n"
    assert sorted(printed.err.splitlines()) == ["err", "from a library"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InputError("a"), InputError),
        (CheckError("a"), CheckError),
        (RuntimeError("a"), RuntimeError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_errors_come_back(error: BaseException, kind: type[BaseException]) -> None:
    with pytest.raises(kind) as raised:
        bounded(_raises(error), 60, "x")
    assert str(raised.value) == str(error)


def test_what_cannot_be_pickled_is_told() -> None:
    class LocalError(Exception):
        pass

    with pytest.raises(RuntimeError, match="LocalError: mine"):
        bounded(_raises(LocalError("mine")), 60, "x")


@pytest.mark.parametrize(
    ("work", "limit_s", "message"),
    [  # half a second is not enough for a crash where many processes wait for a processor
        (_hangs, 0.5, r"^x: no end in 0\.5 s$"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), 60.0, r"^x: killed by SIGKILL \(out of memory\?\)$"),
        (lambda: os.kill(os.getpid(), signal.SIGBUS), 60.0, r"^x: crashed \(SIGBUS\); is the file damaged\?$"),
        (lambda: os._exit(7), 60.0, r"^x: crashed \(exit 7\)"),
    ],
)
def test_no_end_and_crashes_are_failures_of_a_tool(work: Callable[[], None], limit_s: float, message: str) -> None:
    faulthandler.disable()  # pytest's, which the child would write with
    others = psutil.Process().children()  # of tests before: multiprocessing's resource tracker stays
    with pytest.raises(ToolError, match=message):
        bounded(work, limit_s, "x")
    faulthandler.enable()
    assert set(psutil.Process().children()) <= set(others)


@pytest.mark.needs_pdk
@pytest.mark.parametrize(
    "arguments",
    [
        ("drc",),
        ("lvs", "--netlist", str(CASES / "inv.spice"), "--top", "inv"),
        ("pex", "--top", "inv", "--output", "x.spice"),
    ],
)
def test_layouts_are_bounded(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    command = [arguments[0], "--layout", str(CASES / "inv.gds"), *arguments[1:]]
    assert cli.run([*command, "--timeout", "0.0001"]) == 3
    printed = capfd.readouterr()
    assert printed.err == f"somaforge: {arguments[0]} --layout {CASES / 'inv.gds'}: no end in 0.0001 s\n"
    assert printed.out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.needs_pdk
def test_an_assertion_in_klayout_is_one_line() -> None:
    """A bit-flipped layout that KLayout reads and cannot merge: it printed a line of its own."""
    kind = next(kind for kind in kinds.KINDS if kind.run is kinds.layouts_drc)
    assert campaign.trial(kind, 1, 2) is None


def test_a_step_is_bounded(tmp_path: Path) -> None:
    def action(context: Context) -> dict[str, float]:
        context.log("in the step")
        _hangs()
        return {}

    first, *_ = fake_steps.steps()
    slow = replace(first, action=action, limit_s=lambda spec: 0.5)
    with pytest.raises(ToolError, match=r"first: time_limits\.first_s: no end in 0\.5 s"):
        Runner(fake_steps.spec(), tmp_path / "r", (slow,)).run()
    log = (tmp_path / "r/01-first.failed/log.txt").read_text()
    assert "in the step" in log
    assert "failed: first: time_limits.first_s: no end in 0.5 s" in log
    whole = replace(first, limit_s=lambda spec: 60.0)
    (outcome,) = Runner(fake_steps.spec(), tmp_path / "r", (whole,)).run()
    assert outcome.metrics == {"first__size__count": 26}
