"""Which metrics a run of a spec never measures, whatever comes out: a limit on one could only fail after hours."""

from collections.abc import Callable, Mapping

from somaforge.flow.engines.named import named
from somaforge.generator.spec import Conditions, Limit, Spec
from somaforge.pdk.errors import InputError

AT_A_POINT = (
    *("accuracy__array__ratio", "power__settled__W", "power__memory_leakage__W"),
    *("memory__worst_hold__V", "memory__worst_read__V", "memory__worst_write__V"),
)
"""What every point of a study has (flow.measure.corners)."""
TIMED_AT_A_POINT = (
    *("energy__mac__J", "energy__operation_of_two__J", "efficiency__mac__per_J", "power__mean__W"),
    *("evaluate__timed_agreement__ratio", "evaluate__negative_energy__count"),
    *("time_to_output__p50__s", "time_to_output__p99__s"),
    *("fixed_time__run__s", "fixed_time__mac__J", "fixed_time__operation_of_two__J", "fixed_time__mac__per_J"),
)
"""What it has beside that with timed patterns."""


def require_measured(spec: Spec, where: str) -> None:
    """InputError with the first limit that a run of this spec cannot meet, because nothing measures its metric."""
    wrong = [(number, why) for number, limit in enumerate(spec.limits) if (why := why_not(spec, limit))]
    if wrong:
        number, why = wrong[0]
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise InputError(f"{where}: limits.{number}: {spec.limits[number].metric} is never measured: {why}{more}")


def why_not(spec: Spec, limit: Limit) -> str:
    """Why a run of the spec never measures what the limit is about; "" if it does, or if only the run can tell."""
    if limit.conditions is not None:
        return _at(spec, limit.metric, limit.conditions)
    return next((why(spec) for names, why in _REASONS.items() if limit.metric.startswith(names)), "")


def _at(spec: Spec, metric: str, conditions: Conditions) -> str:
    """The same at a point of the study."""
    from somaforge.flow.measure import corners  # the engines: only where a limit asks for a point

    if spec.study is None:
        return "a limit with `conditions` needs a `study`"
    asked = corners.asked(spec, conditions)
    if asked not in {point.at for point in corners.points_of(spec, spec.study)}:
        return f"the study has no point at {asked}"
    if conditions.calibration == "recalibrated" and not spec.study.recalibrate:
        return "`study.recalibrate` is false"
    if metric in TIMED_AT_A_POINT:
        return "" if spec.study.timed_patterns else "`study.timed_patterns` is 0"
    return "" if metric in AT_A_POINT else "points of a study have other metrics (docs/metrics.md)"


def _array_only(spec: Spec) -> str:
    there = f"the spec has `engine: {spec.engine}`; give `conditions` for a point of a study"
    return there if named(spec).in_full else ""


def _ngspice_only(spec: Spec) -> str:
    return "" if named(spec).in_full else f"the spec has `engine: {spec.engine}`"


def _folds(spec: Spec) -> str:
    from somaforge.flow.steps.folds import STEP  # trains networks: only where a limit asks for it

    return STEP.idle(spec)


def _elsewhere(spec: Spec) -> str:
    return "only a Monte Carlo study or another command has it"


def _after(spec: Spec) -> str:
    return "it is known after the verdict only"


_REASONS: Mapping[tuple[str, ...], Callable[[Spec], str]] = {
    ("accuracy__array",): _array_only,
    ("accuracy__spice", "engine__latch_effect", "engine__full_model_time", "power__latch__"): _ngspice_only,
    ("accuracy__folds__ratio", "accuracy__folds_worst"): _folds,
    ("port__",): lambda spec: "" if spec.array.has_port else "the spec has `array.port: none`",
    ("operating__points__", "corners__points__"): lambda spec: "",
    ("operating__", "best_point__"): lambda spec: "" if spec.operating else "the spec has no `operating`",
    ("corners__recalibrated_",): lambda spec: (
        "" if spec.study and spec.study.recalibrate else "the spec has no `study` with `recalibrate`"
    ),
    ("corners__",): lambda spec: "" if spec.study else "the spec has no `study`",
    ("layout__beyond_array", "control__"): lambda spec: "" if spec.frame else "the spec has no `chip.frame`",
    ("accuracy__chip", "present__", "energy__chip", "efficiency__chip", "drivers__"): lambda spec: (
        "" if spec.drivers else "the spec has no `chip.drivers`"
    ),
    ("shuttle__",): lambda spec: "" if spec.frame else "the spec has no `chip.frame`",
    ("montecarlo__", "power__settled__", "pex__transistors__", "pex__other_devices__"): _elsewhere,
    ("signoff__", "step__signoff__"): _after,
}
"""Beginnings of names -> why not; the first that fits counts."""
