"""JUnit XML (as Jenkins' xUnit plug-in defines it) for CI: one test case per limit, per rule of a check, per step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as Xml

from somaforge.flow.signoff.findings import Check
from somaforge.flow.signoff.verdict import Result, Signoff
from somaforge.pdk.files import atomic_path

SHOWN = 10
"""Places of a broken rule in its test case."""


@dataclass(frozen=True)
class Case:
    """One test case; `failed` or `skipped` say why, or are empty."""

    name: str
    seconds: float = 0.0
    failed: str = ""
    kind: str = ""
    """Of the failure: fail, missing, violations."""
    skipped: str = ""
    detail: str = ""


def write(
    path: Path,
    name: str,
    signoff: Signoff,
    metrics: Mapping[str, float],
    steps: Sequence[str],
    checks: Sequence[Check] = (),
) -> None:
    """Suites `<name>.limits`, `<name>.<check>` for each check and `<name>.steps` with the run times in s."""
    suites = {
        "limits": [_limit(result) for result in signoff.results],
        **{check.name: [_rule(check, rule) for rule in check.rules] for check in checks},
        "steps": [_step(step, metrics.get(f"step__{step}__s")) for step in steps],
    }
    root = Xml.Element("testsuites", {"name": name, **_totals([c for cases in suites.values() for c in cases])})
    for suite, cases in suites.items():
        title = f"{name}.{suite}"
        skipped = str(sum(bool(c.skipped) for c in cases))
        element = Xml.SubElement(root, "testsuite", {"name": title, **_totals(cases), "skipped": skipped})
        for case in cases:
            _add(element, title, case)
    Xml.indent(root)
    with atomic_path(path) as beside:
        Xml.ElementTree(root).write(beside, encoding="utf-8", xml_declaration=True)


def _totals(cases: Sequence[Case]) -> dict[str, str]:
    return {
        "tests": str(len(cases)),
        "failures": str(sum(bool(c.failed) for c in cases)),
        "errors": "0",
        "time": f"{sum(c.seconds for c in cases):.3f}",
    }


def _add(suite: Xml.Element, title: str, case: Case) -> None:
    attributes = {"name": _text(case.name), "classname": title, "time": f"{case.seconds:.3f}"}
    element = Xml.SubElement(suite, "testcase", attributes)
    if case.failed:
        failure = Xml.SubElement(element, "failure", {"type": case.kind, "message": _text(case.failed)})
        failure.text = _text(case.detail) or None
    elif case.skipped:
        Xml.SubElement(element, "skipped", {"message": _text(case.skipped)})


def _text(text: str) -> str:
    """Without characters that XML 1.0 cannot hold: names of cells come from other people."""
    return "".join(c if c in "\t\n" or ord(c) >= 0x20 else "?" for c in text)


def _limit(result: Result) -> Case:
    name = f"{result.metric} {result.bound}"
    if result.failed:
        return Case(name, failed=str(result), kind=result.status)
    return Case(name, skipped=str(result) if result.status == "waived" else "")


def _rule(check: Check, rule: str) -> Case:
    count = check.counts[rule]
    if count == 0:
        return Case(rule)
    places = [f"{f.message} {f.cell} {f.box_um or ''}".rstrip() for f in check.findings if f.rule == rule]
    return Case(
        rule,
        failed=f"{count} violations: {check.rules[rule]}; see {check.database}",
        kind="violations",
        detail="\n".join(places[:SHOWN]),
    )


def _step(name: str, seconds: float | None) -> Case:
    return Case(name, failed=f"{name} did not finish", kind="missing") if seconds is None else Case(name, seconds)
