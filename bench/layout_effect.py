"""What wiring, drawn junctions and contacts change on the 7-7-7 array of examples/iris.yaml, and what they cost.

    python bench/layout_effect.py --weights runs/iris/final/chips/1/weights.npz [--patterns 12]

The first chip of the example, its weights, test patterns of all classes in turn. One line per netlist: change of the
output currents at rest (sum, largest single one above 1 % of the largest), of the energy of a pattern and of the time
to output, all against the schematic, and the processor seconds of ngspice.
"""

import argparse
import json
import resource
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from somaforge.flow import datasets, pex
from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.ngspice import NgspiceEngine
from somaforge.flow.learning.training import load_codes
from somaforge.flow.measure.evaluate import evaluate, pad_inputs
from somaforge.flow.measure.layout_effect import first_of_each_class
from somaforge.generator import layout, netlist
from somaforge.generator.circuit import FlatNetlist
from somaforge.generator.design import Design, build
from somaforge.generator.spec import load_spec
from somaforge.pdk.files import atomic_write

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results" / "layout_effect.json"
SMALLEST_F = 2e-17
"""As step pex."""


def netlists(design: Design) -> dict[str, FlatNetlist]:
    """The schematic first."""
    with tempfile.TemporaryDirectory() as scratch:
        gds, spice = Path(scratch) / "a.gds", Path(scratch) / "a.spice"
        layout.draw(design).write(gds)
        netlist.write_spice(design.library, spice)
        found = pex.extract(gds, design.library.top, spice)
        wired = pex.annotate(design.flat, found, smallest_F=SMALLEST_F)
        contacts = pex.annotate(design.flat, found, smallest_F=SMALLEST_F, contacts=True)
    default = replace(wired, mos=tuple(replace(m, junctions=None) for m in wired.mos))
    return {"schematic": design.flat, "layout": wired, "default junctions": default, "with contacts": contacts}


def main() -> None:
    """One line per netlist."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--patterns", type=int, default=12)
    options = parser.parse_args()
    spec = load_spec(ROOT / "examples" / "iris.yaml")
    design, data = build(spec), datasets.load("iris")
    chosen = first_of_each_class(data.test_y, options.patterns)
    inputs, labels = data.to_currents(data.test_x[chosen], spec.input), data.test_y[chosen]
    codes = tuple(load_codes(options.weights))
    engine, table, first = NgspiceEngine(), {}, None
    for name, flat in netlists(design).items():
        chip = VirtualChip.of(spec.chips, spec.chips.seeds[0]).programmed(design, flat, codes)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        run = evaluate(engine, chip, inputs, labels, spec.evaluation.pattern_time_s, 3)
        seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        rest = engine.dc(chip, pad_inputs(chip, inputs)).outputs[:, :3]
        values = (rest, float(run.energy.mean()), float(run.time_to_output.mean()))
        first = first or values
        large = first[0] > 0.01 * first[0].max()
        row = {
            "current_sum_change": float(rest.sum() / first[0].sum() - 1),
            "current_change_max": float(np.abs(rest / first[0] - 1)[large].max()),
            "energy_J": values[1],
            "energy_change": values[1] / first[1] - 1,
            "time_to_output_s": values[2],
            "time_change": values[2] / first[2] - 1,
            "ngspice_s": seconds,
        }
        table[name] = {k: float(f"{v:.5g}") for k, v in row.items()}
        print(f"{name:18}", " ".join(f"{k}={v:.4g}" for k, v in row.items()), flush=True)
    atomic_write(RESULTS, json.dumps({"patterns": len(labels), "netlists": table}, indent=1) + "\n")


if __name__ == "__main__":
    main()
