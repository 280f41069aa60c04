"""All that a spec wants measured on a chip, in the order in which one thing needs the other."""

from dataclasses import dataclass

from somaforge.flow.datasets import Dataset
from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.learning import driver_codes, strengths
from somaforge.flow.learning.calibration import Calibration, Dead
from somaforge.flow.learning.characterize import LEVELS, Characterization, characterize
from somaforge.flow.learning.tester import Bench
from somaforge.generator.spec import Spec
from somaforge.pdk.errors import CheckError


@dataclass(frozen=True)
class Learned:
    """What a tester learned about one chip."""

    calibration: Calibration
    paths: Characterization
    """The sweeps behind it."""
    weak: tuple[strengths.Weak, ...]
    """Bits that were not told from noise."""
    seconds: float
    """Time that the engine took."""


def highest_A(spec: Spec, dataset: Dataset) -> float:  # noqa: N802 (a unit)
    """Largest input current of the measurement: the spec's, else that of the data."""
    return spec.characterization.current_A or dataset.full_scale(spec.input)


def measure(
    spec: Spec,
    bench: Bench,
    chip: ProgrammedChip,
    full_scale_A: float,
    levels: tuple[float, ...] = LEVELS,
    dead: Dead = (),
) -> Learned:
    """Paths around `dead` somas, then the drivers' codes and, if the spec says so, synapses; `chip`'s own weights do
    not matter.

    CheckError that names a path or a synapse through which nothing comes, and for dead somas where synapses are asked
    for: their rows and columns lead nowhere. ToolError from the engine.
    """
    if dead and spec.characterization.synapses:
        layer, soma = dead[0]
        raise CheckError(
            f"characterization: soma {soma} of layer {layer} is dead ({len(dead)} in all); its synapses cannot be "
            "measured: take characterization.synapses out"
        )
    paths = characterize(bench, chip, full_scale_A, levels=levels, dead=dead)
    if not spec.characterization.synapses:
        calibration = driver_codes.measure(bench, chip, paths.calibration, full_scale_A)
        return Learned(calibration, paths, (), paths.seconds)
    found = strengths.measure(bench, chip, paths.calibration, full_scale_A)
    return Learned(found.calibration, paths, found.weak, paths.seconds + found.seconds)
