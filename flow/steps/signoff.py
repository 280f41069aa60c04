"""Step signoff: every metric against its limit, and the report."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from somaforge.flow.machinery.base import Context, JsonObject, Step
from somaforge.flow.machinery.origin import origin
from somaforge.flow.machinery.records import read_json
from somaforge.flow.measure.chip_energy import chip_energy
from somaforge.flow.measure.corners import PointResult, lookup
from somaforge.flow.report import build, data
from somaforge.flow.report.chips import chip_metrics, yield_metrics
from somaforge.flow.signoff.population import population_yield
from somaforge.flow.signoff.verdict import judge, limits_of
from somaforge.generator.spec import Spec
from somaforge.pdk.files import atomic_write


def config(spec: Spec) -> JsonObject:
    """Limits and waivers, and which somaforge says so; a verdict with waivers holds for one day: they expire."""
    today = datetime.now(UTC).date().isoformat() if spec.waivers else None
    judged = spec.model_dump(mode="json", include={"limits", "waivers"})
    return {**judged, "today": today, "spec": spec.model_dump(mode="json"), "somaforge": origin()}


def action(context: Context) -> Mapping[str, float]:
    """signoff.json, chips.json and report/; a run that fails its limits finishes this step too, and exits with 1."""
    spec = context.spec
    metrics = data.collect_metrics({name: context.inputs.folder(name) for name in context.inputs.folders})
    whole = chip_energy(spec, metrics)
    metrics |= whole
    chips = data.load_chips(context)
    each = {chip.seed: chip_metrics(spec, chip, metrics) for chip in chips}
    population = population_yield(limits_of(spec), each, metrics)
    counted = yield_metrics(population)
    metrics |= counted
    studied = [PointResult.from_json(point) for point in read_json(context.input("corners", "corners.json"))["points"]]
    signoff = judge(limits_of(spec), spec.waivers, metrics, datetime.now(UTC).date(), lookup(spec, studied))
    for result in signoff.results:
        context.log(f"{result.status}: {result}")
    atomic_write(context.folder / "signoff.json", json.dumps(signoff.to_json(), indent=1) + "\n")
    atomic_write(
        context.folder / "chips.json", json.dumps({"yield": population.to_json(), "chips": each}, indent=1) + "\n"
    )
    build.write(data.load(context, metrics, signoff, chips, population), context.folder / "report")
    return {
        **whole,
        **counted,
        "signoff__limits__count": len(signoff.results),
        "signoff__failures__count": len(signoff.failures),
        "signoff__waived__count": sum(r.status == "waived" for r in signoff.results),
    }


def step(before: tuple[str, ...]) -> Step:
    """The step after those, all of which it reads."""
    return Step(
        "signoff",
        action,
        lambda spec: ("signoff.json", "chips.json", "report/signoff.html"),
        before,
        config=config,
        tools=("matplotlib", "jinja2"),
        reads_metrics=True,
    )
