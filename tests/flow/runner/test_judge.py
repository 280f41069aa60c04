"""A verdict on a bitfile, whoever made it; and a user's own table through the flow up to patterns on the chip."""

import json
from pathlib import Path

import numpy as np
import pytest

from somaforge.flow import cli
from somaforge.flow.memory import bitfile
from somaforge.flow.runner.judge import limits_on_chips
from somaforge.flow.runner.known import read_spec
from somaforge.generator.design import build
from somaforge.pdk.errors import InputError

SPEC = """
name: tiny
array: {layers: [3, 3, 3], bits: 2}
network: {layers: [2, 3, 2], dataset: {train: t.csv, label: side, encoding: positive}}
input: {full_scale_A: 1.0e-7}
chips: {seeds: [1], mismatch: 0.0}
training: {epochs: 200, restarts: 4}
evaluation: {patterns: 8}
"""
LIMIT = "limits: [{metric: accuracy__spice__ratio, min: 0.7}]\n"


def write(folder: Path, more: str = LIMIT) -> Path:
    """Points of a square, left or right of its diagonal and not near it."""
    random = np.random.default_rng(1)
    rows = [(a, b, "left" if a > b else "right") for a, b in random.uniform(0, 1, (80, 2)) if abs(a - b) > 0.4]
    (folder / "t.csv").write_text("a,b,side\n" + "".join(f"{a:.3f},{b:.3f},{side}\n" for a, b, side in rows))
    path = folder / "tiny.yaml"
    path.write_text(SPEC + more)
    return path


def difference(folder: Path, name: str, sign: float) -> Path:
    """Weights that compare the two inputs: relu(a - b) against relu(b - a)."""
    wide, narrow = np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0]]), np.array([[1.0, -1.0], [-1.0, 1.0], [0.0, 0.0]])
    np.savez(folder / f"{name}.npz", allow_pickle=False, W0=wide, W1=sign * narrow)
    return folder / f"{name}.npz"


@pytest.mark.parametrize("more", ["", "limits: [{metric: drc__native__count, max: 0}]\n"])
def test_a_verdict_needs_a_limit(more: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^limits: none is on what test patterns show \(accuracy__spice__ratio, "):
        limits_on_chips(read_spec(write(tmp_path, more)))


def test_a_bitfile_of_another_design_is_refused_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = write(tmp_path)
    spec.write_text(spec.read_text().replace("bits: 2", "bits: 3"))
    codes = [np.zeros((3, 3), dtype=np.int64)] * 2
    (tmp_path / "w.bit").write_bytes(bitfile.pack(codes, build(read_spec(spec))))
    assert (
        cli.run(["evaluate", str(write(tmp_path)), "--bitfile", str(tmp_path / "w.bit"), "--out", str(tmp_path / "r")])
        == 2
    )
    assert "w.bit: bitfile for (3, 3, 3) with 3 bits, the design has (3, 3, 3) with 2" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


@pytest.mark.nightly
@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
@pytest.mark.needs_netgen
def test_own_table_and_own_weights_on_a_chip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Right weights pass (5 of 6 patterns: negative weights are stronger than these know), weights for the opposite
    fail with exit code 1, and the second time nothing is simulated."""
    spec, out = str(write(tmp_path)), str(tmp_path / "r")
    assert cli.run(["evaluate", spec, "--out", out, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy__spice__ratio"] >= 0.8, "trained on the table"
    for sign, name, code in ((1.0, "right", 0), (-1.0, "wrong", 1)):
        assert cli.run(["bitfile", "pack", str(difference(tmp_path, name, sign)), spec]) == 0
        capsys.readouterr()
        judge = ["evaluate", spec, "--out", out, "--json", "--bitfile", str(tmp_path / f"{name}.bit")]
        assert cli.run(judge) == code
        said = capsys.readouterr()
        found = json.loads(said.out)
        assert found["passed"] is (code == 0)
        assert (found["metrics"]["accuracy__spice__ratio"] > 0.7) is (code == 0)
        assert ("right.bit" in said.err) is False
    marks = {path: path.stat().st_mtime_ns for path in (tmp_path / "r/judged").rglob("evaluation.json")}
    assert cli.run(judge) == 1
    assert marks == {path: path.stat().st_mtime_ns for path in (tmp_path / "r/judged").rglob("evaluation.json")}
