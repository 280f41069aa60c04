"""SARIF 2.1.0 (OASIS): what the checks found, for code hosts that show it beside a change."""

import json
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from somaforge.flow.signoff.findings import Check, Finding
from somaforge.pdk.files import atomic_write

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def document(checks: Sequence[Check], layout: str) -> dict[str, Any]:
    """One run per check; `layout` is the layout's path relative to the root that a reader knows."""
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(check, layout) for check in checks]}


def write(path: Path, checks: Sequence[Check], layout: str) -> None:
    """Write the document."""
    atomic_write(path, json.dumps(document(checks, layout), indent=1, allow_nan=False) + "\n")


def _run(check: Check, layout: str) -> dict[str, Any]:
    names = list(check.rules)
    return {
        "tool": {
            "driver": {
                "name": f"somaforge {check.title}",
                "semanticVersion": metadata.version("somaforge"),
                "rules": [_rule(check, name) for name in names],
            }
        },
        "automationDetails": {"id": f"somaforge/{check.name}/"},
        "results": [_result(finding, names.index(finding.rule), layout) for finding in check.findings],
        "properties": {"violations": sum(check.counts.values()), "database": check.database},
        "columnKind": "unicodeCodePoints",
    }


def _rule(check: Check, name: str) -> dict[str, Any]:
    return {
        "id": name,
        "shortDescription": {"text": check.rules[name] or name},
        "defaultConfiguration": {"level": "error"},
        "properties": {"violations": check.counts[name]},
    }


def _result(finding: Finding, index: int, layout: str) -> dict[str, Any]:
    place = ""
    if finding.box_um is not None:
        left, bottom, right, top = finding.box_um
        place = f" in {finding.cell} at ({left:.3f}, {bottom:.3f}) to ({right:.3f}, {top:.3f}) um"
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": "error",
        "message": {"text": f"{finding.rule}: {finding.message}{place}"},
        "locations": [
            {
                # A layout has no lines; code hosts drop results without one, so it is the first.
                "physicalLocation": {"artifactLocation": {"uri": layout}, "region": {"startLine": 1}},
                "logicalLocations": [{"name": finding.cell, "kind": "module"}],
            }
        ],
        **({"properties": {"box_um": list(finding.box_um)}} if finding.box_um is not None else {}),
    }
