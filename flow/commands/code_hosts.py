"""--sarif of drc and lvs: what one check found as a file that a code host shows beside a change."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from somaforge.flow.checks.layout_check import LayoutCheck
from somaforge.flow.runner.known import read_spec
from somaforge.pdk.errors import InputError


def spare(option: str, written: Path, *read: Path) -> None:
    """InputError where the file that `option` names is a folder, or one of those that the command reads."""
    if written.is_dir():
        raise InputError(f"{option} {written}: is a folder; give the name of a file")
    for path in read:
        if written.exists() and path.exists() and written.samefile(path):
            raise InputError(f"{option} {written}: would replace {path}, which is read; give another name")


def of_drc(
    sarif: Path,
    layout: Path,
    checks: Sequence[LayoutCheck],
    counts: Mapping[str, Mapping[str, int]],
    folder: Path,
    kept: Path | None,
) -> None:
    """Of report databases in `folder`; `kept` is where they stay, if they do."""
    from somaforge.flow.signoff import findings
    from somaforge.flow.signoff import sarif as writer

    found = [findings.of_layout_check(folder, check, counts[check.name]) for check in checks]
    places = {c.name: str(kept / Path(c.database).name) if kept is not None else "" for c in found}
    writer.write(sarif, [replace(c, database=places[c.name]) for c in found], layout.as_posix())


def of_lvs(sarif: Path, layout: Path, lines: Sequence[str], top: str, kept: Path | None) -> None:
    """Of the lines of a comparison."""
    from somaforge.flow.signoff import findings
    from somaforge.flow.signoff import sarif as writer

    found = findings.of_lvs(tuple(lines), top)
    database = str(kept / Path(found.database).name) if kept is not None else ""
    writer.write(sarif, [replace(found, database=database)], layout.as_posix())


@contextmanager
def of_step(step: str, path: Path, out: Path | None, sarif: Path | None) -> Iterator[None]:
    """Around the step drc or lvs of a spec: written when it has finished, whether it found something or not."""
    if sarif is None:
        yield
        return
    spare("--sarif", sarif, path)
    from somaforge.flow.machinery.records import read_json
    from somaforge.flow.runner.pipeline import step_folder
    from somaforge.flow.signoff import findings
    from somaforge.flow.signoff import sarif as writer
    from somaforge.pdk.errors import CheckError

    def write() -> None:
        name = read_spec(path).name
        run = out if out is not None else Path("runs") / name
        folder = step_folder(run, step)
        if step == "drc":
            found = findings.of_drc_step(folder, read_json(folder / "rules.json"))
        else:
            found = (findings.of_lvs_step(folder, name),)
        layout = step_folder(run, "generate") / "layout.gds"
        writer.write(sarif, [replace(c, database=str(folder / Path(c.database).name)) for c in found], str(layout))

    try:
        yield
    except CheckError:
        write()
        raise
    write()
