"""The whole flow, killed with SIGKILL in the middle of every step: the next run ends with the same metrics."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from somaforge.flow.steps.registry import STEPS

SPEC = Path(__file__).parents[3] / "examples/iris.yaml"
COMMAND = [sys.executable, "-c", "from somaforge.flow.cli import main; main()", "run"]
KILLS = 12
SHARE = 0.4
"""How far into a step it is killed, measured on the run that is not killed."""


def small(folder: Path) -> Path:
    """The example with two chips, few patterns and little training."""
    data: dict[str, Any] = yaml.safe_load(SPEC.read_text())
    data |= {"chips": {"seeds": [1, 2]}, "evaluation": {"pattern_time_s": 2.0e-6, "patterns": 6}, "limits": []}
    data["training"] = {"seed": 1, "epochs": 60, "restarts": 4}
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(data))
    return path


def judged(out: Path) -> dict[str, float]:
    """What a run measured, without run times and memory."""
    metrics = json.loads((out / "final/metrics.json").read_text())
    return {name: value for name, value in metrics.items() if not name.startswith("step__")}


def kill_in(step: str, number: int, after_s: float, spec: Path, out: Path) -> None:
    """Start the run and kill it so long after the beginning of that step."""
    process = subprocess.Popen([*COMMAND, str(spec), "--out", str(out)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 600
    while not list(out.glob(f".tmp-{number:02d}-{step}-*")):
        assert process.poll() is None, f"the run ended before {step}"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (out / f"{number:02d}-{step}/done.json").exists(), f"{step} was already finished when it was killed"


@pytest.mark.nightly
@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
@pytest.mark.needs_klayout_app
@pytest.mark.needs_netgen
def test_a_run_that_is_killed_in_every_step_ends_the_same(tmp_path: Path) -> None:
    spec = small(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(SPEC.parents[1] / "src")}
    subprocess.run([*COMMAND, str(spec), "--out", str(tmp_path / "whole")], env=environment, check=True, timeout=900)
    seconds = json.loads((tmp_path / "whole/final/metrics.json").read_text())
    for number, step in enumerate(STEPS, 1):
        kill_in(step.name, number, SHARE * seconds[f"step__{step.name}__s"], spec, tmp_path / "killed")
    subprocess.run([*COMMAND, str(spec), "--out", str(tmp_path / "killed")], env=environment, check=True, timeout=900)
    assert judged(tmp_path / "killed") == judged(tmp_path / "whole")


@pytest.mark.nightly
@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
@pytest.mark.needs_klayout_app
@pytest.mark.needs_netgen
def test_a_run_whose_group_is_killed_at_random_times_ends_the_same(tmp_path: Path) -> None:
    """Simulators and workers die with it. Every second kill comes soon after the start, where a resumed run decides."""
    spec, whole, killed = small(tmp_path), tmp_path / "whole", tmp_path / "killed"
    environment = {**os.environ, "PYTHONPATH": str(SPEC.parents[1] / "src")}
    start = time.monotonic()
    subprocess.run([*COMMAND, str(spec), "--out", str(whole)], env=environment, check=True, timeout=900)
    seconds = time.monotonic() - start
    random = np.random.default_rng(15)
    for number in range(KILLS):
        process = subprocess.Popen(
            [*COMMAND, str(spec), "--out", str(killed)], env=environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(random.uniform(0, seconds if number % 2 else seconds / 10))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run([*COMMAND, str(spec), "--out", str(killed)], env=environment, check=True, timeout=900)
    assert judged(killed) == judged(whole)
    assert not list(killed.glob(".tmp-*"))
