"""Commands about finished runs: verify, compare."""

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from somaforge.flow.commands.console import show_json
from somaforge.flow.commands.options import PATH, Number
from somaforge.flow.machinery.printable import printable
from somaforge.pdk.errors import CheckError
from somaforge.pdk.files import atomic_write

COLOURS = {"better": "green", "worse": "red", "gone": "red", "new": "cyan", "different": "yellow", "same": "dim"}


@click.command()
@click.argument("run", type=PATH)
@click.option("--files-only", is_flag=True, help="Leave out the tools, PDK data and data set of this machine.")
@click.option("--sha256", help="Fail unless the manifest itself has this SHA-256 (kept elsewhere).")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def verify(run: Path, files_only: bool, sha256: str | None, as_json: bool) -> None:
    """Check RUN against its manifest: files, spec, seeds, tools, PDK data. Exit code 1 names what has changed."""
    from somaforge.flow.runner import verify as module

    found = module.verify(run, environment=not files_only)
    if as_json:
        show_json(found.to_json())
    else:
        for change in found.changes:
            click.echo(printable(str(change)))
        click.echo(f"{found.files} files compared; manifest SHA-256 {found.sha256}")
    if sha256 is not None and sha256.lower() != found.sha256:
        raise CheckError(f"{found.manifest}: SHA-256 is {found.sha256}, must be {sha256}; this is another manifest")
    if found.changes:
        more = f" (and {len(found.changes) - 1} more)" if len(found.changes) > 1 else ""
        raise CheckError(f"{found.manifest}: {found.changes[0]}{more}; run somaforge run again")


@click.command()
@click.argument("run_a", type=PATH)
@click.argument("run_b", type=PATH)
@click.option("--fail-on-regression", is_flag=True, help="Exit code 1 if a metric is worse or gone.")
@click.option("--tolerance", type=Number(), help="Relative change that counts as the same [default: 0.001].")
@click.option("--resources", is_flag=True, help="Compare run times and memory of the steps, too.")
@click.option("--all", "show_all", is_flag=True, help="Show metrics that are the same, too.")
@click.option(
    "--html", "html_file", type=PATH, help="Write the comparison as a page for a browser into this file, too."
)
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def compare(
    run_a: Path,
    run_b: Path,
    fail_on_regression: bool,
    tolerance: float | None,
    resources: bool,
    show_all: bool,
    html_file: Path | None,
    as_json: bool,
) -> None:
    """What got better and worse from RUN_A to RUN_B (run folders, their final/, or metrics.json files)."""
    from somaforge.flow.runner import compare as module

    if html_file is not None:
        from somaforge.flow.commands.code_hosts import spare

        spare("--html", html_file, module.metrics_file(run_a), module.metrics_file(run_b))
    before, after = module.metrics_of(run_a), module.metrics_of(run_b)
    result = module.compare(before, after, module.TOLERANCE if tolerance is None else tolerance, resources)
    if html_file is not None:
        from somaforge.flow.runner.compare_page import compare_page

        atomic_write(html_file, compare_page(run_a, run_b, result))
    if as_json:
        show_json(result.to_json())
    else:
        table = Table(box=None, pad_edge=False)
        for head, justify in (("metric", "left"), ("before", "right"), ("after", "right"), ("change", "right")):
            table.add_column(head, justify=justify, no_wrap=True)  # type: ignore[arg-type]
        table.add_column("unit")
        table.add_column("")
        for line in result.lines:
            if show_all or line.verdict != "same":
                change = "" if line.change is None else f"{100 * line.change:+.2f} %"
                verdict = Text(line.verdict, style=COLOURS[line.verdict])
                numbers = ["" if v is None else f"{v:.6g}" for v in (line.before, line.after)]
                table.add_row(Text(printable(line.metric)), *numbers, change, line.unit, verdict)
        console = Console(highlight=False)
        if not console.is_terminal:  # a log or a pipe: lines must not depend on the width of nothing
            console = Console(highlight=False, width=160)
        if table.row_count:
            console.print(table)
        counts = result.to_json()
        click.echo(", ".join(f"{counts[v]} {v}" for v in COLOURS if counts[v]) or "nothing to compare")
    worse = result.regressions
    if fail_on_regression and worse:
        more = f" (and {len(worse) - 1} more)" if len(worse) > 1 else ""
        value = "is gone" if worse[0].after is None else f"was {worse[0].before:g}, is {worse[0].after:g}"
        raise CheckError(f"{run_b}: {worse[0].metric} {value}{more}; compared with {run_a}")


COMMANDS = (verify, compare)
