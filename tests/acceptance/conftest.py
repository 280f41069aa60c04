"""What the acceptance tests share: one environment with the wheel, and a person's table of flowers."""

import csv
from pathlib import Path

import pytest
from sklearn.datasets import load_iris
from tests import wheel
from tests.wheel import Place

SPEC = """\
name: {name}
array:
  layers: [4, 4, 3]
  bits: 3
network:
  layers: [4, 4, 3]
  dataset: {{train: flowers.csv, label: kind}}
input: {{full_scale_A: 325.0e-9}}
chips: {{seeds: [1]}}
training: {{epochs: 60, restarts: 2}}
"""


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A folder with a table and the specs of two macros; the installed command beside it."""
    folder = tmp_path_factory.mktemp("acceptance")
    made = wheel.clean(folder, wheel.build(folder))
    flowers = load_iris()
    with (made.folder / "flowers.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow([*(name.replace(" ", "_") for name in flowers.feature_names), "kind"])
        rows.writerows([*x, flowers.target_names[y]] for x, y in zip(flowers.data, flowers.target, strict=True))
    for name in ("first", "second"):
        (made.folder / f"{name}.yaml").write_text(SPEC.format(name=name))
    return made


@pytest.fixture(scope="session")
def own(place: Place) -> Path:
    """What `somaforge init own` writes."""
    done = place.somaforge("init", "own", "--out", "mine")
    assert (done.returncode, done.stdout, done.stderr) == (0, "mine/own.yaml\n", "")
    return place.folder / "mine"
