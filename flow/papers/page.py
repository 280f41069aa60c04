"""The page of the works: written from the records of parts and nothing else, so that anybody can write it again."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from somaforge.flow.figures.svg import Plot
from somaforge.flow.papers.book import command, record
from somaforge.flow.papers.markdown import paragraph
from somaforge.flow.papers.part import Part, Record
from somaforge.flow.papers.works import Work
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import atomic_write

HEAD = "# Beside the papers\n\n" + paragraph(
    """Written by `somaforge papers` from what its parts found (`bench/results/papers/`); do not edit. Tables and
    figures of the works that somaforge builds on, each beside ours, with the command that makes it; data are found as
    `--data-dir` or `SOMAFORGE_DATA` says, `--run` names a finished run of `examples/mnist.yaml`. Chips are models:
    extracted arrays with the foundry's mismatch on the array engine, or networks in software where a section says so;
    no chip was fabricated."""
)

Drawn = Mapping[str, tuple[Plot, ...]]
"""Figures of every part that has a record."""


def drawn(parts: Sequence[Part], records: Mapping[str, Record]) -> Drawn:
    """Every figure; seconds."""
    return {part.name: part.plots(records[part.name].figures) for part in parts if part.name in records}


def text(parts: Sequence[Part], records: Mapping[str, Record], plots: Drawn, images: str) -> str:
    """The page; `images` is the folder of its figures as a link from it."""
    lines = [HEAD]
    works: dict[str, Work] = {part.work.name: part.work for part in parts}
    for work in works.values():
        lines.append(f"## {work.name}\n\n{paragraph(f'{work.reference}.')}")
        lines.append(paragraph(f"Read: {work.read}. Not read: {work.unread}."))
        for part in (p for p in parts if p.work == work):
            lines += _part(part, records.get(part.name), plots.get(part.name, ()), images)
    return "".join([*lines, *_missing(parts, records)]).rstrip("\n") + "\n"


def _part(part: Part, found: Record | None, plots: tuple[Plot, ...], images: str) -> Iterable[str]:
    yield f"### {part.title}\n\n    {found.command if found else command(part, False)}\n\n"
    if found is None:
        yield "Not run yet.\n\n"
        return
    if found.quick:
        yield "**A quick version, for tests: its figures say nothing.**\n\n"
    yield from part.section(found.figures)
    for plot in plots:
        yield f"![{plot.title}]({images}/{plot.name}.svg)\n\n{paragraph(plot.caption)}"
    if found.processor_s > 0:
        yield f"It took {found.processor_s / 60:.1f} minutes of a processor.\n\n"


def _missing(parts: Sequence[Part], records: Mapping[str, Record]) -> Iterable[str]:
    yield "## What was not run\n\n| what | command |\n|---|---|\n"
    for part in parts:
        found = records.get(part.name)
        if found is None:
            yield f"| {part.work.name}: {part.title} | `{command(part, False)}` |\n"
            continue
        for entry in found.figures.get("missing", []):
            yield f"| {part.work.name}: {entry['what']} | {entry['command']} |\n"


def write(parts: Sequence[Part], folder: Path, page: Path, images: Path) -> None:
    """The page and its figures; InputError for damaged records, and for a page that would replace something else."""
    if page.suffix != ".md":
        raise InputError(f"--page {page}: the page is Markdown; give a name that ends in .md")
    records = {part.name: found for part in parts if (found := record(folder, part)) is not None}
    plots = drawn(parts, records)
    for plot in (plot for members in plots.values() for plot in members):
        atomic_write(images / f"{plot.name}.svg", plot.svg)
    link = Path(os.path.relpath(images.absolute(), page.absolute().parent)).as_posix()
    atomic_write(page, text(parts, records, plots, link))
