"""Step characterize: measures every chip as a tester would."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from somaforge.flow import datasets
from somaforge.flow.engines.named import named
from somaforge.flow.learning import check, measuring
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.tester import Bench
from somaforge.flow.machinery.base import Context, JsonObject, Step, silicon
from somaforge.flow.machinery.records import read_json, write_json
from somaforge.flow.steps.chip import Job, for_each_chip, per_chip, programmed
from somaforge.flow.steps.data import data_of
from somaforge.generator.spec import Spec
from somaforge.pdk.files import atomic_write


def operating_point(spec: Spec) -> JsonObject:
    """What the chips and their measurement depend on, beside the silicon; of the corners only the first."""
    keys = {"engine", "supply_V", "temperature_C", "input", "chips", "characterization"}
    return {**data_of(spec), **silicon(spec), "corner": spec.corners[0], **spec.model_dump(mode="json", include=keys)}


def measure(folder: Path, job: Job) -> None:
    """One chip: calibration.json (for training) and measured.json (for the report)."""
    highest = measuring.highest_A(job.spec, datasets.load(job.spec.network.dataset))
    chip = programmed(job, use="rest")
    bench = Bench.named(job.spec, named(job.spec).make(folder / "ngspice"), job.seed)
    learned = measuring.measure(job.spec, bench, chip, highest)
    result = learned.paths
    wrong = check.error(bench, chip, learned.calibration, highest)
    atomic_write(folder / "calibration.json", learned.calibration.to_json())
    write_json(
        folder / "measured.json",
        {
            "nodes": result.transfer.nodes,
            "inputs_A": result.transfer.inputs,
            "outputs_A": result.transfer.outputs,
            "exponent": result.exponent,
            "code_samples": result.code_samples,
            "patterns": bench.patterns,
            "model_error": wrong,
            "tester": {
                "smallest_A": bench.smallest_A,
                "programmings": bench.programmings,
                "s": bench.seconds,
                "weak_bits": learned.weak,
            },
            "unsettled": result.unsettled,
            "attempts": result.attempts,
            "rungs": bench.rungs,
            "simulator_s": learned.seconds,
        },
    )


def action(context: Context) -> Mapping[str, float]:
    """All chips, in parallel."""
    places = for_each_chip(context, measure)
    chips = [Calibration.from_json((p / "calibration.json").read_text(), str(p)) for p in places.values()]
    measured = [read_json(p / "measured.json") for p in places.values()]
    slopes = np.array([np.concatenate(c.slopes) for c in chips])
    residuals = np.array([np.concatenate(c.residuals) for c in chips])
    full = len(chips[0].code_gain) - 1
    linear = [abs(gain / code - 1) for chip in chips for code, gain in enumerate(chip.code_gain) if 0 < code < full]
    return {
        "characterize__slope_spread__ratio": float((slopes.std(axis=1) / slopes.mean(axis=1)).mean()),
        "characterize__residual_max__ratio": float(residuals.max()),
        "characterize__residual_rms__ratio": float(np.sqrt((residuals**2).mean())),
        "characterize__model_error_rms__ratio": float(np.sqrt(np.mean([m["model_error"] ** 2 for m in measured]))),
        "characterize__model_error_max__ratio": float(max(m["model_error"] for m in measured)),
        "characterize__negative_strength__ratio": float(np.mean([c.negative_strength for c in chips])),
        "characterize__code_nonlinearity_max__ratio": float(max(linear, default=0.0)),
        "characterize__exponent__ratio": float(np.mean([m["exponent"] for m in measured])),
        "characterize__unsettled_max__ratio": float(max(m["unsettled"] for m in measured)),
        "characterize__patterns__count": int(sum(m["patterns"] for m in measured)),
        "tester__smallest_current__A": float(min(m["tester"]["smallest_A"] for m in measured)),
        "tester__programmings__count": int(sum(m["tester"]["programmings"] for m in measured)),
        "tester__time__s": float(sum(m["tester"]["s"] for m in measured)),
        "tester__weak_bits__count": sum(len(m["tester"]["weak_bits"]) for m in measured),
    }


STEP = Step(
    "characterize",
    action,
    per_chip("calibration.json", "measured.json"),
    ("pex",),
    config=operating_point,
    tools=("ngspice", "numpy", "pdk"),
)
