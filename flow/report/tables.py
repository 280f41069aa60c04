"""The report's tables: figures of merit, chips, checks, provenance."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from somaforge.flow import datasets
from somaforge.flow.checks.registry import LAYOUT_CHECKS
from somaforge.flow.engines.named import named
from somaforge.flow.figures.units import engineering
from somaforge.flow.machinery.origin import origin
from somaforge.flow.machinery.records import read_json
from somaforge.flow.measure import chip_energy
from somaforge.flow.measure.intervals import ENDS
from somaforge.flow.report.data import RunData


@dataclass(frozen=True)
class Figure:
    """One number that a reader looks for first."""

    name: str
    value: str
    note: str


def figures(run: RunData) -> list[Figure]:
    """Figures of merit, from metrics."""
    m = run.metrics
    engine = named(run.spec).metric
    chips = m[f"accuracy__{engine}__chips__count"]
    return [
        Figure(
            "accuracy",
            f"{100 * m[f'accuracy__{engine}__ratio']:.2f} %",
            f"{run.engine_words}, post-layout, mean of {chips:g} chips, "
            f"{m[f'accuracy__{engine}__patterns__count']:,.0f} patterns; "
            f"{m[f'accuracy__{engine}_perfect__chips__count']:g} chips without an error",
        ),
        *_folds(m),
        *_energy(m),
        *_chip(run),
        Figure("time to output", *_time_to_output(m)),
        Figure(
            "power",
            engineering(m["power__mean__W"], "W"),
            f"mean while running, input currents and {engineering(m['power__memory_leakage__W'], 'W')} of leakage of "
            "latches and port included",
        ),
        Figure(
            "area",
            f"{m['layout__die__um2']:,.0f} um2",
            f"macro; {m['layout__synapse__um2']:.1f} um2 per synapse with {run.design.weights.latches} latches",
        ),
        Figure(
            "wiring",
            engineering(m["pex__synapse__F"], "F"),
            "extracted capacitance that one synapse adds to its row and column",
        ),
    ]


def _time_to_output(metrics: Mapping[str, float]) -> tuple[str, str]:
    if "time_to_output__p50__s" not in metrics:
        return "not measured", "no timed pattern changes its winner"
    p50, p99 = (engineering(metrics[f"time_to_output__p{q}__s"], "s") for q in (50, 99))
    return p50, f"median; 99th percentile {p99}{interval(metrics, 'time_to_output__p99__s')}"


def _folds(metrics: Mapping[str, float]) -> list[Figure]:
    """Of a small data set; nothing where there are no other splits."""
    if "accuracy__folds__ratio" not in metrics:
        return []
    return [
        Figure(
            "accuracy over five splits",
            f"{100 * metrics['accuracy__folds__ratio']:.2f} %",
            f"{metrics['accuracy__folds__networks__count']:g} networks on the first chips, array engine at rest; the "
            f"worst split {100 * metrics['accuracy__folds_worst__ratio']:.2f} %. The sign-off split and the encoding "
            "of the data were chosen with test figures in view",
        )
    ]


def _chip(run: RunData) -> list[Figure]:
    """Of the whole chip; nothing without drivers."""
    m = run.metrics
    if chip_energy.METRICS[0] not in m:
        return []
    shares = ", ".join(f"{part.name} {engineering(part.joule, 'J')}" for part in chip_energy.parts(m))
    return [
        Figure(
            "efficiency of the chip",
            engineering(m["efficiency__chip__mac__per_J"], "MAC/J"),
            f"a decision in {engineering(chip_energy.period_s(m), 's')}, its pattern through the pins: {shares}. Left "
            f"out: {'; '.join(chip_energy.left_out(m))}",
        )
    ]


def _energy(metrics: Mapping[str, float]) -> list[Figure]:
    """At the fixed time after which 99 % of the timed patterns keep their winner; where no time is long enough, at the
    time that patterns were shown."""
    shown = metrics["energy__mac__J"]
    per_J = f"{engineering(metrics['efficiency__mac__per_J'], 'MAC/J')}{interval(metrics, 'efficiency__mac__per_J')}"
    whole = f"over the whole time that a pattern is shown {engineering(shown, 'J')}, {per_J}"
    if "fixed_time__run__s" not in metrics:
        return [Figure("energy", f"{engineering(shown, 'J')} / MAC", f"{whole}; no time is enough for 99 %")]
    run, fixed = metrics["fixed_time__run__s"], metrics["fixed_time__mac__J"]
    return [
        Figure(
            "energy at 99 %",
            f"{engineering(fixed, 'J')} / MAC",
            f"{engineering(metrics['fixed_time__mac__per_J'], 'MAC/J')}{interval(metrics, 'fixed_time__mac__per_J')} "
            f"at the fixed run time; with 2 operations per MAC {engineering(fixed / 2, 'J')} each; {whole}",
        ),
        Figure(
            "run time for 99 %",
            engineering(run, "s"),
            f"after it 99 % of the timed patterns keep their winner{interval(metrics, 'fixed_time__run__s')}",
        ),
    ]


def interval(metrics: Mapping[str, float], name: str) -> str:
    """The 95 % interval of a metric for a reader, with a leading blank; without an upper end where none was found."""
    low, high = (metrics.get(end) for end in ENDS[name])
    if low is None:
        return ""
    unit = "MAC/J" if name.endswith("per_J") else "s"
    upper = "no upper end" if high is None else f"to {engineering(high, unit)}"
    return f" (95 %: {engineering(low, unit)} {upper})"


def per_chip(run: RunData) -> list[tuple[str, ...]]:
    """One row per chip; the head is the first row."""
    rows: list[tuple[str, ...]] = [
        ("chip", "right", "model", "slope spread", "neg. strength", "time p50 / p99", "energy / MAC", "read margin")
    ]
    macs = run.metrics["design__macs__count"]
    for chip in run.chips:
        e, c = chip.evaluation, chip.calibration
        right = sum(p == label for p, label in zip(e["predictions"], e["labels"], strict=True))
        flat = [s for layer in c.slopes for s in layer]
        mean = sum(flat) / len(flat)
        spread = math.sqrt(sum((s - mean) ** 2 for s in flat) / len(flat)) / mean
        times = sorted(e["time_to_output_s"])
        in_time = ("-", "-")  # no pattern was timed
        if times:
            late = times[min(len(times) - 1, math.ceil(0.99 * len(times)) - 1)]
            in_time = (
                f"{engineering(times[len(times) // 2], 's')} / {engineering(late, 's')}",
                engineering(sum(e["energy_J"]) / len(times) / macs, "J"),
            )
        rows.append(
            (
                str(chip.seed),
                f"{right} of {len(e['labels'])}",
                f"{100 * chip.training['test_accuracy']:.1f} %",
                f"{100 * spread:.1f} %",
                " ".join(f"{s:.3f}" for s in c.negative_strength),
                *in_time,
                engineering(chip.programming["differential_V"], "V"),
            )
        )
    return rows


@dataclass(frozen=True)
class Check:
    """One checker's result."""

    name: str
    count: float
    what: str
    rules: dict[str, int]
    """Violations per rule where the checker has rules."""
    deck: str = ""
    """Its name in the layout viewer, where it has one."""


