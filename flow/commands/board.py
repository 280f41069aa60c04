"""somaforge bench: fabricated chips behind a board, or a simulated one behind the same protocol."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from somaforge.flow.commands.console import show_metrics
from somaforge.flow.commands.options import PATH, Number
from somaforge.flow.runner.known import read_spec
from somaforge.generator.spec import Spec
from somaforge.pdk.errors import CheckError, InputError

if TYPE_CHECKING:
    from somaforge.flow.bench.board import Board
    from somaforge.flow.bench.from_run import RunChip

board_option = click.option(
    "--board",
    "where",
    required=True,
    metavar="serial:PORT|virtual[:SEED|:RUN[:SEED]]",
    help="A board on a serial line; a simulated chip of SPEC, by default its first seed; a chip of a run folder.",
)
own_option = click.option(
    "--own-reference", is_flag=True, help="Use the chip's reference instead of the pin's current."
)
SEED_DIGITS = 10
"""Of 2^32: more of them are not even read as a number."""
spec_argument = click.argument("spec", type=PATH, required=False)


@click.group()
def bench() -> None:
    """Measure, train and program a fabricated chip on a board."""


def _seed(digits: str, where: str) -> int:
    """Of a simulated chip; InputError, which names --board, if there can be no such chip."""
    if len(digits) > SEED_DIGITS or int(digits) >= 2**32:
        raise InputError(f"--board {where[:60]}: a seed is a number below 2^32")
    return int(digits)


@dataclass(frozen=True)
class Place:
    """What --board and SPEC say."""

    spec: Spec
    port: str | None
    """Of a serial line; None: simulated."""
    seed: int
    run: "RunChip | None"

    @classmethod
    def of(cls, where: str, spec: Path | None) -> "Place":
        """InputError if they do not say enough, or too much."""
        from somaforge.flow.bench.from_run import RunChip

        kind, _, rest = where.partition(":")
        if kind not in ("serial", "virtual") or (kind == "serial" and not rest):
            raise InputError(
                f"--board {where[:60]}: give serial:PORT (a device), virtual:SEED or virtual:RUN (a folder)"
            )
        if kind == "virtual" and rest and not rest.isdecimal():
            folder, _, seed = rest.rpartition(":") if rest.rpartition(":")[2].isdecimal() else (rest, "", "")
            if not Path(folder).is_dir():
                raise InputError(f"--board {where[:60]}: no run folder there; give virtual:SEED or virtual:RUN")
            if spec is not None:
                raise InputError(f"--board {where[:60]}: the run has its own spec; leave SPEC out")
            run = RunChip.read(Path(folder), _seed(seed, where) if seed else None)
            return cls(run.spec, None, run.seed, run)
        if spec is None:
            raise InputError(f"--board {where[:60]}: needs SPEC too, that of the chip")
        loaded = read_spec(spec)
        if kind == "serial":
            return cls(loaded, rest, 0, None)
        return cls(loaded, None, _seed(rest, where) if rest else loaded.chips.seeds[0], None)

    @property
    def source(self) -> str:
        """Whose readings they are; a board may come back on another port."""
        made = self.spec.chips.model_dump_json(exclude={"seeds"})
        return "board" if self.port is not None else f"virtual:{self.seed} {made}"

    def subject(
        self, own_reference: bool, temperature_C: float | None = None, supply_V: float | None = None
    ) -> dict[str, str]:
        """What readings are of: kept ones of another chip, measured otherwise or with other currents do not fit; nor do
        those at another temperature or supply, as an entry of a chip's history has one of each."""
        from somaforge.flow.bench.chip import highest_A
        from somaforge.generator.design import build

        return {
            "array": build(self.spec).hash,
            "characterization": self.spec.characterization.model_dump_json(),
            "--board": self.source,
            "reference": "own" if own_reference else f"pin, {highest_A(self.spec):.4g} A",
            "--temperature": str(temperature_C),
            "--supply": str(supply_V),
        }

    @contextmanager
    def board(self) -> "Iterator[Board]":
        """The chip, which is asked who it is."""
        from somaforge.flow.bench.board import Board
        from somaforge.flow.bench.link import Link
        from somaforge.flow.bench.simulated import simulated_link
        from somaforge.flow.bench.streams import SerialLine
        from somaforge.generator.control import Control
        from somaforge.generator.design import build

        control = Control.of(build(self.spec))
        if self.port is None:
            yield Board(simulated_link(self.spec, control, self.seed), control)
            return
        line = SerialLine(self.port)
        try:
            yield Board(Link(line), control)
        finally:
            line.close()


