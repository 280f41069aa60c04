"""Small designs and chips for the tests of engines."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np

from somaforge.flow.engines import vacask
from somaforge.flow.engines.base import Program, ProgrammedChip
from somaforge.generator.circuit import Capacitor, FlatNetlist
from somaforge.generator.design import Design, build
from somaforge.generator.spec import parse_spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import ToolError


def small_design(layers: tuple[int, ...] = (2, 2, 2), bits: int = 3) -> Design:
    """An array of that size; the network that runs on it is not used (Iris needs 4 inputs and 3 outputs)."""
    spec = parse_spec(
        {
            "name": "small",
            "array": {"layers": [max(n, 4) for n in layers], "bits": bits},
            "network": {"layers": [4, *([4] * (len(layers) - 2)), 3]},
            "input": {"full_scale_A": 325e-9},
            "chips": {"seeds": [1]},
        },
        "test",
    )
    return build(spec.model_copy(update={"array": spec.array.model_copy(update={"layers": layers})}))


def with_mirrors(design: Design, **mirror: object) -> Design:
    """The same array with other mirrors."""
    array = design.spec.array
    changed = array.model_copy(update={"mirror": array.mirror.model_copy(update=mirror)})
    return build(design.spec.model_copy(update={"array": changed}))


def zeros(design: Design) -> Program:
    return tuple(np.zeros(shape, dtype=np.int64) for shape in pairwise(design.layers))


def nominal(design: Design, codes: Program | None = None, flat: FlatNetlist | None = None) -> ProgrammedChip:
    """A chip without mismatch."""
    flat = flat or design.flat
    shifts: Floats = np.zeros(len(flat.mos))
    return ProgrammedChip(design, flat, codes or zeros(design), shifts, design.spec.at)


def wired(chip: ProgrammedChip, farad: float = 30e-15) -> ProgrammedChip:
    """With the wires of a small array on every net between cells."""
    nets = [n for n in chip.design.flat.nets if re.fullmatch(r"(in|sum|vp|vn)_\w+", n)]
    wires = tuple(Capacitor(f"c_{n}", n, "gnd", farad) for n in nets)
    return replace(chip, flat=replace(chip.flat, capacitors=wires))


def vacask_installed() -> bool:
    """It is optional: no failure where it is missing."""
    try:
        vacask.program()
    except ToolError:
        return False
    return True
