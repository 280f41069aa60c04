"""What `import somaforge` offers: light to import, a spec from anywhere, chips, and a torch module that is a chip."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import somaforge
from somaforge.flow import api
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.machinery.fingerprint import files_of
from somaforge.flow.memory import bitfile
from somaforge.generator.address import WeightFormat
from somaforge.pdk.errors import InputError

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples/own.yaml"
KEYS: dict[str, Any] = {
    "name": "toy",
    "array": {"layers": [4, 5, 3], "bits": 3},
    "network": {"layers": [4, 5, 3], "dataset": "iris"},
    "input": {"full_scale_A": 1e-7},
    "chips": {"seeds": [1]},
    "training": {"epochs": 60, "restarts": 4},
}


def crooked(seed: int = 1) -> Calibration:
    """A chip whose slopes differ by 20 %."""
    random = np.random.default_rng(seed)
    slopes = tuple(tuple(0.25 * np.exp(0.2 * random.standard_normal(n))) for n in (4, 5, 3))
    return Calibration(
        slopes, tuple((0.0,) * n for n in (4, 5, 3)), (1.2, 1.3), tuple(float(c) for c in range(8)), (), 0.95
    )


def test_importing_it_imports_nothing_else() -> None:
    """Every module of somaforge imports it; and no step's key may follow from it to all of the flow."""
    code = "import sys, somaforge; print([m for m in sys.modules if m.startswith(('somaforge.', 'torch', 'numpy'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert not [path for path in files_of("somaforge.pdk.errors") if "/flow/" in path.as_posix()]


def test_its_names_are_those_of_the_room() -> None:
    names = set(somaforge.__all__) - {"__version__"}
    assert names == set(api.__all__)
    stub = (ROOT / "src/somaforge/__init__.pyi").read_text()
    assert all(f"from somaforge.flow.api import {name} as {name}\n" in stub for name in names)
    assert all(getattr(somaforge, name) is getattr(api, name) for name in names)
    with pytest.raises(AttributeError, match="no attribute 'Projekt'"):
        somaforge.Projekt  # type: ignore[attr-defined]  # noqa: B018


def test_a_spec_from_a_file_or_its_keys(tmp_path: Path) -> None:
    assert somaforge.load_spec(EXAMPLE) == somaforge.load_spec(str(EXAMPLE))
    spec = somaforge.load_spec(KEYS)
    assert somaforge.load_spec(spec) is spec
    with pytest.raises(
        InputError, match=r"^spec: network: iris has 4 features and 3 classes: layers must be \[4, ..., 3\]"
    ):
        somaforge.load_spec({**KEYS, "network": {"layers": [3, 5, 3], "dataset": "iris"}})
    own = {"layers": [10, 5, 4], "dataset": {"train": "own-train.csv", "label": "shape"}}
    keys = {**KEYS, "array": {"layers": [10, 5, 4], "bits": 3}, "network": own}
    assert len(somaforge.Project(keys, folder=EXAMPLE.parent).data.train_y) == 128
    with pytest.raises(InputError, match=r"^spec: network.dataset: own-train.csv is not in"):
        somaforge.Project(keys, folder=tmp_path)


def test_a_project_has_design_data_and_layout(tmp_path: Path) -> None:
    project = somaforge.Project(KEYS, tmp_path / "r")
    assert project.design.layers == (4, 5, 3)
    assert project.data.train_x.shape == (120, 4)
    layout = project.draw()
    assert [cell.name for cell in layout.top_cells()] == ["toy"]
    assert not (tmp_path / "r").exists(), "nothing is written before a step"
    assert (project.generate() / "layout.gds").is_file()
    assert somaforge.Project(KEYS).out == Path("runs/toy")


def test_the_module_is_the_measured_model() -> None:
    chip = crooked()
    module = somaforge.ChipModule(chip, somaforge.load_spec(KEYS), weight_noise=0.0)
    x = np.random.default_rng(2).uniform(size=(20, 4))
    codes = module.codes()
    assert [c.shape for c in codes] == [(4, 5), (5, 3)]
    assert max(np.abs(c).max() for c in codes) <= WeightFormat(3).full_scale
    found = module(torch.tensor(x, dtype=torch.float32)).detach().numpy()
    assert found == pytest.approx(chip.forward(list(codes), x), rel=1e-4, abs=1e-7)


def test_gradients_go_through_the_model_and_noise_is_for_training_alone() -> None:
    spec = somaforge.load_spec(KEYS)
    module = somaforge.ChipModule(crooked(), spec, seed=3)
    x = torch.rand(20, 4, generator=torch.Generator().manual_seed(1))
    assert not torch.equal(module(x), module(x)), "mirrors differ in every draw"
    module.eval()
    assert torch.equal(module(x), module(x))
    module(x).sum().backward()
    assert all(w.grad is not None and bool(w.grad.abs().sum() > 0) for w in module.weights)


@pytest.mark.nightly
def test_a_loop_of_ones_own_learns() -> None:
    """What the example does: flowers on a crooked chip, better than the largest class by far."""
    spec = importlib.util.spec_from_file_location("own_training", ROOT / "examples/own_training.py")
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    project = somaforge.Project(KEYS)
    module = example.network_for(crooked(), project, starts=1)
    module.eval()
    with torch.no_grad():
        right = (
            module(torch.tensor(project.data.test_x, dtype=torch.float32)).argmax(dim=1).numpy() == project.data.test_y
        )
    assert right.mean() > 0.8


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_a_chip_is_measured_trained_programmed_and_tested() -> None:
    project = somaforge.Project(KEYS)
    chip = project.chip(1, engine="array")
    calibration = chip.characterize()
    assert [len(layer) for layer in calibration.slopes] == [4, 5, 3]
    codes = chip.train(calibration)
    assert bitfile.unpack(chip.program(codes), chip.design)[0].tolist() == codes[0].tolist()
    assert chip.outputs(codes, project.data.test_x[:2]).shape == (2, 3)
    assert chip.accuracy(codes) > 0.6
    with pytest.raises(InputError, match=r"^patterns: \(2, 3\), the network takes \[patterns, 4\]$"):
        chip.outputs(codes, project.data.test_x[:2, :3])
    with pytest.raises(InputError, match=r"engine: there is no spicy"):
        project.chip(1, engine="spicy")
