"""Step corners: the first chips at other corners, temperatures and supplies, if the spec has a study."""

from collections.abc import Mapping
from typing import Any

from somaforge.flow import datasets
from somaforge.flow.measure import corners
from somaforge.flow.montecarlo.spread import processes
from somaforge.flow.steps.base import Context, JsonObject, Step
from somaforge.flow.steps.chip import write_json
from somaforge.flow.steps.parts import processors
from somaforge.generator.spec import Spec


def config(spec: Spec) -> JsonObject:
    """Nothing without a study."""
    if spec.study is None:
        return {}
    data = {"data_sha256": datasets.fingerprint(spec.network.dataset)}
    return {**data, **spec.model_dump(mode="json", exclude={"limits", "waivers", "evaluation"})}


def action(context: Context) -> Mapping[str, float]:
    """corners.json; an empty list of points without a study."""
    wanted = context.spec.study
    if wanted is None:
        write_json(context.folder / "corners.json", {"points": [], "drift": None})
        return {"corners__points__count": 0}
    # the work lies with the step's parts: they outlive a killed run
    found, drift = corners.run(
        context.spec, wanted, context.parts.folder / "study", processes(processors()), context.log
    )
    points = [result.to_json() for result in found]
    write_json(context.folder / "corners.json", {"points": points, "drift": drift})
    return {"corners__points__count": len(points), **_worst(points), **_drift(drift)}


def _worst(points: list[dict[str, Any]]) -> dict[str, float]:
    found = {}
    for calibration in corners.CALIBRATIONS:
        values = [p["metrics"]["accuracy__array__ratio"] for p in points if p["calibration"] == calibration]
        if values:
            found[f"corners__{calibration}_accuracy_min__ratio"] = min(values)
    return found


def _drift(drift: Mapping[str, Any]) -> dict[str, float]:
    rows = drift["temperatures"]
    if not rows:
        return {}
    return {
        "corners__temperature_current_change__ratio": max(row["current_change_p50"] for row in rows),
        "corners__temperature_share_change__ratio": max(row["share_change_p50"] for row in rows),
        "corners__temperature_same_winner__ratio": min(row["same_winner"] for row in rows),
    }


STEP = Step(
    "corners",
    action,
    lambda spec: ("corners.json",),
    config=config,
    tools=("ngspice", "numpy", "scipy", "torch", "pdk-sky130", "scikit-learn"),
)
