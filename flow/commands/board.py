"""somaforge bench: fabricated chips behind a board, or a simulated one behind the same protocol."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from somaforge.flow.commands.console import show_metrics
from somaforge.flow.commands.options import PATH, Number
from somaforge.flow.runner.known import read_spec
from somaforge.generator.spec import Spec
from somaforge.pdk.errors import CheckError, InputError
from somaforge.pdk.files import atomic_write

if TYPE_CHECKING:
    from somaforge.flow.bench.board import Board

board_option = click.option(
    "--board",
    "where",
    required=True,
    metavar="serial:PORT|virtual[:SEED]",
    help="A board on a serial line, or a simulated chip of that seed [default: the spec's first].",
)
own_option = click.option(
    "--own-reference", is_flag=True, help="Use the chip's reference instead of the pin's current."
)


@click.group()
def bench() -> None:
    """Measure, train and program a fabricated chip on a board."""


@contextmanager
def _board(spec: Spec, where: str) -> "Iterator[Board]":
    from somaforge.flow.bench.board import Board
    from somaforge.flow.bench.link import Link
    from somaforge.flow.bench.simulated import simulated_link
    from somaforge.flow.bench.streams import SerialLine
    from somaforge.generator.control import Control
    from somaforge.generator.design import build

    control = Control.of(build(spec))
    kind, _, rest = where.partition(":")
    if kind == "serial" and rest:
        line = SerialLine(rest)
        try:
            yield Board(Link(line), control)
        finally:
            line.close()
    elif kind == "virtual" and (not rest or rest.isdecimal()):
        yield Board(simulated_link(spec, control, int(rest or spec.chips.seeds[0])), control)
    else:
        raise InputError(f"--board {where[:60]}: give serial:PORT (a device) or virtual:SEED (a number)")


@bench.command()
@click.argument("spec", type=PATH)
@board_option
@own_option
@click.option("--chip", required=True, help="The chip's name: measurements are kept under it.")
@click.option("--chips", type=PATH, default=Path("chips"), show_default=True, help="Folder with what chips were.")
@click.option("--temperature", "temperature_C", type=Number(-55, 150), help="Of the chip, in C.")
@click.option("--supply", "supply_V", type=Number(0, 5), help="Of the chip, in V.")
@click.option("--virtual", type=click.IntRange(2, 100), default=5, show_default=True, help="Virtual chips beside it.")
@click.option("--json", "as_json", is_flag=True, help="Print the metrics as JSON.")
def run(
    spec: Path,
    where: str,
    own_reference: bool,
    chip: str,
    chips: Path,
    temperature_C: float | None,
    supply_V: float | None,
    virtual: int,
    as_json: bool,
) -> None:
    """Characterize the chip of SPEC, train for it, program it, read it back, and let it decide the test patterns."""
    from somaforge.flow.bench import history, loop, report

    loaded, name = read_spec(spec), history.require_chip(chip)
    with _board(loaded, where) as board:
        found = loop.run(loaded, board, reference=own_reference, say=lambda text: click.echo(text, err=True))
        said = history.Conditions(name, history.now(), temperature_C, supply_V, f"{board.name} ({where})")
    folder = history.keep(chips, loaded, said, found, ())
    drifts = history.drifts(history.entries(chips, name))
    population = report.Population.of(loaded, virtual)
    atomic_write(folder / "report.html", report.html(loaded, said, found, population, [], drifts))
    show_metrics(found.metrics(), as_json)
    if not as_json:
        click.echo(f"report    {folder / 'report.html'}")


@bench.command()
@click.argument("spec", type=PATH)
@board_option
@own_option
def doctor(spec: Path, where: str, own_reference: bool) -> None:
    """Say what is wrong with the board and the chip of SPEC behind it; exit code 1 if something is."""
    from somaforge.flow.bench.doctor import examine

    loaded = read_spec(spec)
    with _board(loaded, where) as board:
        found = examine(loaded, board, reference=own_reference, say=lambda text: click.echo(text, err=True))
    for finding in found:
        click.echo(f"{'ok' if finding.good else 'WRONG':<6}{finding.words}")
    bad = [finding for finding in found if not finding.good]
    if bad:
        raise CheckError(f"bench doctor: {len(bad)} things are wrong; the first: {bad[0].words}")


COMMANDS: tuple[click.Command, ...] = (bench,)
