"""The shuttle's own design rule deck, run unchanged in the KLayout application on any layout of a process."""

import os
import shutil
import sys
from pathlib import Path

import klayout.db as kdb
import klayout.rdb as rdb

from somaforge.flow.checks.layout_check import LayoutCheck
from somaforge.pdk import default, load
from somaforge.pdk.base import Pdk
from somaforge.pdk.decks import RuleDeck
from somaforge.pdk.errors import SomaforgeError, ToolError
from somaforge.pdk.files import atomic_path, scratch
from somaforge.pdk.layout_file import OpenLayout, open_layout
from somaforge.pdk.tool import Ended, run_again, run_tool

THREADS = 2


def run(pdk: Pdk, layout: Path, top: str | None, report: Path, timeout_s: float = 900.0) -> dict[str, int]:
    """Check `top` of `layout`; writes the deck's report database to `report`; violations per rule, zeros kept.

    The application gets a GDS copy of that one cell (it is older than the writer of some files and cannot read
    their extra context). ToolError if the application is missing, fails, runs out of `timeout_s`, or did not run
    every group of the deck to its end: an empty report is no proof.
    """
    opened = open_layout(layout, top)
    deck = pdk.checks.deck
    if deck is None:
        raise ToolError(f"precheck: {pdk.name} has no deck of a shuttle")
    klayout = application("precheck")
    with scratch("precheck") as folder, atomic_path(report) as beside:
        copy, half = folder / "layout.gds", folder / "report.lyrdb"
        write_copy(opened, copy)
        variables = {"input": copy, "top_cell": opened.cell.name, "report": half, deck.threads: THREADS}
        variables |= dict.fromkeys(deck.groups, "true")
        log = run_application("precheck", deck.command(klayout, pdk.data, variables), half, timeout_s)
        counts = read_report(deck, half, opened.cell.name, log)
        shutil.copyfile(half, beside)
    return counts


CHECK = LayoutCheck("precheck", "shuttle precheck deck", "design rule violations; 0 to pass", run, outside=True)


def application(what: str) -> str:
    """Where the KLayout application is; ToolError for `what` if it is missing."""
    found = shutil.which("klayout")
    if found is None:
        raise ToolError(f"{what}: the KLayout application is not installed; run make setup (Debian package klayout)")
    return found


def read_report(deck: RuleDeck, report: Path, top: str, log: str) -> dict[str, int]:
    """Violations per rule of a finished run; ToolError unless report and log show that all of it ran."""
    missing = [section.strip() for section in deck.sections if section not in log]
    if missing:
        raise ToolError(f"precheck: the deck did not run its part {missing[0]!r}; last lines: {_last(log)}")
    if not report.is_file():
        raise ToolError(f"precheck: the deck wrote no report; last lines: {_last(log)}")
    database = rdb.ReportDatabase("precheck")
    try:
        database.load(str(report))
    except RuntimeError as error:
        raise ToolError(f"precheck: the report is damaged ({' '.join(str(error).split())}); run it again") from error
    counts = {category.name(): category.num_items() for category in database.each_category()}
    absent = [rule for rule in deck.rules_of_groups if rule not in counts]
    if absent or len(counts) < deck.least_rules or database.top_cell_name != top:
        raise ToolError(
            f"precheck: the report on cell {database.top_cell_name!r} holds {len(counts)} of {deck.least_rules} rules"
            f"{' and not ' + absent[0] if absent else ''}; run it again"
        )
    return counts


def write_copy(opened: OpenLayout, target: Path) -> None:
    """Write the checked cell alone as plain GDS, which the application can read whatever the original is."""
    options = kdb.SaveLayoutOptions()
    options.format = "GDS2"
    options.write_context_info = False
    options.add_cell(opened.cell.cell_index())
    opened.layout.write(str(target), options)


def run_application(what: str, command: list[str], report: Path, timeout_s: float) -> str:
    """Run the application without a display and without the user's own macros; its output. `what` is for messages.

    It works in the folder of `report`. ToolError if it fails, runs out of `timeout_s` or is ended by a signal twice.
    """
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "KLAYOUT_HOME": str(report.parent)}

    def once() -> Ended:
        report.unlink(missing_ok=True)  # half of one, from a run that a signal ended
        return run_tool(command, timeout_s, folder=report.parent, environment=environment)

    try:
        ended = run_again(once, f"{what}: KLayout")
    except TimeoutError:
        raise ToolError(f"{what}: KLayout did not finish in {timeout_s:g} s; give it more time") from None
    if ended.code != 0:
        raise ToolError(f"{what}: KLayout ended with code {ended.code}; last lines: {_last(ended.text)}")
    return ended.text


def _last(log: str) -> str:
    return " | ".join(line.strip() for line in log.strip().splitlines()[-3:])


def _main(arguments: list[str]) -> int:
    """Print the rules of the shuttle's deck that are broken."""
    if not 1 <= len(arguments) <= 3:
        print("usage: python -m somaforge.flow.checks.precheck FILE [TOP [REPORT]]", file=sys.stderr)
        return 2
    try:
        with scratch("precheck") as folder:
            report = Path(arguments[2]) if len(arguments) == 3 else folder / "precheck.lyrdb"
            counts = run(load(default()), Path(arguments[0]), arguments[1] if len(arguments) > 1 else None, report)
            broken = {rule: n for rule, n in counts.items() if n}
            places = _places(report)
    except SomaforgeError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    for rule, n in broken.items():
        print(f"{rule:<20} {n:>6}")
        for place in places[rule][:5]:
            print(f"{'':<27}{place}")
    print(f"{sum(broken.values())} violations of {len(broken)} of {len(counts)} rules")
    return 1 if broken else 0


def markers(report: Path) -> dict[str, tuple[kdb.DPolygon, ...]]:
    """Where the rules of a report that was read (read_report) are broken, in um; what is no polygon as its box."""
    database = rdb.ReportDatabase("precheck")
    database.load(str(report))
    found: dict[str, list[kdb.DPolygon]] = {}
    for category in database.each_category():
        for item in category.each_item():
            values = list(item.each_value())
            polygons = [value.polygon() for value in values if value.is_polygon()]
            polygons += [kdb.DPolygon(value.edge_pair().bbox()) for value in values if value.is_edge_pair()]
            polygons += [kdb.DPolygon(value.edge().bbox()) for value in values if value.is_edge()]
            found.setdefault(category.name(), []).append((polygons or [kdb.DPolygon(kdb.DBox(0, 0, 0, 0))])[0])
    return {rule: tuple(places) for rule, places in found.items()}


def _places(report: Path) -> dict[str, list[str]]:
    database = rdb.ReportDatabase("precheck")
    database.load(str(report))
    return {
        category.name(): [" ".join(str(v) for v in item.each_value()) for item in category.each_item()]
        for category in database.each_category()
    }


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
