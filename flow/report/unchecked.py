"""What a run did not check: a verdict speaks for nothing else. From the spec and the measurements; some of it fixed."""

from collections.abc import Iterator

from somaforge.flow import datasets
from somaforge.flow.report.data import RunData
from somaforge.pdk import load

NEVER = (
    ("mismatch of wires, contacts and capacitances; gradients over the die", "each transistor differs on its own"),
    ("wires at other than their typical resistance and capacitance", "extraction has one corner here"),
    ("input current sources and readout, pads, package", "not generated; input currents are exact in use"),
    ("supply drop in time, and while weights are written", "only the drop of steady currents is solved"),
    ("ageing, soft errors, latch-up, electrostatic discharge", "beyond the foundry's layout rules"),
    ("the foundry's and the shuttle's own checks at submission", "their tools decide, not these"),
)
"""(what, why) for every run."""


def rows(run: RunData) -> list[tuple[str, str]]:
    """(what, why or what would check it), without a heading."""
    return [*_places(run), *_chips(run), *_patterns(run), *_silicon(run), *NEVER]


def _places(run: RunData) -> Iterator[tuple[str, str]]:
    """Corners, temperatures and supplies."""
    spec, points = run.spec, run.corners["points"]
    own = {"corner": spec.corners[0], "temperature_C": spec.temperature_C, "supply_V": spec.supply_V}
    seen = {key: sorted({value, *(p[key] for p in points)}) for key, value in own.items()}
    if spec.operating is not None:
        seen["supply_V"] = sorted({*seen["supply_V"], *spec.operating.supplies_V})
    missing = [corner for corner in load(spec.pdk).models.corners if corner not in seen["corner"]]
    if missing:
        yield (
            f"process corners {', '.join(missing)}",
            "the run's own is the first of `corners`; `study` goes through all of them",
        )
    for key, what, unit in (("temperature_C", "temperatures", "C"), ("supply_V", "supplies", "V")):
        at = ", ".join(f"{value:g}" for value in seen[key])
        yield f"{what} other than {at} {unit}", "`study` adds points; between points nothing is known"
    if points and spec.study is not None and spec.study.grid == "cross":
        yield "other corners at other temperatures", "`study.grid: full`"
    if points and len(points[0]["chips"]) < len(run.chips):
        yield f"chips beyond the first {len(points[0]['chips'])} at other points than the run's own", "`study.chips`"


def _chips(run: RunData) -> Iterator[tuple[str, str]]:
    spec, count = run.spec, len(run.chips)
    yield f"other chips than {count} of one corner", "process spread and the yield of many: somaforge montecarlo"
    if spec.chips.mismatch == 0:
        yield "mismatch of transistors", "`chips.mismatch` is 0"
    if spec.characterization.tester.perfect:
        yield "what a tester's noise costs", "`characterization.tester.perfect` is true"


def _patterns(run: RunData) -> Iterator[tuple[str, str]]:
    evaluation = run.chips[0].evaluation
    tested, timed = len(evaluation["labels"]), len(evaluation["timed"])
    there = len(datasets.load(run.spec.network.dataset).test_y)
    if tested < there:
        yield f"{there - tested} of {there} test patterns", "`evaluation.patterns`"
    if timed < tested:
        yield f"speed and energy of {tested - timed} of {tested} patterns of each chip", "`evaluation.timed_patterns`"
    compared = run.metrics["engine__compared_columns__ratio"]
    if run.spec.engine == "array" and compared < 1:
        yield f"{100 * (1 - compared):.0f} % of the hidden columns on ngspice", "`evaluation.reference_columns: all`"


def _silicon(run: RunData) -> Iterator[tuple[str, str]]:
    m = run.metrics
    latches = m["design__synapses__count"] * run.design.weights.latches * len(run.chips)
    if m["program__bits__count"] < latches:
        yield (
            f"{latches - m['program__bits__count']:,.0f} of {latches:,.0f} latches of all chips at transistor level",
            "a few are; through the port all of them are written in Verilog simulation",
        )
    if not run.spec.array.has_port:
        yield "how weights get to the word and bit lines", "`array.port: none`: they are pins"
    if m["drc__unchecked_layers__count"] != 0:
        yield (
            f"{m['drc__unchecked_layers__count']:g} layers with shapes",
            "no native rule looks at them; step drc names them",
        )
    for name, why in run.idle.items():
        yield f"step {name}", why
