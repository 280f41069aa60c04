"""Step noise: how much readings of one analog product differ, from the noise analysis of a soma and its synapses."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from somaforge.flow import datasets
from somaforge.flow.machinery.base import Context, JsonObject, Step, mismatch, silicon
from somaforge.flow.machinery.records import read_json, write_json
from somaforge.flow.measure import noise
from somaforge.flow.measure.noise_row import Point
from somaforge.flow.steps.data import data_of
from somaforge.generator.design import build
from somaforge.generator.spec import Spec

CHIPS = 5
"""With mismatch; what readings differ by is the same on all."""


def config(spec: Spec) -> JsonObject:
    """The silicon, its mismatch, its operating point and its input currents."""
    keys = {"supply_V", "temperature_C", "corners", "input"}
    return {**silicon(spec), **mismatch(spec), **data_of(spec), **spec.model_dump(mode="json", include=keys)}


@dataclass(frozen=True)
class NoiseJob:
    """The matrix; crosses into another process."""

    spec: Spec
    wire_F: float
    """Of each rail, for one synapse."""
    evidence: Path
    """For a deck that fails."""


def measure(folder: Path, job: NoiseJob) -> None:
    """noise.json: the test matrix."""
    spec = job.spec
    point = Point(spec.at, job.wire_F)
    full_scale = datasets.load(spec.network.dataset).full_scale(spec.input)
    limit, seeds = spec.time_limits.noise_s, range(1, CHIPS + 1)
    found = noise.measure(build(spec), point, full_scale, seeds, timeout_s=limit, evidence=job.evidence)
    write_json(folder / "noise.json", found.to_json())


def action(context: Context) -> Mapping[str, float]:
    """noise.json and its metrics; the code 0 has no product to be relative to."""
    row_F = read_json(context.input("pex", "synapse.json"))["row"]  # of both rails
    job = NoiseJob(context.spec, row_F / 2, context.folder / "ngspice")
    made = context.each(measure, {"noise": job})["noise"]
    data = read_json(made / "noise.json")
    write_json(context.folder / "noise.json", data)
    mean = np.abs(np.array(data["means_A"])).mean(axis=0)
    strong = np.array(data["codes"]) != 0
    readings = np.array(data["sigma_A"])[:, strong] / mean[:, strong]
    chips = np.array(data["chip_deviation_A"])[:, strong] / mean[:, strong]
    return {
        "noise__reading__s": data["reading_s"],
        "noise__reading_p50__ratio": float(np.median(readings)),
        "noise__reading_max__ratio": float(readings.max()),
        "noise__chips_p50__ratio": float(np.median(chips)),
    }


STEP = Step(
    "noise",
    action,
    lambda spec: ("noise.json",),
    ("pex",),
    config=config,
    tools=("ngspice", "numpy", "pdk", "scikit-learn"),
)
