"""A made-up run with everything that a report shows, names of strangers among it."""

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import klayout.db as kdb
import numpy as np
from tests.flow import fake_steps

from somaforge.flow.checks.shuttle.check import Outcome
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.measure.noise import NoiseMatrix
from somaforge.flow.report.data import ChipData, RunData
from somaforge.flow.signoff.population import population_yield
from somaforge.flow.signoff.verdict import judge, limits_of
from somaforge.generator.design import build as build_design
from somaforge.generator.spec import Limit, Operating, Waiver
from somaforge.pdk import Pdk, load

HOSTILE = "<script>alert(1)</script> & friends"
CORNERS: dict[str, Any] = {
    "points": [
        {"corner": c, "temperature_C": 27.0, "supply_V": 1.8, "calibration": k, "chips": {"1": {}}, "metrics": m,
         "problem": "" if c == "tt" else "memory: cannot be written"}
        for c in ("tt", "ss")
        for k, m in (("nominal", {"accuracy__array__ratio": 0.9}), ("recalibrated", {"accuracy__array__ratio": 0.95}))
    ],
    "drift": {
        "from_C": 27.0,
        "patterns": 100,
        "temperatures": [
            {"temperature_C": 85.0, "current_change_p50": 0.1, "current_change_p95": 0.2, "share_change_p50": 0.01,
             "share_change_p95": 0.05, "same_winner": 0.99}
        ],
    },
}  # fmt: skip
OPERATING: dict[str, Any] = {
    "own": {"supply_V": 1.8, "input_A": 15e-9},
    "chips": [1],
    "points": [
        {"place": {"supply_V": v, "input_A": 15e-9}, "accuracy": a, "rest_W": 5e-4, "works": works, "timed": timed,
         "leakage_W": 1e-6}
        for v, a, works, timed in (
            (1.8, 0.98, True, {"run_s": 7e-6, "mac_J": 2e-13, "efficiency_per_J": 5e12}),
            (1.4, 0.975, True, {"run_s": 7.5e-6, "mac_J": 1.25e-13, "efficiency_per_J": 8e12}),
            (1.2, 0.97, True, {"run_s": None, "mac_J": None, "efficiency_per_J": None}),
            (1.0, 0.2, False, None),
        )
    ],
}  # fmt: skip
for _point in OPERATING["points"]:
    if _point["timed"] is not None:
        _point["timed"] |= {"power_W": 5e-4, "time_to_output_p50_s": 3e-6, "time_to_output_p99_s": 7e-6}
NOISE = NoiseMatrix(
    (-1, 0, 1), np.array([1e-9, 2e-9]), np.geomspace(1.0, 1e10, 5), np.full((2, 3, 5), 1e-26),
    np.arange(12, dtype=float).reshape(2, 2, 3) * 1e-9, (1, 2), 1e-6,
)  # fmt: skip
PNG = b"\x89PNG\r\n\x1a\n"


def made_layout(path: Path, top: str, pdk: Pdk) -> None:
    """A macro of 3 x 2 cells with a wire each, one cell turned, a frame with a hole, a label, an implant."""
    layout = kdb.Layout()
    layout.dbu = 0.001
    cell, child = layout.create_cell(top), layout.create_cell(f"{top}__child")
    wire, well = layout.layer(*pdk.layers["inner"]), layout.layer(*pdk.layers["well"])
    child.shapes(wire).insert(kdb.Box(0, 0, 2000, 300))
    child.shapes(layout.layer(*pdk.layers["n_implant"])).insert(kdb.Box(0, 0, 500, 500))
    step = kdb.Vector(3000, 0), kdb.Vector(0, 1000)
    cell.insert(kdb.CellInstArray(child.cell_index(), kdb.Trans(1000, 1000), *step, 3, 2))
    cell.insert(kdb.CellInstArray(child.cell_index(), kdb.Trans(kdb.Trans.R90, 500, 1000)))
    frame = kdb.Polygon(kdb.Box(0, 0, 12_000, 4000))
    frame.insert_hole(kdb.Box(400, 400, 11_600, 3600))
    cell.shapes(well).insert(frame)
    cell.shapes(layout.layer(*pdk.layers["inner_label"])).insert(kdb.Text("in_0", 1500, 1100))
    layout.write(str(path))


