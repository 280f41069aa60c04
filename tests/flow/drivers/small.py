"""A small array with drivers, and the same as one array whose first layer is the reference somas."""

from dataclasses import replace

import numpy as np

from somaforge.flow.chips import VirtualChip
from somaforge.flow.drivers.bank import renamed
from somaforge.flow.engines.base import Program, ProgrammedChip
from somaforge.generator.address import Codes
from somaforge.generator.design import build
from somaforge.generator.spec import Spec, parse_spec

PROGRAM = (np.array([[7, -3, 1], [-2, 6, 0], [5, 4, -1], [3, -7, 2]]), np.array([[4, -2, 7], [1, 5, -3], [-6, 3, 2]]))
FULL_A = 300e-9


def spec_with(bits: int) -> Spec:
    """4-3-3 behind drivers."""
    return parse_spec(
        {
            "name": "small",
            "array": {"layers": [4, 3, 3]},
            "chip": {"drivers": {"bits": bits}},
            "network": {"layers": [4, 3, 3]},
            "input": {"full_scale_A": FULL_A},
            "chips": {"seeds": [1]},
        },
        "test",
    )


def array_of(spec: Spec, made: VirtualChip) -> ProgrammedChip:
    """The array alone."""
    design = build(spec)
    return made.programmed(design, design.flat_without_memory, PROGRAM)


def whole_of(spec: Spec, made: VirtualChip, rows: int) -> ProgrammedChip:
    """Drivers and array as one array."""
    layers = (rows, *spec.array.layers)
    design = build(spec.model_copy(update={"array": spec.array.model_copy(update={"layers": layers})}))
    chip = made.programmed(design, design.flat_without_memory)
    own = made.programmed(design, renamed(design.flat_without_memory))
    return replace(chip, shifts=own.shifts, weak=own.weak)


def program_of(latches: Codes) -> Program:
    """Of the whole, for one pattern's latches [rows, inputs]."""
    return (latches, *PROGRAM)
