"""The engines that a spec can name, and what else depends on which of them it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from somaforge.flow.engines.array import ArrayEngine
from somaforge.flow.engines.base import Engine
from somaforge.flow.engines.ngspice import NgspiceEngine
from somaforge.generator.spec import Spec


@dataclass(frozen=True)
class Named:
    """One engine."""

    words: str
    """What it is called in a sentence."""
    metric: Literal["spice", "array"]
    """Its part of `accuracy__<metric>__ratio`."""
    make: Callable[[Path], Engine]
    """Of the folder where a run that failed is left."""


_NAMED: Mapping[str, Named] = {
    "ngspice": Named("ngspice", "spice", lambda evidence: NgspiceEngine(evidence=evidence)),
    "array": Named("array engine", "array", lambda _: ArrayEngine()),
}


def named(spec: Spec) -> Named:
    """The engine of a spec."""
    return _NAMED[spec.engine]
