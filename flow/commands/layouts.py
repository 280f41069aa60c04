"""drc, lvs and pex on any layout: files in, counts out, nothing of ours needed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from somaforge.flow.checks.layout_check import LayoutCheck
from somaforge.flow.checks.registry import LAYOUT_CHECKS
from somaforge.flow.commands import code_hosts
from somaforge.flow.commands.console import show_json
from somaforge.flow.machinery.bounded import bounded
from somaforge.flow.machinery.printable import printable
from somaforge.pdk.base import Pdk
from somaforge.pdk.errors import CheckError, InputError
from somaforge.pdk.files import scratch


@contextmanager
def understood(layout: Path) -> Iterator[None]:
    """Where KLayout gives up on a layout that it has read (its assertions come as RuntimeError): InputError."""
    try:
        yield
    except RuntimeError as error:
        if type(error) is not RuntimeError:
            raise
        said = str(error).removeprefix("Internal error: ")
        raise InputError(f"layout {layout}: KLayout cannot work on it ({said}); is the file damaged?") from None


@contextmanager
def reports(out: Path | None) -> Iterator[Path]:
    """Where report databases go: the user's folder, or one that goes away."""
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise InputError(f"--out {out}: a file stands where its folder would; give a folder") from None
        yield out
        return
    with scratch("reports") as folder:
        yield folder


def _unchecked(pdk: Pdk, layout: Path, top: str | None) -> tuple[str, ...]:
    from somaforge.flow.checks import drc as native
    from somaforge.pdk.layout_file import open_layout

    return native.unchecked(pdk, open_layout(layout, top))


def _named(command: str, layout: Path) -> str:
    """A command and its layout, for a failure that both may be the reason of."""
    return f"{command} --layout {layout}"


Counts = tuple[dict[str, dict[str, int]], tuple[str, ...] | None]
"""Violations of each deck and rule; layers that no native rule looks at, if the native deck ran."""


def _checked(
    pdk: Pdk, layout: Path, top: str | None, checks: Sequence[LayoutCheck], folder: Path, limit_s: float
) -> Counts:
    with understood(layout):
        found = {c.name: c.run(pdk, layout, top, folder / c.report, limit_s) for c in checks}
        return found, _unchecked(pdk, layout, top) if "native" in found else None


def drc(
    pdk: Pdk,
    layout: Path,
    top: str | None,
    deck: str,
    out: Path | None,
    as_json: bool,
    limit_s: float,
    sarif: Path | None = None,
) -> None:
    """Check a layout with one deck or all; CheckError if a rule is violated or a layer has none."""
    if sarif is not None:
        code_hosts.spare("--sarif", sarif, layout)
    checks = [check for check in LAYOUT_CHECKS if check.name == deck or (deck == "all" and check.everywhere)]
    names = [check.name for check in checks]
    shown: dict[str, object] = {}
    with reports(out) as folder:
        work = partial(_checked, pdk, layout, top, checks, folder, limit_s)
        found, unchecked = bounded(work, limit_s, _named("drc", layout))
        if sarif is not None:
            code_hosts.of_drc(sarif, layout, checks, found, folder, out)
    for name in names:
        shown[f"drc__{name}__count"] = sum(found[name].values())
    shown["rules"] = (
        found[names[0]]
        if len(names) == 1
        else {f"{name}:{rule}": count for name in names for rule, count in found[name].items()}
    )
    if unchecked is not None:
        shown |= {"drc__unchecked_layers__count": len(unchecked), "unchecked_layers": list(unchecked)}
    broken = [f"{rule} {n}" for name in names for rule, n in found[name].items() if n != 0]
    if as_json:
        show_json(shown)
    else:
        for name in names:
            click.echo(f"drc__{name}__count  {sum(found[name].values())}  ({len(found[name])} rules)")
        if unchecked is not None:
            click.echo(f"drc__unchecked_layers__count  {len(unchecked)}")
    silent = f"no rule looks at layer {', '.join(unchecked[:10])}" if unchecked else ""
    if broken:
        more = f"; {silent}" if silent else ""
        violated = f"violations of {', '.join(broken[:10])}"
        raise CheckError(f"drc: {layout}: {violated}{more}; --out DIR keeps the report databases")
    if silent:
        raise CheckError(f"drc: {layout}: {silent}, so it is not clean; docs/drc.md has the layers that are checked")


LINES_SHOWN = 20
"""Mismatches that are printed; the rest is in a file."""


def lvs(
    pdk: Pdk,
    layout: Path,
    netlist: Path,
    top: str,
    out: Path | None,
    as_json: bool,
    limit_s: float,
    blackboxes: frozenset[str] = frozenset(),
    sarif: Path | None = None,
) -> None:
    """Compare a layout with a netlist; CheckError if they differ.

    Prints the first mismatches; all of them are in `mismatches.txt` of `out`. With JSON, nothing else is printed.
    """
    from somaforge.flow.checks import lvs as compare
    from somaforge.pdk.files import atomic_write

    if sarif is not None:
        code_hosts.spare("--sarif", sarif, layout, netlist)

    def compared(folder: Path) -> compare.LvsResult:
        with understood(layout):
            return compare.run(pdk, layout, netlist, top, folder / "lvs.lvsdb", blackboxes=blackboxes)

    with reports(out) as folder:
        result = bounded(partial(compared, folder), limit_s, _named("lvs", layout))
        atomic_write(folder / "mismatches.txt", "".join(f"{line}\n" for line in result.mismatches))
    if sarif is not None:
        code_hosts.of_lvs(sarif, layout, result.mismatches, top, out)
    count = len(result.mismatches)
    where = f"all in {out / 'mismatches.txt'}" if out is not None else "--out DIR keeps them all and the database"
    if as_json:
        shown: dict[str, object] = {"lvs__mismatches__count": count}
        if blackboxes:
            shown["blackboxes"] = sorted(blackboxes)
        show_json(shown)
    else:
        for line in result.mismatches[:LINES_SHOWN]:
            click.echo(line)
        if count > LINES_SHOWN:
            click.echo(f"... and {count - LINES_SHOWN} more; {where}")
        boxes = f"; black boxes: {', '.join(sorted(blackboxes))}" if blackboxes else ""
        click.echo(f"lvs__mismatches__count  {count}  ({result.devices} devices, {result.nets} nets{boxes})")
    if not result.matched or count != 0:
        first = result.mismatches[0] if result.mismatches else "layout and netlist do not match"
        raise CheckError(f"lvs: {top}: {max(count, 1)} mismatches, first: {first}; {where}")


def pex(pdk: Pdk, layout: Path, top: str, output: Path, as_json: bool, limit_s: float) -> None:
    """Extract a layout into a SPICE netlist and a CSV of its nets beside it.

    Labels that stand on several wires are told on the standard error.
    """
    from somaforge.flow.pex import write_layout

    if not output.name:
        raise InputError(f"pex --output {output}: is a folder; give the name of a file")
    table = output.with_suffix(".csv") if output.suffix.lower() != ".csv" else output.with_suffix(".nets.csv")
    code_hosts.spare("--output", output, layout)
    code_hosts.spare("--output", table, layout)

    def warn(line: str) -> None:
        click.echo(f"somaforge: warning: {printable(line)}", err=True)

    def extracted() -> dict[str, float]:
        with understood(layout):
            return write_layout(pdk, layout, top, output, table, warn=warn)

    metrics = bounded(extracted, limit_s, _named("pex", layout))
    if as_json:
        show_json(metrics)
    else:
        click.echo(f"{output}\n{table}")