def made_chip(seed: int, classes: int) -> ChipData:
    """A chip whose measurement is its calibration's model, exactly."""
    rng = np.random.default_rng(seed)
    calibration = replace(
        Calibration.ideal((7, 7, 7), 3),
        slopes=tuple(tuple(rng.uniform(0.2, 0.3, 7)) for _ in range(3)),
        levels_A=(1e-8, 1e-7),
        exponent=0.9,
    )
    nodes = np.array([[[(i + shift) % 7 for i in range(7)] for shift in (k, 0, 2 * k)] for k in range(7)])
    full = [np.where(np.eye(7, dtype=bool), 7, 0)] * 2
    outputs = np.zeros((7, 2, 7))
    for k, paths in enumerate(nodes):
        codes = [m[np.argsort(a)][:, np.argsort(b)] for m, a, b in zip(full, paths, paths[1:], strict=False)]
        for level, current in enumerate(calibration.levels_A):
            outputs[k, level] = calibration.forward(codes, np.full((1, 7), current))[0, paths[-1]]
    count = 6
    evaluation: dict[str, Any] = {
        "outputs_A": rng.uniform(0, 1e-7, (count, classes)).tolist(),
        "predictions": [0, 1, 2, 0, 1, 2],
        "labels": [0, 1, 2, 0, 1, 1],
        "timed": list(range(count)),
        "time_to_output_s": rng.uniform(1e-7, 1e-6, count).tolist(),
        "leakage_W": 1e-8,
        "energy_J": rng.uniform(1e-11, 2e-11, count).tolist(),
        "energy_to_output_J": rng.uniform(1e-12, 1e-11, count).tolist(),
        "settled": [True] * count,
        "pattern_time_s": 2e-6,
        "rungs": ["gmin-stepping", "direct", "gmin-stepping"],
        "run_times_s": [1e-6, 2e-6],
        "energy_by_J": [1e-11, 2e-11],
        "trace": {
            "pattern": 1,
            "time_s": [-1e-7, 0.0, 1e-6],
            "inputs_A": rng.uniform(0, 1e-7, (2, 7)).tolist(),
            "outputs_A": rng.uniform(0, 1e-7, (3, classes)).tolist(),
            "supply_A": [1e-6, 2e-6, 3e-6],
        },
    }
    return ChipData(
        seed,
        calibration,
        {
            "nodes": nodes.tolist(),
            "inputs_A": [1e-8, 1e-7],
            "outputs_A": outputs.tolist(),
            "code_samples": [[1, 1.1]],
            "model_error": 0.05,
        },
        {"test_accuracy": 1.0, "loss": [1.0, 0.1]},
        tuple(rng.integers(-7, 8, (7, 7)) for _ in range(2)),
        {"differential_V": 0.5, "wrong_bits": 0, "problems": []},
        evaluation,
    )


def made_run(tmp_path: Path) -> RunData:
    """With its images in a folder."""
    limit = Limit(metric="accuracy__spice__ratio", min=0.99)
    waiver = Waiver(metric=limit.metric, reason=HOSTILE, name=HOSTILE, expires=date(2999, 1, 1))
    spec = fake_steps.spec().model_copy(
        update={"limits": (limit,), "waivers": (waiver,), "operating": Operating(timed_patterns=3)}
    )
    names = re.findall(r"`([a-z0-9_]+__[A-Za-z0-9_]+)`", (Path(__file__).parents[3] / "docs/metrics.md").read_text())
    metrics = dict.fromkeys(names, 1.0) | {"drc__native__count": 0.0, limit.metric: 0.9}
    for image in ("layout.png", "synapse.png"):
        (tmp_path / image).write_bytes(PNG)
    made_layout(tmp_path / "layout.gds", spec.name, load(spec.pdk))
    sides = {k: {"slope": 1.0, "energy_J": 1e-10, "time_to_output_s": 1e-7} for k in ("schematic", "layout")}
    (tmp_path / "layout.json").write_text(json.dumps({**sides, "patterns": 12}))
    wing = {"drive_V": [0.0, 1.8], "response_V": [1.8, 0.0], "noise_margin_V": 0.4}
    return RunData(
        spec,
        build_design(spec),
        {"generate": tmp_path, "evaluate": tmp_path},
        metrics,
        judge(limits_of(spec), spec.waivers, metrics, date(2026, 1, 1)),
        (made_chip(1, 3), made_chip(2, 3)),
        population_yield((limit,), {1: {limit.metric: 0.9}, 2: {limit.metric: 1.0}}, metrics),
        {
            "native": {"m1.1": 0, HOSTILE: 2},
            "precheck": {"m1.2": 0},
            "antenna": {"ar.li.1": 0},
            "density": {"m1.pd.1d": 0},
        },
        {"generate": {"tools": {"klayout": "0"}, "key": "k"}},
        {"test_accuracy": 1.0, "loss": [1.0, 0.1]},
        {
            "inputs_A": [1e-9, 1e-8],
            "codes": [-1, 0, 1],
            "outputs_A": [[-3e-10, -3e-9], [0.0, 0.0], [3e-10, 3e-9]],
            "latch": {"hold": wing, "read": wing},
        },
        CORNERS,
        json.loads(json.dumps(NOISE.to_json(), default=np.ndarray.tolist)),
        OPERATING,
        (Outcome("layers", f"layers {HOSTILE}", "fail", ("layer 72/20 is used",), 1),),
        ("one", "two", "three"),
    )
