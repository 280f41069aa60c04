"""What the report shows, read from the folders of a run's steps."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from somaforge.flow import datasets
from somaforge.flow.checks.shuttle import table
from somaforge.flow.checks.shuttle.check import Outcome
from somaforge.flow.engines.named import named
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.training import load_codes
from somaforge.flow.machinery.base import Context
from somaforge.flow.machinery.records import read_json, read_metrics
from somaforge.flow.machinery.store import CONFIG, RESOURCES
from somaforge.flow.signoff.population import Yield
from somaforge.flow.signoff.verdict import Signoff
from somaforge.generator.address import Codes
from somaforge.generator.design import Design
from somaforge.generator.spec import Spec


@dataclass(frozen=True)
class ChipData:
    """One chip's results."""

    seed: int
    calibration: Calibration
    measured: dict[str, Any]
    training: dict[str, Any]
    codes: tuple[Codes, ...]
    programming: dict[str, Any]
    evaluation: dict[str, Any]


@dataclass(frozen=True)
class RunData:
    """One run's results."""

    spec: Spec
    design: Design
    folders: dict[str, Path]
    """Finished folders by step name."""
    metrics: dict[str, float]
    signoff: Signoff
    chips: tuple[ChipData, ...]
    population: Yield
    rules: dict[str, dict[str, int]]
    """Deck -> rule -> violations."""
    configs: dict[str, dict[str, Any]]
    """Resolved configuration by step name: tools, keys, seeds."""
    ideal: dict[str, Any]
    """Training of the chip without mismatch."""
    cells: dict[str, Any]
    corners: dict[str, Any]
    """Points and drift of the corner study; no points without one."""
    noise: dict[str, Any]
    """The test matrix of the analog multiplication."""
    operating: dict[str, Any]
    """Points of the sweep of input current and supply; none without one."""
    shuttle: tuple[Outcome, ...]
    """Checks of the submission; none of a chip without a frame."""
    classes: tuple[str, ...]

    @property
    def idle(self) -> dict[str, str]:
        """Steps that had nothing to do, and why."""
        return {name: config["idle"] for name, config in self.configs.items() if config.get("idle")}

    @property
    def engine_words(self) -> str:
        """What simulated the array, in a sentence."""
        return named(self.spec).words


def collect_metrics(folders: dict[str, Path]) -> dict[str, float]:
    """Metrics, run times and peak memory of finished steps."""
    metrics: dict[str, float] = {}
    for folder in folders.values():
        metrics |= read_metrics(folder) | read_metrics(folder, RESOURCES)
    return metrics


def load(
    context: Context, metrics: dict[str, float], signoff: Signoff, chips: tuple[ChipData, ...], population: Yield
) -> RunData:
    """Everything that the report needs, from the input folders of the sign-off step."""
    return RunData(
        spec=context.spec,
        design=context.design,
        folders={name: context.inputs.folder(name) for name in context.inputs.folders},
        metrics=metrics,
        signoff=signoff,
        chips=chips,
        population=population,
        rules=read_json(context.input("drc", "rules.json")),
        configs={name: read_json(context.inputs.folder(name) / CONFIG) for name in context.inputs.folders},
        ideal=read_json(context.input("train", "ideal.json")),
        cells=read_json(context.input("cells", "cells.json")),
        corners=read_json(context.input("corners", "corners.json")),
        noise=read_json(context.input("noise", "noise.json")),
        operating=read_json(context.input("operate", "operating.json")),
        shuttle=table.from_json(context.input("tapeout", table.JSON).read_text(encoding="utf-8")),
        classes=datasets.load(context.spec.network.dataset).classes,
    )


def load_chips(context: Context) -> tuple[ChipData, ...]:
    """The results of every chip, from the input folders of the sign-off step."""
    return tuple(_chip(context, seed) for seed in context.spec.chips.seeds)


def _chip(context: Context, seed: int) -> ChipData:
    def file(step: str, name: str) -> Path:
        return context.input(step, f"chips/{seed}/{name}")

    path = file("characterize", "calibration.json")
    return ChipData(
        seed,
        Calibration.from_json(path.read_text(encoding="utf-8"), str(path)),
        read_json(file("characterize", "measured.json")),
        read_json(file("train", "training.json")),
        load_codes(file("train", "weights.npz")),
        read_json(file("program", "programming.json")),
        read_json(file("evaluate", "evaluation.json")),
    )
