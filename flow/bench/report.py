"""Report of a fabricated chip: every figure says whether it was measured or simulated."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy.stats import f as fisher

from somaforge.flow.bench.chip import Known, simulated
from somaforge.flow.bench.expected import Doubt
from somaforge.flow.bench.history import Conditions
from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.base import Engine
from somaforge.flow.figures.page import page
from somaforge.flow.figures.svg import BLUE, GREY, style, to_svg
from somaforge.flow.figures.transfer import FINE, transfer_figure
from somaforge.flow.figures.units import engineering
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.curves import fitted, soma_curves
from somaforge.generator.design import build
from somaforge.generator.spec import Spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

FAR = 5.0
"""Standard deviations of virtual chips beyond which a soma is named."""
SHOWN = 20
"""Doubtful readings that are listed."""


@dataclass(frozen=True)
class Row:
    """One line of the report's table."""

    name: str
    value: str
    origin: str
    """measured or simulated."""


def logs(calibration: Calibration) -> Floats:
    """ln of the slopes of all somas; their common scale is left out: it is that of the reference currents."""
    found: Floats = np.log(np.concatenate([np.asarray(s) for s in calibration.slopes]))
    found -= found.mean()
    return found


@dataclass(frozen=True, eq=False)
class Population:
    """Virtual chips of the same spec, measured and trained for like the chip."""

    chips: tuple[Known, ...]

    @classmethod
    def of(cls, spec: Spec, count: int, engine: Engine | None = None) -> "Population":
        """Of the seeds from 1 on. ToolError from the engine."""
        design, use, found = build(spec), engine or ArrayEngine(), []
        for seed in range(1, count + 1):
            chip = VirtualChip.of(spec.chips, seed).programmed(design, design.flat_without_memory)
            found.append(simulated(spec, use, chip, seed))
        return cls(tuple(found))

    @property
    def calibrations(self) -> tuple[Calibration, ...]:
        """Of all of them."""
        return tuple(k.calibration for k in self.chips if k.calibration is not None)

    @property
    def accuracy(self) -> tuple[float, ...]:
        """Of each."""
        return tuple(k.accuracy for k in self.chips if k.accuracy is not None)


def far_somas(chip: Calibration, population: Population) -> list[tuple[int, int, float]]:
    """(layer, soma, deviations) of somas outside of the foundry's spread: pooled over all somas, chips without bias."""
    spread = float(np.std([logs(c) for c in population.calibrations], ddof=1))
    away = logs(chip) / spread
    places = [(layer, soma) for layer, slopes in enumerate(chip.slopes) for soma in range(len(slopes))]
    return [(layer, soma, float(z)) for (layer, soma), z in zip(places, away, strict=True) if abs(z) > FAR]


def spread_of(chip: Calibration, population: Population) -> tuple[float, float, float]:
    """How far the chip's slopes spread over how far those of virtual chips do, and between what 99.9 % of chips of the
    same spread lie: by the F distribution, as ln slopes are normal and the virtual chips are few."""
    theirs = np.array([logs(c) for c in population.calibrations])
    count, all_ = len(theirs[0]) - 1, len(theirs) * (len(theirs[0]) - 1)
    low, high = fisher.ppf([0.0005, 0.9995], count, all_) ** 0.5
    return float(np.std(logs(chip)) / np.sqrt((theirs**2).mean())), float(low), float(high)


