"""Fabricated chips without a board of ours: a plan for any tester, and the table of readings that comes back."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from somaforge.flow.commands.console import show_json, show_metrics
from somaforge.flow.commands.options import PATH
from somaforge.flow.machinery.printable import printable
from somaforge.generator.spec import Spec
from somaforge.pdk.errors import InputError

if TYPE_CHECKING:
    from somaforge.flow.bench.expected import Doubt
    from somaforge.flow.bench.round import Round


@click.command("plan")
@click.argument("spec", type=PATH)
@click.option("--out", type=PATH, required=True, help="Folder for the plan; each round has one of its own in it.")
def plan(spec: Path, out: Path) -> None:
    """Write what a tester does to characterize a fabricated chip of SPEC: weights, stimulus and expected currents.

    The table that it fills in goes to: characterize SPEC --measured.
    """
    from somaforge.flow.bench.chip import first_round
    from somaforge.flow.bench.expected import expected
    from somaforge.flow.bench.folder import write
    from somaforge.flow.runner.known import read_spec

    loaded = read_spec(spec)
    asked = first_round(loaded)
    place = write(out, loaded, asked, expected(loaded, asked), 1)
    click.echo(f"{asked.patterns} patterns with {len(asked.programs)} sets of weights: {place / 'README.txt'}")


def measured(
    loaded: Spec,
    tables: tuple[Path, ...],
    plans: Path | None,
    chips: Path,
    conditions: dict[str, str | float | None],
    virtual: int,
    as_json: bool,
) -> None:
    """characterize --measured: as far as the tables lead."""
    from somaforge.flow.bench import entry, history, report, table
    from somaforge.flow.bench.chip import known
    from somaforge.flow.bench.expected import Doubt, doubts, expected, refuse_unit
    from somaforge.flow.bench.folder import require_free, write
    from somaforge.flow.bench.mixed_up import refuse_mixed_up, refuse_silent

    chip = history.require_chip(str(conditions["chip"]))
    history.require_alike(chips, chip, loaded.array.layers)
    read = [table.read(path) for path in tables]
    odd: list[Doubt] = []

    def look(one: table.Table, asked: "Round") -> None:
        wanted = expected(loaded, asked)
        refuse_mixed_up(one, wanted)
        refuse_unit(one, wanted)
        refuse_silent(one, wanted)
        found = doubts(one, asked, wanted, loaded.characterization.tester)
        if not as_json:
            _show(found)
        odd.extend(found)

    found = known(loaded, read, look)
    into = plans or tables[-1].parent.parent
    if found.following is not None:  # before anything is kept
        require_free(into, found.following, len(read) + 1)
    metrics: dict[str, float] = {"tester__doubtful__count": len(odd)}
    if found.calibration is not None:
        said = history.Conditions(time=history.now(), **{**conditions, "chip": chip})  # type: ignore[arg-type]
        population = report.Population.of(loaded, virtual)
        kept = entry.Measured(loaded, said, found, population, odd).keep(chips, tables)
        metrics = kept.metrics
    if found.following is not None:
        number = len(read) + 1
        place = write(into, loaded, found.following, expected(loaded, found.following), number)
        if not as_json:
            click.echo(f"next      round {number}: {place / 'README.txt'}")
    if as_json:
        show_json(metrics)
        return
    show_metrics(metrics, False)
    if found.calibration is not None:
        click.echo(f"report    {kept.folder / 'report.html'}")


def _show(found: "tuple[Doubt, ...]") -> None:
    """The first doubtful readings of a table, and how many more there are."""
    from somaforge.flow.bench.report import SHOWN

    for doubt in found[:SHOWN]:
        click.echo(f"doubtful  {printable(str(doubt))}")
    if len(found) > SHOWN:
        click.echo(f"doubtful  and {len(found) - SHOWN} more")


def require_alone(tables: tuple[Path, ...], chip: str | None, out: Path | None) -> None:
    """InputError if options of the two ways to characterize are mixed."""
    if tables and chip is None:
        raise InputError(
            "characterize --measured: needs --chip NAME too: measurements of a chip are kept under its name"
        )
    if tables and out is not None:
        raise InputError("characterize --measured: keeps its results under --chips; --out is for virtual chips")
    if not tables and chip is not None:
        raise InputError("characterize: --chip is for --measured TABLE.csv")
