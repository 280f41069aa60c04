"""The command run: the whole flow, or a part of it."""

import re
from pathlib import Path
from typing import Literal

import click

from somaforge.flow.commands.console import Progress, show_json, show_metrics
from somaforge.flow.commands.options import PATH, data_option, patterns_option
from somaforge.flow.commands.stages import json_option, out_option, spec_and_folder
from somaforge.pdk.errors import InputError

TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def _tagged(folder: Path, out: Path | None, tag: str | None) -> Path:
    if tag is None:
        return folder
    if out is not None:
        raise InputError(f"run --tag {tag}: --out names the run folder already; give one of them")
    if TAG.fullmatch(tag) is None:
        raise InputError(f"run --tag {tag}: a tag is up to 64 letters, digits and . _ -, first a letter or digit")
    return folder.with_name(f"{folder.name}@{tag}")


@click.command()
@click.argument("spec", type=PATH)
@out_option
@click.option("--tag", help="Name of this run: its folder is runs/<name of the spec>@TAG.")
@click.option("--until", metavar="STEP", help="Stop after this step.")
@click.option("--from", "again", metavar="STEP", help="Make this step and all after it anew, though nothing changed.")
@click.option(
    "--skip",
    multiple=True,
    metavar="STEP",
    help="Leave out this step and what reads it: there is no verdict then. May be repeated.",
)
@click.option("--verbose", is_flag=True, help="One line per step on stderr, where there is no terminal too.")
@patterns_option
@data_option
@json_option
def run(
    spec: Path,
    out: Path | None,
    tag: str | None,
    until: str | None,
    again: str | None,
    skip: tuple[str, ...],
    verbose: bool,
    patterns: int | Literal["all"] | None,
    as_json: bool,
) -> None:
    """Run the whole flow of SPEC; finished steps are not run again, an interrupted run goes on."""
    loaded, folder = spec_and_folder(spec, out, patterns)
    folder = _tagged(folder, out, tag)
    from somaforge.flow import datasets
    from somaforge.flow.runner.pipeline import (  # every step: a wrong spec need not wait for them
        FINAL,
        Choice,
        finish,
        run_all,
        signoff_of,
        steps_of,
        times_before,
    )

    choice = Choice(until, again, skip)
    steps = steps_of(loaded, folder, choice)
    if until is None:
        datasets.load(loaded.network.dataset)  # missing or damaged data are better missed now than after an hour
    progress = Progress(as_json, len(steps), verbose, times_before(folder, steps))
    try:
        outcomes, final = run_all(loaded, folder, choice, progress)
    finally:
        progress.close()
    if final is None:
        show_metrics({name: value for outcome in outcomes for name, value in outcome.metrics.items()}, as_json)
        for outcome in outcomes:
            outcome.require()
        return
    if as_json:
        show_json(final)
    else:
        for result in signoff_of(folder).results:
            click.echo(f"{result.status:<8}{result}")
        click.echo(f"report  {folder / FINAL / 'report/signoff.html'}")
    finish(folder)


COMMANDS = (run,)