def rows(spec: Spec, found: Known, population: Population) -> list[Row]:
    """Figures of the chip beside those of virtual chips."""
    chip = found.calibration
    if chip is None:
        raise InputError("report: nothing is calibrated yet")
    spread, theirs = float(np.std(logs(chip))), [float(np.std(logs(c))) for c in population.calibrations]
    ratio, low, high = spread_of(chip, population)
    inside = "inside" if ratio <= high else "outside"
    rms = float(np.sqrt(np.mean(np.concatenate([np.asarray(r) for r in chip.residuals]) ** 2)))
    listed = [
        Row("spread of the somas' slopes", f"{spread:.1%}", "measured"),
        Row(f"the same of {len(theirs)} virtual chips", f"{min(theirs):.1%} to {max(theirs):.1%}", "simulated"),
        Row(
            "the chip's over theirs; 99.9 % of such chips lie within",
            f"{ratio:.2f}; {low:.2f} to {high:.2f}: {inside}",
            "measured",
        ),
        Row("what the model leaves of a path's current, rms", f"{rms:.1%}", "measured"),
        Row("exponent of a soma", f"{chip.exponent:.4f}", "measured"),
        Row("weak bits", str(len(found.weak)), "measured"),
        Row("latches that hold one value, trained around", str(len(chip.stuck)), "measured"),
        Row("dead somas, trained around", str(len(chip.dead)), "measured"),
    ]
    if found.model_accuracy is not None:
        listed.append(
            Row("accuracy of the trained network on the chip's model", f"{found.model_accuracy:.2%}", "simulated")
        )
    if found.accuracy is not None:
        listed.append(
            Row(f"accuracy of the chip on {found.patterns} test patterns", f"{found.accuracy:.2%}", "measured")
        )
    if found.patterns and found.undecided:
        listed.append(Row("of these, not decided", str(found.undecided), "measured"))
    if found.alone is not None:
        listed.append(Row("accuracy of the chip before training in the loop", f"{found.alone:.2%}", "measured"))
    if found.races_s:
        after = f"{engineering(spec.evaluation.pattern_time_s, 's')} of settling, then "
        times = f"{engineering(float(np.median(found.races_s)), 's')}, at most {engineering(max(found.races_s), 's')}"
        listed.append(Row("a decision (median, at most)", after + times, "measured"))
    if found.loop_gain is not None:
        gain = f"{100 * found.loop_gain:+.1f} points"
        listed.append(Row("what training in the loop changed on the training patterns", gain, "measured"))
    ours = population.accuracy
    if ours:
        listed.append(
            Row(
                "accuracy of the virtual chips",
                f"{min(ours):.2%} to {max(ours):.2%}, mean {np.mean(ours):.2%}",
                "simulated",
            )
        )
    return listed


def slopes_figure(chip: Calibration, population: Population) -> str:
    """Slopes of all somas, measured, on the band of virtual chips: the paper's Fig. 5c for this chip."""
    mine = np.exp(logs(chip))
    mine[[sum(len(s) for s in chip.slopes[:layer]) + soma for layer, soma in chip.dead]] = np.nan
    others = np.exp(np.array([logs(c) for c in population.calibrations]))
    with style():
        figure = Figure(figsize=(9.2, 2.6))
        axes = figure.subplots()
        x = np.arange(len(mine))
        axes.plot(x, others.T, ".", color=GREY, markersize=3, alpha=0.6)
        axes.plot([], [], ".", color=GREY, label=f"{len(others)} virtual chips (simulated)")
        axes.plot(x, mine, "o", color=BLUE, markersize=5, label="this chip (measured)")
        for edge in np.cumsum([len(s) for s in chip.slopes])[:-1]:
            axes.axvline(edge - 0.5, color=GREY, linewidth=0.6)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("soma, layer after layer")
        axes.set_ylabel("slope over the chip's mean")
        axes.legend()
        return to_svg(figure)


def curves_figure(found: Known) -> str:
    """Transfer curves of all somas, the paper's Fig. 5b for this chip; nothing without its sweeps."""
    if found.calibration is None or found.paths is None:
        return ""
    sweep = found.paths.transfer
    curves = soma_curves(found.calibration, sweep.nodes, sweep.inputs, sweep.outputs)
    fine = np.linspace(0, sweep.inputs[-1], FINE)
    return transfer_figure(sweep.inputs, curves, fine, fitted(found.calibration, fine))


def html(
    spec: Spec,
    conditions: Conditions,
    found: Known,
    population: Population,
    doubts: Sequence[Doubt],
    drifts: Sequence[tuple[Conditions, float]],
    compared: Sequence[Row] = (),
) -> str:
    """The report as one page; `compared` are figures beside those of a run."""
    chip = found.calibration
    if chip is None:
        raise InputError("report: nothing is calibrated yet")
    return page(
        "chip.html.j2",
        spec=spec,
        conditions=conditions,
        rows=[*rows(spec, found, population), *compared],
        chip=chip,
        far=far_somas(chip, population),
        # our own SVG text, made from numbers: the only markup that is not escaped
        slopes=Markup(slopes_figure(chip, population)),
        curves=Markup(curves_figure(found)),
        doubts=list(doubts)[:SHOWN],
        doubtful=len(doubts),
        drifts=drifts,
    )
