"""The other splits of a small data set: where they run, with which weights, and their mean."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tests.flow.montecarlo.test_montecarlo_spread import small_spec

from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.training import Weights, load_codes
from somaforge.flow.machinery.inputs import Inputs
from somaforge.flow.machinery.records import read_json
from somaforge.flow.steps import folds
from somaforge.flow.steps.chip import Job
from somaforge.generator.spec import Evaluation, Spec, Training, load_spec


def spec() -> Spec:
    return small_spec().model_copy(update={"training": Training(epochs=150, restarts=4)})


def test_mean_of_the_splits_by_hand() -> None:
    """Two chips: the first split is right in 20 and 25 of 30, the others always."""
    found = [{"chip": c, "fold": f, "right": 30, "patterns": 30} for c in (1, 2) for f in range(5)]
    found[0]["right"], found[5]["right"] = 20, 25
    assert folds.metrics(found) == {
        "accuracy__folds__ratio": pytest.approx((4 + 0.75) / 5),
        "accuracy__folds_worst__ratio": 0.75,
    }
    assert folds.metrics([]) == {}


def test_only_small_data_sets_without_a_test_set_of_their_own() -> None:
    examples = Path(__file__).parents[3] / "examples"
    assert folds.applies(load_spec(examples / "iris.yaml"))
    assert not folds.applies(load_spec(examples / "mnist.yaml"))
    assert not folds.applies(spec().model_copy(update={"training": Training(batch=20)}))
    none = spec().model_copy(update={"evaluation": Evaluation(fold_chips=0)})
    assert not folds.applies(none)
    assert folds.config(none) == {}


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_a_split_has_its_own_network_and_the_signoff_split_that_of_the_run(tmp_path: Path) -> None:
    """Weights that are all 0 get right what the first output gets by chance; a trained network does better."""
    wanted = spec()
    layers = wanted.array.layers
    for step in ("characterize", "train"):
        (tmp_path / step / "chips/1").mkdir(parents=True)
    slopes = Calibration.ideal(layers, wanted.array.bits)
    (tmp_path / "characterize/chips/1/calibration.json").write_text(slopes.to_json())
    nothing = tuple(np.zeros(shape, dtype=np.int64) for shape in pairwise(layers))
    weights = tmp_path / "train/chips/1/weights.npz"
    Weights(nothing, 0.0, 0.0, ()).save(weights)
    assert not any(np.any(codes) for codes in load_codes(weights))
    job, right = Job(wanted, 1, Inputs({s: tmp_path / s for s in ("characterize", "train")}, {})), {}
    for fold in (0, folds.SIGNOFF):
        folder = tmp_path / str(fold)
        folder.mkdir()
        folds.run(folder, folds.FoldJob(job, fold))
        found = read_json(folder / "fold.json")
        assert (found["chip"], found["fold"], found["patterns"]) == (1, fold, 30)
        right[fold] = found["right"]
    assert right[folds.SIGNOFF] <= 15 < right[0]
