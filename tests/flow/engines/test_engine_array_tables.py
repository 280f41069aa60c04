"""Device tables: against single transistors in ngspice, their derivatives, their cache."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from somaforge.flow.engines.array.device import HALF, Device, Moved
from somaforge.flow.engines.array.tables import Kind, Sweep, Table, sweep, table
from somaforge.flow.engines.ngspice import read_raw
from somaforge.pdk import load
from somaforge.pdk.errors import ToolError
from somaforge.pdk.models import OperatingPoint, Size
from somaforge.pdk.sky130 import mismatch

N = "sky130_fd_pr__nfet_01v8"
P = "sky130_fd_pr__pfet_01v8"
pytestmark = [pytest.mark.needs_pdk, pytest.mark.needs_ngspice]


def kind(device: str, w: int = 840, l: int = 790) -> Kind:  # noqa: E741
    return Kind(Size(device, w, l), OperatingPoint("tt", 27.0, 1.8), load("sky130").models)


def by_ngspice(kind: Kind, points: np.ndarray, folder: Path) -> np.ndarray:
    """Source currents of one transistor per row of `points`: gate, drain, source in V over the body, shift in V."""
    model, sign = kind.element, kind.element.sign
    lines = ["* single transistors", kind.models.options, ".option reltol=1e-6 abstol=1e-19 vntol=1e-9 gmin=1e-19"]
    lines += [f".temp {kind.at.temperature_C}", model.card("device")]
    for i, (gate, drain, source, shift) in enumerate(points):
        lines += [f"v_{t}{i} {t}{i} 0 {sign * v:.9g}" for t, v in (("g", gate), ("d", drain), ("s", source))]
        lines.append(model.line(str(i), (f"d{i}", f"g{i}", f"s{i}", "0"), "device", vth_V=shift))
    lines += [".save " + " ".join(f"i(v_s{i})" for i in range(len(points))), "v_x x 0 0", ".dc v_x 0 1 1", ".end"]
    (folder / "t.sp").write_text("\n".join(lines) + "\n")
    command = ["ngspice", "-n", "-b", "-r", str(folder / "t.raw"), str(folder / "t.sp")]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return sign * read_raw(folder / "t.raw")[1][0, 1:]


@pytest.mark.parametrize(("device", "median", "highest"), [(N, 5e-4, 5e-3), (P, 5e-4, 5e-3)])
def test_interpolation_error(device: str, median: float, highest: float, tmp_path: Path) -> None:
    """Anywhere above 0.1 nA, between the swept points, drain above source."""
    draw = np.random.default_rng(5)
    points = np.zeros((800, 4))
    points[:, 2] = draw.random(800) ** 2 * 1.2
    points[:, 1] = points[:, 2] + draw.random(800) ** 2 * (1.8 - points[:, 2])
    points[:, 0] = np.minimum(points[:, 2] + 0.4 + 0.9 * draw.random(800), 1.8)
    expected = by_ngspice(kind(device), points, tmp_path)
    gate, drain, source = (torch.tensor(points[:, i]) for i in range(3))
    found = Device(table(kind(device)))(gate, drain, source).current.numpy()
    wrong = np.abs(found / expected - 1)[expected > 1e-10]
    assert len(wrong) > 300
    assert np.median(wrong) < median
    assert wrong.max() < highest


@pytest.mark.parametrize(("device", "w", "l"), [(N, 840, 790), (P, 840, 790), (N, 420, 360), (P, 420, 360)])
def test_a_threshold_shift_moves_the_gate(device: str, w: int, l: int, tmp_path: Path) -> None:  # noqa: E741
    """4 units with shifts of up to 3 sigma, as one pooled shift, against four transistors in ngspice.

    The smallest unit has 2.4 times Pelgrom's sigma, 20 mV.
    """
    draw = np.random.default_rng(6)
    shifts = draw.normal(0, mismatch.sigma_vth_V(device, w, l), (40, 4))
    gates = np.repeat(0.5 + 0.6 * draw.random(40), 4)
    points = np.stack([gates, np.full(160, 0.9), np.zeros(160), shifts.reshape(-1)], axis=1)
    expected = by_ngspice(kind(device, w, l), points, tmp_path).reshape(40, 4).sum(1)
    one = Device(table(kind(device, w, l)))
    gate = torch.tensor(gates[::4])
    moved = one.pooled(gate.unsqueeze(0), Moved(torch.tensor(shifts)), HALF)[0]
    found = 4 * one(gate - moved, torch.full_like(gate, 0.9), torch.zeros_like(gate)).current.numpy()
    assert np.abs(found / expected - 1).max() < 1e-3
    unmoved = 4 * one(gate, torch.full_like(gate, 0.9), torch.zeros_like(gate)).current.numpy()
    assert np.abs(unmoved / expected - 1).max() > 3e-2
    together = one.together(Moved(torch.tensor(shifts)), HALF)
    found = one.mirror(gate.unsqueeze(0), torch.full_like(gate, 0.9).unsqueeze(0), together, 4)[0][0].numpy()
    assert np.abs(found / expected - 1).max() < 1e-3


@given(st.floats(-0.2, 1.9), st.floats(-0.05, 1.8), st.floats(-0.05, 1.8))
@settings(max_examples=200, deadline=None)
def test_drain_and_source_are_alike_and_derivatives_are_right(gate: float, drain: float, source: float) -> None:
    one = _device()
    g, d, s = (torch.tensor([v], dtype=torch.float64) for v in (gate, drain, source))
    here, there = one(g, d, s), one(g, s, d)
    assert float(here.current) == pytest.approx(-float(there.current), rel=1e-12)
    assert float(here.drain) == pytest.approx(-float(there.source), rel=1e-9)
    h = 1e-7
    for slope, step in ((here.gate, (h, 0, 0)), (here.drain, (0, h, 0)), (here.source, (0, 0, h))):
        up, down = one(g + step[0], d + step[1], s + step[2]), one(g - step[0], d - step[1], s - step[2])
        # a kink of the table between the two points may lie there: both one-sided slopes are then allowed
        sides = [float(up.current - here.current) / h, float(here.current - down.current) / h]
        scale = float(here.current.abs() / 0.025 + here.gate.abs() + here.drain.abs() + 1e-18)
        assert min(sides) - 1e-4 * scale <= float(slope) <= max(sides) + 1e-4 * scale


_made: dict[str, Device] = {}


def _device() -> Device:
    if not _made:
        _made["n"] = Device(table(kind(N)))
    return _made["n"]


def test_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = sweep(kind(N, 540, 540), tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"half a file")
    again = sweep(kind(N, 540, 540), tmp_path)
    assert np.array_equal(first.log_current, again.log_current)
    monkeypatch.setenv("PATH", "/nowhere")
    assert isinstance(sweep(kind(N, 540, 540), tmp_path), Sweep)
    with pytest.raises(ToolError, match=r"^ngspice: not installed; run make setup"):
        sweep(kind(P, 540, 540), tmp_path)
    assert isinstance(table(kind(N, 540, 540), tmp_path), Table)