def checks(run: RunData) -> list[Check]:
    """Every check with its counts."""
    m = run.metrics
    return [
        *(
            Check(f"DRC, {c.title}", m[c.metric], f"{len(run.rules[c.name])} rules", run.rules[c.name], c.name)
            for c in LAYOUT_CHECKS
        ),
        Check(
            "LVS (klayout)",
            m["lvs__mismatches__count"],
            f"{m['lvs__devices__count']:,.0f} devices, {m['lvs__nets__count']:,.0f} nets; W, L and pins compared",
            {},
        ),
        Check("LVS (netgen), cell by cell", m["netgen__mismatches__count"], "second opinion", {}),
        Check(
            "programming, read back",
            m["program__wrong_bits__count"],
            f"{m['program__port_bits__count']:,.0f} latches through the port in Verilog simulation, "
            f"{m['program__bits__count']:,.0f} at transistor level",
            {},
        ),
    ]


def memory(run: RunData) -> list[tuple[str, ...]]:
    """Margins of the latch, heading first: over corners and temperatures, and over mismatch."""
    rows: list[tuple[str, ...]] = [
        ("latch", "worst of corners, -40 to 85 C", "mean of 200, tt", "sigma", "worst of 200, worst corner")
    ]
    for name, what, unit in (
        ("hold_snm", "static noise margin, hold", "V"),
        ("read_snm", "static noise margin, read", "V"),
        ("write_margin", "write margin (bit line above ground)", "V"),
        ("read_current", "read current", "A"),
    ):
        parts = ("min", "mismatch_mean", "mismatch_sigma", "mismatch_min")
        rows.append((what, *(engineering(run.metrics[f"memory__{name}_{part}__{unit}"], unit) for part in parts)))
    return rows