@bench.command()
@spec_argument
@board_option
@own_option
@click.option("--chip", help="The chip's name, under which measurements are kept [simulated: spec's name and seed].")
@click.option("--chips", type=PATH, default=Path("chips"), show_default=True, help="Folder with what chips were.")
@click.option("--temperature", "temperature_C", type=Number(-55, 150), help="Of the chip, in C.")
@click.option("--supply", "supply_V", type=Number(0.1, 5), help="Of the chip, in V.")
@click.option("--virtual", type=click.IntRange(2, 100), default=5, show_default=True, help="Virtual chips beside it.")
@click.option(
    "--loop", "epochs", type=click.IntRange(1, 1000), help="Train that many epochs more with the chip in the loop."
)
@click.option("--min-accuracy", type=Number(0, 1), help="Exit code 1 below, on the chip's own decisions.")
@click.option("--json", "as_json", is_flag=True, help="Print the metrics as JSON.")
def run(
    spec: Path | None,
    where: str,
    own_reference: bool,
    chip: str | None,
    chips: Path,
    temperature_C: float | None,
    supply_V: float | None,
    virtual: int,
    epochs: int | None,
    min_accuracy: float | None,
    as_json: bool,
) -> None:
    """Characterize the chip of SPEC, train for it, program it, read it back, and let it decide the test patterns.

    Ended in the middle, it goes on where it was when it is started again. A run folder has a SPEC of its own.
    """
    from somaforge.flow.bench import entry, history, loop, report
    from somaforge.flow.bench.journal import Journal
    from somaforge.generator.design import build

    place = Place.of(where, spec)
    if chip is None and place.port is not None:
        raise InputError("bench run: needs --chip NAME too: measurements of a chip are kept under its name")
    loaded = place.spec
    name = history.require_chip(f"{loaded.name}-{place.seed}" if chip is None else chip)
    history.require_alike(chips, name, build(loaded).layers)
    with place.board() as board:
        subject = place.subject(own_reference, temperature_C, supply_V)
        journal = Journal(chips / name / "unfinished.jsonl", subject)
        try:
            if journal.waiting and not as_json:
                click.echo(f"goes on after {journal.waiting} readings in {journal.path}", err=True)
            codes = place.run.codes if place.run is not None else None
            wanted = loop.Wanted(own_reference, epochs=epochs or 0, journal=journal, compared=codes)
            found = loop.run(loaded, board, wanted, say=lambda text: click.echo(text, err=True))
        finally:
            journal.close()
        said = history.Conditions(
            name, history.now(), temperature_C, supply_V, f"{board.name} ({where})", place.port is None
        )
    compared = place.run.rows(found) if place.run is not None else []
    kept = entry.Measured(loaded, said, found, report.Population.of(loaded, virtual), (), compared).keep(
        chips, journal=journal
    )
    show_metrics(kept.metrics, as_json)
    if not as_json:
        for row in compared:
            click.echo(f"{row.origin:<10}{row.name}: {row.value}")
        click.echo(f"report    {kept.folder / 'report.html'}")
    if min_accuracy is not None and (found.accuracy is None or found.accuracy < min_accuracy):
        raise CheckError(
            f"bench run: the chip decides {found.accuracy:.1%} of the patterns rightly, below {min_accuracy:.1%}"
        )


@bench.command()
@spec_argument
@board_option
@own_option
def doctor(spec: Path | None, where: str, own_reference: bool) -> None:
    """Say what is wrong with the board and the chip of SPEC behind it; exit code 1 if something is."""
    from somaforge.flow.bench.doctor import examine

    place = Place.of(where, spec)
    with place.board() as board:
        found = examine(place.spec, board, reference=own_reference, say=lambda text: click.echo(text, err=True))
    for finding in found:
        click.echo(f"{'ok' if finding.good else 'WRONG':<6}{finding.words}")
    bad = [finding for finding in found if not finding.good]
    if bad:
        raise CheckError(f"bench doctor: {len(bad)} things are wrong; the first: {bad[0].words}")


@bench.command()
@spec_argument
@board_option
@click.option(
    "--bitfile", "file", type=PATH, required=True, help="Weights, for example chips/<name>/<time>/weights.bit."
)
def program(spec: Path | None, where: str, file: Path) -> None:
    """Write a bitfile into the chip of SPEC and read it back; exit code 1 if a latch does not hold its weight."""
    from somaforge.flow.memory import bitfile
    from somaforge.generator.design import build

    place, content = Place.of(where, spec), bitfile.read(file)
    bitfile.verify(content, build(place.spec), str(file))
    codes = content.codes
    with place.board() as board:
        wrong = board.wrong_bits_after(codes)
    if wrong:
        bit, wanted, _ = wrong[0]
        raise CheckError(
            f"bench program: {len(wrong)} latches do not hold their weight; first: matrix {bit.matrix}, row {bit.row}, "
            f"column {bit.column}, bit {bit.bit} is not {wanted}; bench run trains around them"
        )
    click.echo(f"written and read back: {file}")


COMMANDS: tuple[click.Command, ...] = (bench,)
