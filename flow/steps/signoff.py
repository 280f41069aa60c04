"""Step signoff: every metric against its limit, and the report."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from somaforge.flow.report import build, data
from somaforge.flow.signoff import judge, limits_of
from somaforge.flow.steps.base import Context, JsonObject, Step
from somaforge.generator.spec import Spec
from somaforge.pdk.files import atomic_write

BEFORE = ("generate", "drc", "lvs", "pex", "cells", "characterize", "train", "program", "evaluate")


def config(spec: Spec) -> JsonObject:
    """Limits and waivers; a verdict with waivers holds for one day, because they expire."""
    today = datetime.now(UTC).date().isoformat() if spec.waivers else None
    judged = spec.model_dump(mode="json", include={"limits", "waivers"})
    return {**judged, "today": today, "spec": spec.model_dump(mode="json")}


def action(context: Context) -> Mapping[str, float]:
    """signoff.json and report/; a run that fails its limits finishes this step too, and exits with 1."""
    spec = context.spec
    metrics = data.collect_metrics(dict(context.inputs))
    signoff = judge(limits_of(spec), spec.waivers, metrics, datetime.now(UTC).date())
    for result in signoff.results:
        context.log(f"{result.status}: {result}")
    atomic_write(context.folder / "signoff.json", json.dumps(signoff.to_json(), indent=1) + "\n")
    build.write(data.load(context, metrics, signoff), context.folder / "report")
    return {
        "signoff__limits__count": len(signoff.results),
        "signoff__failures__count": len(signoff.failures),
        "signoff__waived__count": sum(r.status == "waived" for r in signoff.results),
    }


STEP = Step(
    "signoff",
    action,
    lambda spec: ("signoff.json", "report/signoff.html"),
    BEFORE,
    config=config,
    tools=("matplotlib", "jinja2"),
    reads_metrics=True,
)