def layout_effect(run: RunData) -> list[tuple[str, ...]]:
    """Schematic against post-layout, heading first: the same chip, weights and patterns."""
    found = read_json(run.folders["evaluate"] / "layout.json")
    rows: list[tuple[str, ...]] = [
        (f"first chip, mean of {found['patterns']} patterns", "schematic", "post-layout", "change")
    ]
    for what, name, unit, metric in (
        ("output current per input current", "slope", "", "slope"),
        ("energy of a pattern", "energy_J", "J", "energy"),
        ("time to output", "time_to_output_s", "s", "time_to_output"),
    ):
        sides = (found[side][name] for side in ("schematic", "layout"))
        values = (engineering(value, unit) if unit else f"{value:.3g}" for value in sides)
        change = run.metrics.get(f"pex__{metric}_change__ratio")
        rows.append((what, *values, "not measured" if change is None else f"{100 * change:+.2f} %"))
    return rows


def solutions(run: RunData) -> list[tuple[str, str]]:
    """Which solver options (or method) the simulations behind each result stand on, heading first."""
    folder = run.folders["evaluate"]
    alone = (("array engine compared", "engines.json"), ("layout effect", "layout.json"), ("latches", "latches.json"))
    told = [
        *((f"characterization, chip {chip.seed}", chip.measured) for chip in run.chips),
        *((f"test patterns, chip {chip.seed}", chip.evaluation) for chip in run.chips),
        *((what, read_json(folder / name)) for what, name in alone if (folder / name).is_file()),
    ]
    return [
        ("result", "solver options: simulations"),
        *((what, _counted(found.get("rungs", ()))) for what, found in told),
    ]


def _counted(rungs: Sequence[str]) -> str:
    """How often each name occurs."""
    return ", ".join(f"{name}: {count}" for name, count in Counter(rungs).items()) or "not recorded"


def provenance(run: RunData) -> list[tuple[str, str]]:
    """What made the result."""
    versions: dict[str, str] = {}
    for name, config in run.configs.items():
        versions |= {} if name in run.idle else config["tools"]
    made = origin()
    rows = [
        ("somaforge", made["version"]),
        ("commit", made["commit"] + (" with changes" if made["changes"] == "yes" else "")),
        ("design", run.design.hash),
        ("seeds", f"chips {', '.join(map(str, run.spec.chips.seeds))}; training {run.spec.training.seed}"),
        ("test patterns", datasets.load(run.spec.network.dataset).provenance),
    ]
    rows += [(f"PDK data {wheel.folder}", wheel.sha256) for wheel in run.design.pdk.data.wheels]
    rows += sorted(versions.items())
    rows += [(f"step {name}", config["key"]) for name, config in run.configs.items() if name not in run.idle]
    return rows
