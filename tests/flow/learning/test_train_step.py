"""The step train on large data: the ideal network first, then every chip from it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from tests.flow.learning.test_minibatch import LAYERS, spec

from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.training import load_codes
from somaforge.flow.machinery.base import Context
from somaforge.flow.machinery.inputs import Inputs
from somaforge.flow.machinery.workers import PartStore
from somaforge.flow.steps import train as step


def test_chips_start_from_the_ideal_network(tmp_path: Path) -> None:
    wanted = spec(epochs=6, chip_epochs=2, restarts=1)
    wanted = wanted.model_copy(update={"chips": wanted.chips.model_copy(update={"seeds": (3, 5)})})
    for seed in wanted.chips.seeds:
        folder = tmp_path / "characterize/chips" / str(seed)
        folder.mkdir(parents=True)
        draw = np.random.default_rng(seed)
        slopes = tuple(tuple(0.25 * np.exp(draw.normal(0, 0.3, n))) for n in LAYERS)
        folder.joinpath("calibration.json").write_text(replace(Calibration.ideal(LAYERS, 3), slopes=slopes).to_json())
    out = tmp_path / "train"
    out.mkdir()
    parts = PartStore(tmp_path / "parts", "key")
    parts.open()
    metrics = step.action(Context(wanted, out, Inputs({"characterize": tmp_path / "characterize"}, {}), parts))
    for name in step.STEP.outputs(wanted):
        assert (out / name).is_file()
    ideal = load_codes(out / "ideal.npz")
    for seed in wanted.chips.seeds:
        own = load_codes(out / f"chips/{seed}/weights.npz")
        assert [c.shape for c in own] == [c.shape for c in ideal]
        different = np.mean([np.mean(a != b) for a, b in zip(own, ideal, strict=True)])
        assert 0 < different < 0.6  # a start from random weights would leave one code in ten as it is
        assert len(json.loads((out / f"chips/{seed}/training.json").read_text())["loss"]) == 2
    assert metrics["accuracy__model_blind__ratio"] < metrics["accuracy__model_chip__ratio"]
    assert metrics["accuracy__model_chip__ratio"] <= metrics["accuracy__model_best_chip__ratio"]
