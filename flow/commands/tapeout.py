"""somaforge tapeout: the folder that a shuttle is sent, and the shuttle's checks of it."""

from functools import partial
from pathlib import Path

import click

from somaforge.flow.commands.console import show_json
from somaforge.flow.commands.options import PATH, pdk_option
from somaforge.flow.commands.stages import json_option, one_step, out_option, spec_argument, timeout_option
from somaforge.flow.machinery.bounded import bounded
from somaforge.flow.machinery.printable import printable
from somaforge.flow.runner.known import read_spec
from somaforge.pdk import default, load
from somaforge.pdk.errors import CheckError, InputError


@click.command()
@spec_argument
@out_option
@click.option("--folder", type=PATH, help="Check this submission instead, changed by hand or not.")
@pdk_option
@timeout_option
@json_option
def tapeout(
    spec: Path | None, out: Path | None, folder: Path | None, pdk: str | None, timeout: float, as_json: bool
) -> None:
    """Write what the shuttle of SPEC's frame is sent, and run the shuttle's checks; or check a submission again."""
    if (spec is None) == (folder is None):
        raise InputError("give either a SPEC or --folder DIR; see --help")
    if folder is not None:
        _again(folder, pdk, timeout, as_json)
    elif spec is not None:
        _written(spec, out, pdk, as_json)


def _written(spec: Path, out: Path | None, pdk: str | None, as_json: bool) -> None:
    if pdk is not None:
        raise InputError("--pdk is for --folder; a SPEC names its process itself")
    if read_spec(spec).frame is None:
        raise InputError(f"{spec}: chip.frame: a submission needs the frame of a shuttle, for example tiny-tapeout-2x2")
    failed = one_step("tapeout", spec, out, as_json)["shuttle__failures__count"]
    if failed:
        raise CheckError(f"tapeout: {failed:g} checks of the shuttle failed; see shuttle.md of the submission")


def _again(folder: Path, pdk: str | None, timeout: float, as_json: bool) -> None:
    from somaforge.flow.checks.shuttle import registry, table  # layouts: only where one is looked at

    process = load(pdk if pdk is not None else default())
    found = bounded(partial(registry.run, process, folder, timeout), timeout, f"tapeout --folder {folder}")
    if as_json:
        show_json({**table.metrics(found), "checks": [outcome.to_json() for outcome in found]})
    else:
        for outcome in found:
            click.echo(f"{outcome.status:<8} {outcome.title}")
            for line in outcome.findings:
                click.echo(f"{'':<9}{printable(line)}")
    failed = [outcome for outcome in found if outcome.status == "fail"]
    if failed:
        raise CheckError(
            f"tapeout: {folder}: {len(failed)} checks failed, first {failed[0].title}: {failed[0].findings[0]}"
        )


COMMANDS: tuple[click.Command, ...] = (tapeout,)
