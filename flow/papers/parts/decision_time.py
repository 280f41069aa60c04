"""Binas et al., open question: training that pays for late decisions."""

from collections.abc import Iterable

import numpy as np

from somaforge.flow.papers.markdown import paragraph, share, table
from somaforge.flow.papers.part import Found, Numbers, Part, Setting
from somaforge.flow.papers.sources import kept
from somaforge.flow.papers.works import BINAS

ASKED = 0.20
"""By how much the 99th percentile of the time is to fall at equal accuracy."""
TIMES = ("time_to_output__p50__s", "time_to_output__p99__s", "fixed_time__run__s")
ENDS = ("time_to_output__p99_low__s", "time_to_output__p99_high__s")


def measure(setting: Setting) -> Numbers | None:
    """Runs of one array and law that were timed, the one without costs first; None if there is none to compare with."""
    data = kept(setting.kept, "programmed.json")
    runs = [] if data is None else [r for r in data["runs"] if "evaluate" in r]
    plain = [r for r in runs if not any(r["about"]["costs"].values())]
    if not plain:
        return None
    first = plain[0]
    same = [r for r in runs if all(r["about"][k] == first["about"][k] for k in ("array", "law"))]
    return {
        "law": first["about"]["law"],
        "array": first["about"]["array"],
        "runs": [
            {
                "costs": r["about"]["costs"],
                "accuracy": [e["accuracy"] for e in r["results"]],
                "timed": r["evaluate"]["evaluate__timed_patterns__count"] * len(r["results"]),
                "power_W": r["evaluate"]["power__mean__W"],
            }
            | {name: r["evaluate"][name] for name in (*TIMES, *ENDS)}
            for r in same
        ],
    }


def section(found: Found) -> Iterable[str]:
    """Times with and without the costs, and the verdict on both readings of the question."""
    yield paragraph(
        """Asked: a 99th percentile at least 20 % lower at equal accuracy. `training.close` pays for decisions whose
        lead is small, `training.l1_synapses` for current through synapses (docs/learning.md). Figures: `python
        bench/programmed.py SPEC RUN` of runs of one array (docs/results.md)."""
    )
    base = found["runs"][0]
    rows = []
    for run in found["runs"]:
        low, high = (1e6 * run[end] for end in ENDS)
        changes = [1 - run[name] / base[name] for name in TIMES[1:]]
        rows.append(
            [
                ", ".join(f"{x:g}" for x in run["costs"].values()),
                share(float(np.mean(run["accuracy"]))),
                f"{run['timed']:g}",
                f"{1e6 * run[TIMES[0]]:.1f} us",
                f"{1e6 * run[TIMES[1]]:.1f} us ({low:.1f} to {high:.1f})",
                f"{1e6 * run[TIMES[2]]:.1f} us",
                f"{1e6 * run['power_W']:.0f} uW",
                "" if run is base else " / ".join(verdict(change) for change in changes),
            ]
        )
    head = ["costs: close, synapses", "accuracy", "timed", "median", "p99 of changes", "99 % keep it", "power"]
    yield table([*head, "verdicts"], rows)
    yield paragraph(
        f"""Verdicts: of the 99th percentile of the time to an output's last change, and of the fixed time after which
        99 % of all patterns have their winner and keep it; law `{found["law"]}`. By the letter of the question, the
        percentile, it is not met. The fixed time is what a chip without a comparator has to wait, and what its energy
        is paid for. Weaker than a fair comparison: each training was done once, and the run without costs timed fewer
        patterns."""
    )


def verdict(change: float) -> str:
    """A relative change against what is asked."""
    word = "lower" if change >= 0 else "higher"
    return f"{share(abs(change), 0)} {word}, {'met' if change >= ASKED else '**not met**'}"


DECISION_TIME = Part(
    "binas-decision-time",
    BINAS,
    "Open question: convergence in training",
    measure,
    section,
    cheap=True,
)
