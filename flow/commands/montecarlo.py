"""somaforge montecarlo: many chips at many operating points."""

from pathlib import Path
from typing import Literal

import click

from somaforge.flow.commands.console import Progress, show_json
from somaforge.flow.commands.options import PATH, Number, data_option, patterns_option
from somaforge.flow.runner.known import read_spec
from somaforge.flow.signoff.population import Yield
from somaforge.pdk.errors import CheckError, InputError

SUPPLIES_HELP = "Supplies in V, comma-separated [default: the spec's]."


def _list(option: str, text: str | None, default: tuple[str, ...]) -> tuple[str, ...]:
    values = tuple(part.strip() for part in text.split(",")) if text is not None else default
    if not all(values):
        raise InputError(f"{option} {text}: an entry is empty; give values like -40,27,85")
    return values


def _numbers(option: str, text: str | None, default: float) -> tuple[float, ...]:
    try:
        return tuple(float(v) for v in _list(option, text, (str(default),)))
    except ValueError:
        raise InputError(f"{option} {text}: not numbers; give values like -40,27,85") from None


@click.command()
@click.argument("spec", type=PATH)
@click.option("--chips", type=click.IntRange(1, 1_000_000), default=100, show_default=True, help="How many chips.")
@click.option("--first-seed", type=click.IntRange(0), default=1, show_default=True, help="Seed of the first chip.")
@click.option("--corners", help="Process corners, comma-separated [default: the spec's].")
@click.option("--temperatures", help="Temperatures in C, comma-separated [default: the spec's].")
@click.option("--supplies", help=SUPPLIES_HELP)
@click.option(
    "--weights",
    type=click.Choice(["nominal", "per-chip", "per-point", "run"]),
    default="nominal",
    show_default=True,
    help="nominal: one network, trained for the chip without mismatch; per-chip: characterize and train every chip; "
    "per-point: at every operating point anew; run: the bitfiles of --run.",
)
@patterns_option
@click.option("--timed", type=click.IntRange(0), default=0, show_default=True, help="Patterns in time: speed, energy.")
@click.option("--run", "run_folder", type=PATH, help="Finished run of SPEC [default: runs/<name>].")
@click.option("--out", type=PATH, help="Folder of the study [default: runs/<name>-montecarlo].")
@click.option("--workers", type=click.IntRange(1), help="Processes [default: all processors].")
@click.option("--scheduler", help="Address of a Dask scheduler, for example tcp://host:8786.")
@click.option(
    "--min-yield",
    type=Number(0, 1),
    help="Exit code 1 if a smaller share of the chips meets every limit of SPEC.",
)
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print the metrics as JSON.")
def montecarlo(
    spec: Path,
    chips: int,
    first_seed: int,
    corners: str | None,
    temperatures: str | None,
    supplies: str | None,
    weights: str,
    patterns: int | Literal["all"] | None,
    timed: int,
    run_folder: Path | None,
    out: Path | None,
    workers: int | None,
    scheduler: str | None,
    min_yield: float | None,
    as_json: bool,
) -> None:
    """Simulate many chips of SPEC at many operating points: yield of every limit, distributions, report.

    Results are written as they come; the same command goes on where a killed one was.
    """
    from somaforge.flow import datasets
    from somaforge.flow.machinery.workers import processors
    from somaforge.flow.montecarlo import report, spread, study
    from somaforge.flow.montecarlo.points import StudyPoints, grid
    from somaforge.flow.runner import borrowed

    if scheduler is not None and workers is not None:
        raise InputError("montecarlo: --workers is for this machine and --scheduler for others; give one of them")
    loaded = read_spec(spec)
    seeds = loaded.chips.seeds if weights == "run" else tuple(range(first_seed, first_seed + chips))
    wanted = patterns if patterns is not None else loaded.evaluation.patterns
    there = len(datasets.load(loaded.network.dataset).test_y)
    count = there if wanted == "all" else min(wanted, there)
    points = grid(
        loaded,
        seeds,
        _list("--corners", corners, loaded.corners),  # grid validates them
        _numbers("--temperatures", temperatures, loaded.temperature_C),
        _numbers("--supplies", supplies, loaded.supply_V),
    )
    asked = StudyPoints(loaded, points, weights, count, min(timed, count))  # type: ignore[arg-type]
    folder = out if out is not None else Path("runs") / f"{loaded.name}-montecarlo"
    finished = run_folder if run_folder is not None else Path("runs") / loaded.name
    if weights == "run":
        borrowed.require_bitfiles(finished, loaded)
    if timed > 0:
        borrowed.require_extracted(finished, loaded)
    way = spread.dask(scheduler, f"somaforge-{loaded.name}") if scheduler else spread.processes(workers or processors())
    progress = Progress(as_json)
    progress.started("montecarlo")
    try:
        outcome = study.run(asked, folder, way, finished, progress.said)
        page = report.write(asked, outcome.summary, outcome.records, folder)
        progress.ended("montecarlo", False, outcome.seconds)
    finally:
        progress.close()
    if as_json:
        show_json(outcome.metrics)
        require_yield(outcome.summary.overall, min_yield)
        return
    click.echo(f"points  {outcome.summary.points} ({outcome.done_before} of them by an earlier run)")
    overall = outcome.summary.overall
    if overall is not None:
        click.echo(f"yield   {overall.share}; first to fail: {overall.first}")
    for condition in outcome.summary.conditions:
        found = condition.metrics["accuracy__array__ratio"]
        click.echo(f"        {condition.name:<22} accuracy {found.mean:.4f} +- {found.deviation:.4f}")
    click.echo(f"report  {page}")
    require_yield(overall, min_yield)


def require_yield(overall: Yield | None, least: float | None) -> None:
    """CheckError if fewer chips than that share meet every limit, or if the study judges no limit at all."""
    if least is None:
        return
    if overall is None or not overall.limits:
        raise CheckError(
            "montecarlo --min-yield: the study judges no limit of the spec, so it has no yield; add a limit"
        )
    if overall.share.ratio < least:
        raise CheckError(
            f"montecarlo: yield {overall.share}, must be at least {least:g}; first to fail: {overall.first}"
        )


COMMANDS = (montecarlo,)
