"""Data sets from the user's own files: every form, what becomes of values, where paths begin."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.flow.datasets.own_files import ROWS, csv_text, own, spec_text, write_as

from somaforge.flow import cli, datasets
from somaforge.flow.machinery.store import sha256_json
from somaforge.flow.runner.manifest import data_folder, dataset_sha256, with_data
from somaforge.flow.steps.registry import STEPS
from somaforge.generator.spec import Spec, load_spec, parse_spec
from somaforge.pdk.errors import InputError

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples/own.yaml"


@pytest.mark.parametrize("form", ["csv", "tsv", "npz", "parquet"])
def test_every_table_gives_the_same_patterns(form: str, tmp_path: Path) -> None:
    """4 x 3 pairs: a from 1 to 4, b from -3 to 10; red where a > b, of which there are 6 and one is held out."""
    data = write_as(form, tmp_path)
    found = datasets.source(data)
    assert (found.features, found.classes) == (2, 2)
    loaded = datasets.load(data)
    assert loaded.classes == ("blue", "red")
    assert (len(loaded.train_y), len(loaded.test_y)) == (10, 2)
    assert loaded.train_x.min(axis=0).tolist() == [0.0, 0.0]
    assert loaded.train_x.max(axis=0).tolist() == [1.0, 1.0]
    assert "every fifth pattern of each class" in loaded.provenance
    red = sorted(loaded.train_x[loaded.train_y == 1, 0].tolist() + loaded.test_x[loaded.test_y == 1, 0].tolist())
    assert red == pytest.approx([(a - 1) / 3 for a, b, _ in sorted(ROWS) if a > b], abs=1e-12)
    assert datasets.has_folds(data)
    assert not np.array_equal(datasets.load(data, fold=0).test_x, loaded.test_x)


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ({}, [[0.0, 0.5], [1.0, 1.0], [0.5, 0.0]]),
        ({"encoding": "complement"}, [[0, 1, 0.5, 0.5], [1, 0, 1, 0], [0.5, 0.5, 0, 1]]),
        ({"encoding": "two_inputs"}, [[0, 0, 0, 0], [1, 0, 1, 0], [0.5, 0, 0, 1]]),
        ({"encoding": "two_inputs", "scaling": "common"}, [[0, 0, 0, 0], [0.5, 0, 1, 0], [0.25, 0, 0, 1]]),
        ({"scaling": "common"}, [[0.5, 0.5], [0.75, 1.0], [0.625, 0.0]]),
        ({"constant": True}, [[0.0, 0.5, 1], [1.0, 1.0, 1], [0.5, 0.0, 1]]),
        ({"features": ["b"]}, [[0.5], [1.0], [0.0]]),
    ],
)
def test_values_become_currents_as_the_spec_says(tmp_path: Path, keys: dict[str, object], wanted: object) -> None:
    """a: 0, 2, 1; b: 0, 4, -4."""
    (tmp_path / "t.csv").write_text("a,b,colour\n0,0,x\n2,4,y\n1,-4,y\n")
    (tmp_path / "u.csv").write_text("a,b,colour\n-9,99,y\n")
    loaded = datasets.load(own(tmp_path, test="u.csv", **keys))
    assert loaded.train_x.tolist() == wanted
    assert loaded.test_x.min() >= 0.0
    assert loaded.test_x.max() <= 1.0, "cut off"
    assert len(loaded.features) == loaded.train_x.shape[1]


def test_images_by_class(tmp_path: Path) -> None:
    """4 x 4 pixels, reduced to 2 x 2: the mean of four, over 255."""
    for part in ("train", "test"):
        for name, level in (("bright", 255), ("dark", 51)):
            (tmp_path / part / name).mkdir(parents=True)
            pixels = np.full((4, 4), level, dtype=np.uint8)
            pixels[:2, :2] = 0
            Image.fromarray(pixels).save(tmp_path / part / name / "1.png")
    keys = {"train": "train", "test": "test", "label": None, "image": [2, 2], "encoding": "positive"}
    loaded = datasets.load(own(tmp_path, **keys, scaling="none"))
    assert loaded.classes == ("bright", "dark")
    assert loaded.train_x == pytest.approx(np.array([[0, 1, 1, 1], [0, 0.2, 0.2, 0.2]]))
    assert loaded.features == ("pixel 0 0", "pixel 0 1", "pixel 1 0", "pixel 1 1")
    Image.fromarray(np.zeros((3, 4), dtype=np.uint8)).save(tmp_path / "train/dark/2.png")
    with pytest.raises(InputError, match=r"train/dark/2.png: has 3 x 4 pixels, .*1.png 4 x 4; say network.dataset"):
        datasets.load(own(tmp_path, **{**keys, "image": None}))
    (tmp_path / "train/dark/2.png").write_bytes(b"GIF89a")
    with pytest.raises(InputError, match=r"train/dark/2.png: cannot be read as an image"):
        datasets.load(own(tmp_path, **keys))


def test_paths_begin_at_the_data_folder_or_the_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOMAFORGE_DATA", raising=False)
    (tmp_path / "specs").mkdir()
    (tmp_path / "data").mkdir()
    path = tmp_path / "specs/s.yaml"
    path.write_text(spec_text("{train: t.csv, label: colour}"))
    (tmp_path / "specs/t.csv").write_text(csv_text())
    found = load_spec(path).network.dataset
    beside = datasets.fingerprint(found)
    assert datasets.fingerprint(found, tmp_path / "data") == beside
    (tmp_path / "data/t.csv").write_text(csv_text() + "9,9.5,blue\n")
    assert datasets.fingerprint(found, tmp_path / "data") != beside
    monkeypatch.setenv("SOMAFORGE_DATA", str(tmp_path / "data"))
    assert datasets.fingerprint(found) != beside
    monkeypatch.delenv("SOMAFORGE_DATA")
    (tmp_path / "specs/t.csv").unlink()
    with pytest.raises(InputError, match=r"^network.dataset: t.csv is not in .*/specs; paths begin at the spec's fold"):
        datasets.source(found)


def test_the_example_is_what_its_tool_writes_and_fits() -> None:
    module = runpy.run_path(str(ROOT / "tools/own_example.py"))
    for name, text in module["texts"]().items():
        assert (ROOT / "examples" / name).read_text() == text, "run: python tools/own_example.py"
        assert (ROOT / "templates" / name).read_text() == text
    spec = load_spec(EXAMPLE)
    found = datasets.source(spec.network.dataset)
    assert (found.features, found.classes) == (spec.network.layers[0], spec.network.layers[-1]) == (10, 4)
    assert spec.array.bits == 4


def test_where_the_files_are_is_no_part_of_the_spec(tmp_path: Path) -> None:
    spec = load_spec(EXAMPLE)
    assert spec.folder == EXAMPLE.parent
    again = parse_spec(spec.model_dump(mode="json"), "again", tmp_path)
    assert again.model_dump() == spec.model_dump()
    assert str(EXAMPLE.parent) not in spec.model_dump_json()


def test_another_table_makes_steps_stale_that_read_it_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(spec_text("{train: t.csv, label: colour}"))
    configs = []
    for text in (csv_text(), csv_text() + "9,9.5,blue\n"):
        (tmp_path / "t.csv").write_text(text)
        spec = load_spec(path)
        configs.append({step.name: sha256_json(step.config(spec)) for step in STEPS})
    changed = {name for name, config in configs[0].items() if config != configs[1][name]}
    assert {"characterize", "train", "evaluate", "folds", "noise"} <= changed
    assert not changed & {"generate", "drc", "lvs", "pex", "cells", "power"}


def test_a_run_finds_the_data_from_its_own_folder(tmp_path: Path) -> None:
    """What `verify` and `report` have is the run alone; both folders may move together."""
    (tmp_path / "a/specs").mkdir(parents=True)
    path = tmp_path / "a/specs/s.yaml"
    path.write_text(spec_text("{train: t.csv, label: colour}"))
    (tmp_path / "a/specs/t.csv").write_text(csv_text())
    spec, run = load_spec(path), tmp_path / "a/runs/small"
    run.mkdir(parents=True)
    record = data_folder(spec, run)
    assert record == {"data_folder": "../../specs"}
    before = dataset_sha256(spec.network.dataset)
    (tmp_path / "a").rename(tmp_path / "b")
    there = with_data(record, tmp_path / "b/runs/small")
    again = parse_spec(spec.model_dump(mode="json"), "manifest", there)
    assert dataset_sha256(again.network.dataset) == before
    assert (data_folder(load_spec(ROOT / "examples/iris.yaml"), run), with_data({}, run)) == ({}, None)


def test_init_writes_the_example_with_its_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["init"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == ["hard_macro", "iris", "mnist", "own", "spoken-digits"]
    assert cli.run(["init", "own", "--out", str(tmp_path / "mine")]) == 0
    spec: Spec = load_spec(Path(capsys.readouterr().out.strip()))
    assert datasets.load(spec.network.dataset).classes == ("double", "early", "late", "wide")
    assert cli.run(["init", "own", "--out", str(tmp_path / "mine")]) == 2
    assert "own.yaml is there already" in capsys.readouterr().err
