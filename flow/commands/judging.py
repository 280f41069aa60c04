"""evaluate --bitfile: a verdict on a bitfile, whoever made it."""

from pathlib import Path

import click

from somaforge.flow.commands.console import Progress, show_json, show_metrics
from somaforge.flow.runner.judge import judge_bitfile
from somaforge.generator.spec import Spec
from somaforge.pdk.errors import CheckError


def show(spec: Spec, out: Path, file: Path, as_json: bool) -> None:
    """Metrics and the limits on them; CheckError with the first that is not met."""
    progress = Progress(as_json)
    try:
        found = judge_bitfile(spec, out, file, progress)
    finally:
        progress.close()
    if as_json:
        show_json({"metrics": found.metrics, **found.signoff.to_json()})
    else:
        show_metrics(found.metrics, as_json)
        for result in found.signoff.results:
            click.echo(f"{result.status:<8}{result}")
    failures = found.signoff.failures
    if failures:
        more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        raise CheckError(f"{file}: {failures[0]}{more}; what the chips did is in {found.folder}")
