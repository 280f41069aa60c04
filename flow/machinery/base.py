"""What a step is: declared inputs and outputs, one function, one folder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from somaforge.flow.machinery.inputs import Inputs
from somaforge.flow.machinery.workers import PartStore
from somaforge.generator.design import Design, build
from somaforge.generator.spec import Spec

JsonObject = Mapping[str, Any]
Argument = TypeVar("Argument")


@dataclass
class Context:
    """What a running step sees."""

    spec: Spec
    folder: Path
    """Where it writes; it becomes the step's folder when the step has finished."""
    inputs: Inputs
    parts: PartStore
    say: Callable[[str], None] = lambda text: None
    """Shows a line of progress to a person who is watching."""
    key: str = ""

    @cached_property
    def design(self) -> Design:
        """The design of the spec."""
        return build(self.spec)

    def input(self, step: str, name: str) -> Path:
        """A file that another step made (`Inputs.file`)."""
        return self.inputs.file(step, name)

    def log(self, text: str) -> None:
        """One line in the step's log, with the time (UTC)."""
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        with (self.folder / "log.txt").open("a", encoding="utf-8") as stream:
            stream.write(f"{stamp} {text}\n")
        self.say(text)

    def each(self, worker: Callable[[Path, Argument], None], jobs: Mapping[str, Argument]) -> dict[str, Path]:
        """Run worker(folder, argument) for every job in parallel processes; jobs that a killed run finished are kept.

        Returns the finished folder of each job, in the order of `jobs`.
        """
        return self.parts.each(worker, jobs, self.log)


Action = Callable[[Context], Mapping[str, float]]


def nothing(spec: Spec) -> JsonObject:
    """The part of the spec that matters to a step that reads only other steps' files."""
    return {}


def silicon(spec: Spec) -> JsonObject:
    """What the silicon depends on."""
    return {"name": spec.name, "pdk": spec.pdk, **spec.model_dump(mode="json", include={"array", "chip"})}


def mismatch(spec: Spec) -> JsonObject:
    """What chips of any seed differ by."""
    return {"mismatch": spec.chips.model_dump(mode="json", exclude={"seeds"})}


def everything(spec: Spec) -> JsonObject:
    """The whole spec but its limits (of time, too) and waivers: they judge results and do not make them."""
    return spec.model_dump(mode="json", exclude={"limits", "time_limits", "waivers"})


@dataclass(frozen=True)
class Step:
    """One stage of the flow. It returns only the metrics that it adds; its folder is the evidence."""

    name: str
    action: Action
    outputs: Callable[[Spec], tuple[str, ...]]
    """Files, relative to its folder, that it promises to write."""
    inputs: tuple[str, ...] = ()
    """Steps whose folders it reads."""
    config: Callable[[Spec], JsonObject] = everything
    """The part of the spec that its result depends on."""
    tools: tuple[str, ...] = ()
    """Programs and packages whose versions its result depends on (names of flow.machinery.tools)."""
    checks: tuple[str, ...] = ()
    """Metrics that must be 0."""
    gate: bool = False
    """Whether a check that is not 0 stops the flow; without, later steps run and sign-off fails."""
    idle: Callable[[Spec], str] = lambda spec: ""
    """Why it has nothing to do for a spec; empty if it has."""
    limit_s: Callable[[Spec], float | None] = lambda spec: None
    """After how long it is ended (flow.machinery.bounded): of steps in one process that may hang in a library."""
    reads_metrics: bool = False
    """Whether it reads the metrics and records of its input steps too (only sign-off does)."""
