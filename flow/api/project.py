"""A spec with its run folder: what the command line does, as methods."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import klayout.db as kdb

from somaforge.flow import datasets
from somaforge.flow.api.chip import Chip
from somaforge.flow.datasets import Dataset
from somaforge.flow.runner.judge import READS
from somaforge.flow.runner.known import read_spec, require
from somaforge.flow.runner.pipeline import Choice, run_all, run_step
from somaforge.flow.runner.run import Outcome, Silent
from somaforge.flow.runner.unmeasured import require_measured
from somaforge.generator.chip.component import component
from somaforge.generator.design import Design, build
from somaforge.generator.layout import draw, top_block
from somaforge.generator.spec import Spec, parse_spec
from somaforge.pdk.errors import InputError

if TYPE_CHECKING:
    import gdsfactory as gf

Source = Spec | Path | str | Mapping[str, Any]
"""A spec, the file of one, or its keys and values."""


def load_spec(source: Source, folder: Path | str | None = None) -> Spec:
    """A validated spec; InputError with the first thing that is wrong, as the command line says it.

    `folder` is where data files that a mapping names are looked for; those of a file lie beside it.
    """
    if isinstance(source, Spec):
        return source
    if isinstance(source, str | Path):
        return read_spec(Path(source))
    return require(parse_spec(dict(source), "spec", Path() if folder is None else Path(folder)), "spec")


class Project:
    """A design and its run folder. Steps that are up to date are not run again, whoever ran them.

    Code that runs a step has to stand behind `if __name__ == "__main__":` in a script: chips are simulated in processes
    of their own, and these import the script.
    """

    def __init__(self, source: Source, out: Path | str | None = None, folder: Path | str | None = None) -> None:
        """`out` is the run folder, runs/<name> without it; `folder` as in `load_spec`. InputError for a wrong spec."""
        self.spec = load_spec(source, folder)
        require_measured(self.spec, self.spec.name)
        self.out = Path("runs") / self.spec.name if out is None else Path(out)

    @cached_property
    def design(self) -> Design:
        """Circuits and sizes."""
        return build(self.spec)

    @cached_property
    def data(self) -> Dataset:
        """Patterns from 0 to 1 and labels, split into training and test; InputError if files are missing."""
        return datasets.load(self.spec.network.dataset)

    def draw(self) -> kdb.Layout:
        """The layout, in memory; `generate` writes it."""
        return draw(self.design).layout

    def component(self) -> "gf.Component":
        """The macro as a component of gdsfactory, with its ports; gdsfactory's active process becomes the spec's."""
        return component(self.design.pdk, top_block(self.design))

    def step(self, name: str) -> Mapping[str, float]:
        """Bring a step of the flow and all that it needs up to date; its metrics (docs/metrics.md).

        CheckError if one of them must be 0 and is not, ToolError if a tool is missing or fails.
        """
        outcome = run_step(self.spec, self.out, name, Silent())
        outcome.require()
        return outcome.metrics

    def generate(self) -> Path:
        """Netlists, layout and views as files; their folder."""
        return self._outcome("generate").folder

    def check(self) -> Mapping[str, float]:
        """Design rules and layout against schematic; CheckError if one is violated."""
        return {**self.step("drc"), **self.step("lvs")}

    def extract(self) -> Mapping[str, float]:
        """Parasitics of the layout; `chip(..., extracted=True)` has them afterwards."""
        return self.step("pex")

    def run(self, until: str | None = None) -> Mapping[str, float]:
        """The whole flow, or all up to a step; all metrics. With the whole flow `out`/final has the verdict."""
        outcomes, final = run_all(self.spec, self.out, Choice(until), Silent())
        found = {name: value for outcome in outcomes for name, value in outcome.metrics.items()}
        return found if final is None else final

    def chip(self, seed: int = 1, *, extracted: bool = False, engine: str | None = None) -> Chip:
        """A virtual chip of the spec's population, with mismatch by its seed.

        `extracted`: with the wiring of the layout (runs step pex if it has to), else the schematic. `engine`: array or
        ngspice, without it the spec's.
        """
        if self.spec.drivers is not None:
            raise InputError(
                f"{self.spec.name}: its inputs are codes of drivers (chip.drivers), which chips made here do not have; "
                "run the steps of the flow (Project.step)"
            )
        spec = self.spec if engine is None else require(self.spec.model_copy(update={"engine": engine}), "engine")
        folders = {name: self._outcome(name).folder for name in READS} if extracted else {}
        return Chip(spec, seed, self.data, folders)

    def _outcome(self, name: str) -> Outcome:
        return run_step(self.spec, self.out, name, Silent())
