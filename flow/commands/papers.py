"""somaforge papers: tables and figures of the works that somaforge builds on, beside ours."""

from pathlib import Path

import click

from somaforge.flow.commands.console import Progress, show_json
from somaforge.flow.commands.options import PATH, data_option
from somaforge.pdk.errors import InputError


@click.command()
@click.option("--part", "names", multiple=True, metavar="NAME", help="This part alone; may be given again.")
@data_option
@click.option("--run", "run_folder", type=PATH, help="Finished run of examples/mnist.yaml, for parts that read one.")
@click.option("--quick", is_flag=True, help="Seconds instead of hours, to see that it works; the figures say nothing.")
@click.option("--out", type=PATH, default="runs/papers", show_default=True, help="Folder of the parts' JSON files.")
@click.option(
    "--kept",
    type=PATH,
    default="bench/results",
    show_default=True,
    help="Results of the repository's benches, for parts that show them.",
)
@click.option("--page", type=PATH, help="The page, with images/papers/ beside it [default: papers.md in --out].")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON how each part went.")
def papers(
    names: tuple[str, ...],
    run_folder: Path | None,
    quick: bool,
    out: Path,
    kept: Path,
    page: Path | None,
    as_json: bool,
) -> None:
    """Make the tables and figures of the papers with our arrays, and the page that has both (docs/papers.md).

    Parts that are there are not made again, an interrupted one goes on; remove its JSON file to make it anew. One that
    cannot be made (its data are missing, for example) does not keep the others from it: the page is written, and the
    exit code is 2.
    """
    from somaforge.flow.papers import book
    from somaforge.flow.papers import page as pages
    from somaforge.flow.papers.registry import PARTS, named

    target = page if page is not None else out / "papers.md"
    progress, went = Progress(as_json), dict[str, str]()
    wrong: list[str] = []
    try:
        for part in named(names):
            progress.started(part.name)
            try:
                went[part.name] = book.make(part, out, kept, run_folder, quick, progress.said)
            except InputError as error:
                wrong.append(f"{part.name}: {error}")
                went[part.name] = f"not made: {error}"
            progress.ended(part.name, went[part.name] != "made", 0.0)
    finally:
        progress.close()
    pages.write(PARTS, out, target, target.parent / "images/papers")
    if as_json:
        show_json({"parts": went, "page": str(target)})
    else:
        for name, how in went.items():
            click.echo(f"{name:<22}{how}")
        click.echo(f"page                  {target}")
    if wrong:
        raise InputError("; ".join(wrong))


COMMANDS = (papers,)
