"""Step noise: how much readings of one analog product differ, from the noise analysis of a soma and its synapses."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from somaforge.flow import datasets
from somaforge.flow.measure import noise
from somaforge.flow.steps.base import Context, JsonObject, Step, mismatch, silicon
from somaforge.flow.steps.chip import Job, read_json, write_json
from somaforge.generator.design import build
from somaforge.generator.spec import Spec

CHIPS = 5
"""With mismatch; what readings differ by is the same on all."""


def config(spec: Spec) -> JsonObject:
    """The silicon, its mismatch, its operating point and its input currents."""
    keys = {"supply_V", "temperature_C", "corners", "input"}
    data = {"dataset": spec.network.dataset, "data_sha256": datasets.fingerprint(spec.network.dataset)}
    return {**silicon(spec), **mismatch(spec), **data, **spec.model_dump(mode="json", include=keys)}


def measure(folder: Path, job: Job) -> None:
    """noise.json: the test matrix."""
    spec = job.spec
    # a synapse adds its wiring to two rails and a column alike
    wire = read_json(job.inputs["pex"] / "metrics.json")["pex__synapse__F"] / 3
    point = noise.Point(spec.corners[0], spec.temperature_C, spec.supply_V, wire)
    full_scale = datasets.load(spec.network.dataset).full_scale(spec.input)
    found = noise.measure(build(spec), point, full_scale, range(1, CHIPS + 1))
    write_json(folder / "noise.json", found.to_json())


def action(context: Context) -> Mapping[str, float]:
    """noise.json and its metrics; the code 0 has no product to be relative to."""
    made = context.each(measure, {"noise": Job(context.spec, 0, dict(context.inputs))})["noise"]
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
    tools=("ngspice", "numpy", "pdk-sky130", "scikit-learn"),
)
