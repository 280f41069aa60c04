"""What would fail a run only later: unknown engines, data sets and metrics, names of no module, cells of no drawing."""

import difflib
from collections.abc import Iterator
from pathlib import Path

from somaforge.flow import datasets
from somaforge.flow.engines.named import named
from somaforge.flow.signoff.metrics import METRICS, find
from somaforge.generator.design import build
from somaforge.generator.layout import require_drawable
from somaforge.generator.spec import OwnData, Spec, load_spec
from somaforge.generator.verilog import require_name
from somaforge.pdk.errors import InputError


def read_spec(path: Path) -> Spec:
    """A spec file, validated: its engine, data set and metrics exist, its cells can be drawn; InputError otherwise."""
    return require(load_spec(path), str(path))


def require(spec: Spec, where: str) -> Spec:
    """The spec, if its engine, data set and metrics exist and its cells can be drawn; InputError otherwise."""
    require_engine(spec, where)
    require_dataset(spec, where)
    require_known(spec, where)
    try:
        require_name(spec.name)
        require_drawable(build(spec))
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    return spec


def require_dataset(spec: Spec, where: str) -> None:
    """InputError unless the data set exists and has as many features and classes as the network's ends."""
    try:
        found = datasets.source(spec.network.dataset)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    ends = (spec.network.layers[0], spec.network.layers[-1])
    inputs = "inputs" if isinstance(spec.network.dataset, OwnData) else "features"
    if ends != (found.features, found.classes):
        raise InputError(
            f"{where}: network: {found.name} has {found.features} {inputs} and {found.classes} classes: "
            f"layers must be [{found.features}, ..., {found.classes}]"
        )


def require_engine(spec: Spec, where: str) -> None:
    """InputError unless the engine exists."""
    try:
        named(spec)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def require_known(spec: Spec, where: str) -> None:
    """InputError with the nearest name for the first limit or waiver on a metric that nothing measures."""
    given = [(f"limits.{number}", limit.metric) for number, limit in enumerate(spec.limits)]
    given += [(f"waivers.{number}", waiver.metric) for number, waiver in enumerate(spec.waivers)]
    wrong = [(key, name) for key, name in given if not is_known(name)]
    if wrong:
        key, name = wrong[0]
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise InputError(f"{where}: {key}.metric: no metric is called {name}; nearest: {nearest(name)}{more}")


def is_known(name: str) -> bool:
    """Whether some run measures it; members of a family count if their step exists."""
    metric = find(name)
    return metric is not None and name in _members(metric.name)


def nearest(name: str) -> str:
    """The known name that is most like this one."""
    heads = [(metric.name, metric.name.partition("<name>")[0]) for metric in METRICS]
    known = [member for family, head in heads if family == head or name.startswith(head) for member in _members(family)]
    return difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]


def _members(name: str) -> Iterator[str]:
    """A metric, or one for every step where <name> stands for a step's."""
    if "<name>" not in name:
        yield name
        return
    from somaforge.flow.steps.registry import STEPS  # every step with its engines: only where a name asks for it

    yield from (name.replace("<name>", step.name) for step in STEPS)
