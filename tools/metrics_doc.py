"""Writes docs/metrics.md from the tables in flow/signoff/metrics_*.py; a test fails when they differ."""

from itertools import groupby
from pathlib import Path

from somaforge.flow.signoff.metrics import METRICS

HEAD = """# Metrics

Written by `tools/metrics_doc.py` from `flow/signoff/metrics_*.py`; do not edit.

`final/metrics.json` is flat: `area__what__unit: number`. A limit in the spec names one of these; a metric that a limit
needs and that nothing measured is a failure. Means, percentiles and extremes are over all chips and patterns. `better`
is the direction that `somaforge compare` goes by.

| metric | unit | better | meaning |
|---|---|---|---|
"""


def text() -> str:
    """The document."""
    rows = []
    for (meaning, better, unit), group in groupby(METRICS, lambda m: (m.meaning, m.better, m.unit)):
        names = ", ".join(f"`{m.name}`" for m in group)
        rows.append(f"| {names} | {unit} | {'' if better == 'neither' else better} | {meaning} |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    (Path(__file__).parents[1] / "docs/metrics.md").write_text(text(), encoding="utf-8")
