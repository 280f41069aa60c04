"""What the checks of a run found, place by place, for the formats that a CI shows (SARIF, JUnit)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import klayout.rdb as rdb

from somaforge.flow.checks.layout_check import LayoutCheck
from somaforge.flow.checks.registry import LAYOUT_CHECKS
from somaforge.pdk.errors import ToolError

PLACES_PER_RULE = 100
"""Places listed for one rule; the count is of all, and the report database has more."""
LVS_KINDS = {
    "net": "a net of the layout is not the net of the schematic",
    "device": "a transistor is missing, extra, of another type or connected differently",
    "size": "W or L differs",
    "instance": "a cell is missing, extra or connected differently",
    "pin": "a pin is missing, split, shorted or not labelled",
    "circuit": "a cell is missing, extra or could not be compared",
    "layout": "the layout cannot be extracted cleanly",
    "schematic": "the schematic is empty",
    "other": "another difference",
}
"""First words of the lines of flow.checks.lvs."""
_PLACE = re.compile(r"at \((-?[\d.]+), (-?[\d.]+)\) um")


@dataclass(frozen=True)
class Finding:
    """One place where a rule is broken."""

    rule: str
    message: str
    cell: str
    box_um: tuple[float, float, float, float] | None = None
    """Left, bottom, right, top; None where the checker names no place."""


@dataclass(frozen=True)
class Check:
    """One checker with all its rules."""

    name: str
    """For example drc_native."""
    title: str
    rules: Mapping[str, str]
    """Rule -> what it demands; every rule that ran."""
    counts: Mapping[str, int]
    """Rule -> violations, zeros included."""
    findings: tuple[Finding, ...]
    """At most PLACES_PER_RULE of a rule."""
    database: str
    """Report database with every place, relative to final/."""


def of_drc(report: Path, name: str, title: str, counts: Mapping[str, int]) -> Check:
    """A KLayout report database; ToolError if it cannot be read or holds less than `counts` say."""
    database = rdb.ReportDatabase(name)
    try:
        database.load(str(report))
    except RuntimeError as error:
        raise ToolError(f"{report}: damaged ({' '.join(str(error).split())}); run somaforge run again") from None
    rules = dict.fromkeys(counts, "")
    findings: list[Finding] = []
    for category in database.each_category():
        rules[category.name()] = " ".join(category.description.split()) or category.name()
        for number, item in enumerate(database.each_item_per_category(category.rdb_id())):
            if number == PLACES_PER_RULE:
                break
            cell = database.cell_by_id(item.cell_id()).name()
            findings.append(Finding(category.name(), rules[category.name()], cell, _box(item)))
    silent = [rule for rule, count in counts.items() if count and not any(f.rule == rule for f in findings)]
    if silent:
        raise ToolError(f"{report}: no place for the {counts[silent[0]]} violations of {silent[0]}; run it again")
    return Check(name, title, rules, {**dict.fromkeys(rules, 0), **counts}, tuple(findings), f"report/{report.name}")


def _box(item: rdb.RdbItem) -> tuple[float, float, float, float] | None:
    """Around the item's first shape. A value answers for kinds that it is not with a shape at the origin."""
    for value in item.each_value():
        if value.is_polygon():
            box = value.polygon().bbox()
        elif value.is_edge_pair():
            box = value.edge_pair().bbox()
        elif value.is_edge():
            box = value.edge().bbox()
        elif value.is_box():
            box = value.box()
        else:
            continue
        return (box.left, box.bottom, box.right, box.top)
    return None


def of_lvs(lines: tuple[str, ...], top: str) -> Check:
    """The lines of flow.checks.lvs."""
    findings = []
    counts = dict.fromkeys(LVS_KINDS, 0)
    for line in lines:
        kind = line.split(maxsplit=1)[0].rstrip(":") if line else "other"
        kind = kind if kind in LVS_KINDS else "other"
        counts[kind] += 1
        place = _PLACE.search(line)
        x, y = (float(place[1]), float(place[2])) if place is not None else (0.0, 0.0)
        if counts[kind] <= PLACES_PER_RULE:
            findings.append(Finding(kind, line, top, (x, y, x, y) if place is not None else None))
    return Check("lvs", "LVS (klayout)", LVS_KINDS, counts, tuple(findings), "report/lvs.lvsdb")


def of_layout_check(folder: Path, check: LayoutCheck, counts: Mapping[str, int]) -> Check:
    """One check of layouts, whose report database lies in `folder`."""
    return of_drc(folder / check.report, f"drc_{check.name}", f"DRC, {check.title}", counts)


def of_drc_step(folder: Path, rules: Mapping[str, Mapping[str, int]]) -> tuple[Check, ...]:
    """The checks of the step drc, from its folder."""
    return tuple(of_layout_check(folder, check, rules[check.name]) for check in LAYOUT_CHECKS)


def of_lvs_step(folder: Path, top: str) -> Check:
    """The comparison of the step lvs, from its folder."""
    return of_lvs(tuple((folder / "mismatches.txt").read_text(encoding="utf-8").splitlines()), top)


def load(folders: Mapping[str, Path], rules: Mapping[str, Mapping[str, int]], top: str) -> tuple[Check, ...]:
    """The checks of a run, from the folders of its steps drc and lvs."""
    return (*of_drc_step(folders["drc"], rules), of_lvs_step(folders["lvs"], top))
