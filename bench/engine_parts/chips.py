"""Chips, patterns and wires for the benchmarks of the engines."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.base import ProgrammedChip
from somaforge.generator.circuit import Capacitor, FlatNetlist
from somaforge.generator.design import Design, build
from somaforge.generator.spec import parse_spec
from somaforge.pdk.arrays import Floats

INPUT_A = 45e-9
"""Mean input current of the paper's faster operating point."""
MEAN_GAIN, UNIT_GAIN, SPREAD = 1.0, 0.3, 1.5
"""Mean current into a soma over the mean one of the layer before; of one unit; standard deviation of the codes."""

# What the wires of examples/iris.yaml add per synapse, in fF: the extracted couplings of its 7-7-7 array (flat.json of
# the step pex), summed by kind of net and divided by the 98 synapses; below 0.08 fF left out.
PER_SYNAPSE = (
    ("vp", "gnd", 4.19),
    ("vn", "gnd", 3.25),
    ("out", "gnd", 3.75),
    ("node_0", "gnd", 1.25),
    ("node_1", "gnd", 0.84),
    ("node_2", "gnd", 1.20),
    ("p_source", "gnd", 0.63),
    ("n_source", "gnd", 0.62),
    ("node_2", "vn", 0.56),
    ("node_2", "vp", 0.53),
    ("out", "vn", 0.52),
    ("n_source", "vn", 0.45),
    ("p_source", "vp", 0.45),
    ("out", "node_2", 0.21),
    ("node_0", "vn", 0.20),
    ("node_0", "vp", 0.19),
    ("node_1", "vn", 0.17),
    ("node_1", "vp", 0.16),
    ("vn", "vp", 0.12),
    ("out", "node_1", 0.09),
    ("n_source", "node_2", 0.09),
    ("node_0", "node_1", 0.09),
    ("p_source", "node_2", 0.08),
    ("node_1", "node_2", 0.08),
    ("out", "vp", 0.08),
)
PER_INPUT_FF = 3.7
"""Wire from a pin to its input soma, from the same netlist."""


def chip_of(layers: tuple[int, ...], seed: int = 1, bits: int = 3) -> ProgrammedChip:
    """A chip with mismatch and weights like trained ones: small codes, currents of one order in all layers."""
    spec = parse_spec(
        {
            "name": "bench",
            "array": {"layers": [max(n, 4) for n in layers], "bits": bits},
            "network": {"layers": [4, *([4] * (len(layers) - 2)), 3]},
            "input": {"mean_A": INPUT_A},
            "chips": {"seeds": [seed]},
        },
        "bench",
    )
    design = build(spec.model_copy(update={"array": spec.array.model_copy(update={"layers": layers})}))
    flat, draw = design.flat, np.random.default_rng(seed)
    codes = tuple(
        np.clip(np.rint(draw.normal(MEAN_GAIN / UNIT_GAIN / shape[0], SPREAD, shape)), -7, 7).astype(np.int64)
        for shape in pairwise(layers)
    )
    return VirtualChip(seed).programmed(design, flat, codes)


def patterns(count: int, inputs: int) -> Floats:
    """[count, inputs] in A, sparse like images: half of the inputs are dark."""
    draw = np.random.default_rng(7)
    return 2 * INPUT_A * draw.random((count, inputs)) * (draw.random((count, inputs)) < 0.5) * 2


def wired(chip: ProgrammedChip) -> ProgrammedChip:
    """The chip with the wires of PER_SYNAPSE on every synapse: capacitors as extraction would find them."""
    return replace(chip, flat=_with_wires(chip.design, chip.flat))


def _with_wires(design: Design, flat: FlatNetlist) -> FlatNetlist:
    found: dict[tuple[str, str], float] = {}

    def add(a: str, b: str, femto: float) -> None:
        found[a, b] = found.get((a, b), 0.0) + femto * 1e-15

    for i in range(design.layers[0]):
        add(f"in_{i}", "gnd", PER_INPUT_FF)
    for m, (rows, columns) in enumerate(pairwise(design.layers)):
        for r in range(rows):
            for c in range(columns):
                nets = {"vp": f"vp_{m}_{r}", "vn": f"vn_{m}_{r}", "out": f"sum_{m + 1}_{c}", "gnd": "gnd"}
                inside = f"x_matrix_{m}.x_row_{r}.x_synapse_{c}."
                for a, b, femto in PER_SYNAPSE:
                    add(nets.get(a) or inside + a, nets.get(b) or inside + b, femto)
    capacitors = tuple(Capacitor(f"c{i}", a, b, farad) for i, ((a, b), farad) in enumerate(found.items()))
    return replace(flat, capacitors=capacitors)
