"""What the layout did to a chip: the same patterns on the schematic and on the extracted netlist, side by side."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from somaforge.flow.engines.base import Engine, ProgrammedChip
from somaforge.flow.measure.evaluate import Ints, evaluate, in_turn, pad_inputs
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

PATTERNS = 12
"""Enough for a mean; both netlists together cost as much as two dozen patterns of the evaluation."""
_SMALLEST_SHARE = 0.01
"""Outputs below this part of the largest one say nothing about a slope."""


@dataclass(frozen=True)
class Behaviour:
    """One netlist under the patterns."""

    slope: float
    """Output current per input current: the sum over all patterns of the outputs at rest over that of the inputs."""
    energy_J: float
    """Mean of a pattern, from the supply."""
    time_to_output_s: float
    """Mean of a pattern."""


@dataclass(frozen=True)
class LayoutEffect:
    """Schematic against layout: one chip, its transistors' thresholds, its weights, the same patterns."""

    schematic: Behaviour
    layout: Behaviour
    current_change_max: float
    """Largest relative change of an output current above 1 % of the largest one."""
    patterns: int
    rungs: tuple[str, ...]
    """Of each simulation, the option set that its result stands on."""

    def metrics(self) -> Mapping[str, float]:
        """The changes as ratios; 0 is no change. Only of what the schematic has: where no winner changes there is no
        time to output, and a limit on its change fails because it was not measured."""
        pairs = {
            "pex__slope_change__ratio": (self.schematic.slope, self.layout.slope),
            "pex__energy_change__ratio": (self.schematic.energy_J, self.layout.energy_J),
            "pex__time_to_output_change__ratio": (self.schematic.time_to_output_s, self.layout.time_to_output_s),
        }
        return {name: after / before - 1 for name, (before, after) in pairs.items() if before > 0}


def schematic_of(chip: ProgrammedChip) -> ProgrammedChip:
    """The same chip before layout: no wiring, default junctions. InputError if the transistors are not the same."""
    known = (chip.design.flat, chip.design.flat_without_memory)
    names = tuple(m.name for m in chip.flat.mos)
    for flat in known:
        if len(flat.mos) == len(names) and tuple(m.name for m in flat.mos) == names:
            return replace(chip, flat=flat)
    raise InputError(f"netlist {chip.flat.name}: its transistors are not those of the schematic")


def first_of_each_class(labels: Ints, patterns: int = PATTERNS) -> Ints:
    """The first patterns of every class in turn."""
    return in_turn(labels)[:patterns]


def layout_effect(
    engine: Engine, chip: ProgrammedChip, inputs: Floats, labels: Ints, pattern_time_s: float, classes: int
) -> LayoutEffect:
    """Run `inputs` [patterns, inputs of the data set] in A through the extracted `chip` and through its schematic."""
    chips = (schematic_of(chip), chip)
    runs = [evaluate(engine, c, inputs, labels, pattern_time_s, classes) for c in chips]
    rests = [engine.dc(c, pad_inputs(c, inputs)) for c in chips]
    before, after = (rest.outputs[:, :classes] for rest in rests)
    large = before > _SMALLEST_SHARE * before.max()
    change = np.abs(after[large] / before[large] - 1)
    schematic, layout = (
        Behaviour(float(rest.sum() / inputs.sum()), float(run.energy.mean()), float(run.time_to_output.mean()))
        for run, rest in zip(runs, (before, after), strict=True)
    )
    rungs = tuple(name for run, rest in zip(runs, rests, strict=True) for name in (*run.rungs, *rest.effort.rungs))
    return LayoutEffect(schematic, layout, float(change.max()), len(labels), rungs)
