"""Binas et al., open question: a pattern is shown until its decision is safe."""

from collections.abc import Iterable

from somaforge.flow.papers.markdown import missing, paragraph, share, table
from somaforge.flow.papers.part import Found, Numbers, Part, Setting
from somaforge.flow.papers.sources import kept
from somaforge.flow.papers.works import BINAS

ASKED = 0.30
"""Energy to be saved at equal accuracy."""
EQUAL = 0.001
"""Accuracies that differ by less are called equal: one image of a thousand."""


def measure(setting: Setting) -> Numbers | None:
    """What bench/adaptive.py found."""
    found = kept(setting.kept, "adaptive.json")
    if found is None:
        return None
    left = missing(
        "adaptive presentation predicted from the input, or with a current that its difficulty asks for", "no code yet"
    )
    return found | {"asked": ASKED, "missing": [left]}


def verdict(way: Found) -> str:
    """Whether what was asked is met, and if not, by which of its two sides."""
    lost = way["fixed"]["accuracy"] - way["adaptive"]["accuracy"]
    enough, equal = way["saved"] >= ASKED, lost < EQUAL
    if enough and equal:
        return "met"
    problems = [] if enough else [f"saves {share(way['saved'], 0)} of the {share(ASKED, 0)} asked"]
    return "**not met**: " + " and ".join(problems + ([] if equal else [f"loses {100 * lost:.1f} points"]))


def section(found: Found) -> Iterable[str]:
    """Fixed time against adaptive presentation."""
    yield paragraph(
        f"""Asked: at least 30 % less energy per decision at equal accuracy. Figures: `python bench/adaptive.py
        examples/mnist.yaml runs/mnist --chips {found["chips"]}` (docs/results.md)."""
    )
    rows = []
    for way in found["ways"]:
        for name in ("fixed", "adaptive"):
            w = way[name]
            rows.append(
                [
                    share(way["share"], 0),
                    name,
                    share(w["agreement"], 1),
                    share(w["accuracy"], 1),
                    f"{1e6 * w['time_s']:.1f} us",
                    f"{1e9 * w['energy_J']:.2f} nJ",
                    "" if name == "fixed" else f"{share(way['saved'], 0)} less; {verdict(way)}",
                ]
            )
    head = ["chosen for the winner at rest in", "way", "winner at rest", "accuracy", "mean time", "energy", "verdict"]
    yield table(head, rows)
    yield paragraph(
        f"""{found["patterns"]} images of {found["chips"]} programmed chips in time, law `{found["law"]}`; rule and
        fixed time are chosen on half of the images and judged on the other half. A rule that keeps the winner at rest
        on the half that it is chosen on does so less often on the other one (column winner at rest); the fixed time
        carries over. Energy of a comparator that looks all the time is not in it."""
    )


PRESENTATION = Part(
    "binas-adaptive",
    BINAS,
    "Open question: until the decision is safe",
    measure,
    section,
    cheap=True,
)
