"""The programming port: seconds to simulate a whole memory in Verilog, clocks, and how fast the clock may be.

    python bench/port.py                  7-7-7 and 196-100-50-10, behaviour; gates of the small one
    python bench/port.py --gates          gates of 196-100-50-10 too (some minutes)

Random weights are written and read back. Results go to bench/results/port.json; simulation seconds are processor time.
"""

import argparse
import json
import os
import resource
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np

from somaforge.flow.machinery import tools
from somaforge.flow.memory import port, port_simulation, port_timing
from somaforge.generator import verilog
from somaforge.generator.design import Design, build
from somaforge.generator.periphery import netlist
from somaforge.generator.periphery.measures import library
from somaforge.generator.spec import load_spec
from somaforge.pdk.files import atomic_write

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results" / "port.json"
LAYERS = ((7, 7, 7), (196, 100, 50, 10))


def design_of(layers: tuple[int, ...]) -> Design:
    """The prototype's cells in an array of that shape."""
    spec = load_spec(ROOT / "examples" / "iris.yaml")
    return build(spec.model_copy(update={"array": spec.array.model_copy(update={"layers": layers})}))


def simulated(view: port_simulation.View, design: Design) -> dict[str, float]:
    """Random weights in and out again."""
    draw = np.random.default_rng(1)
    shape = design.weights.latches
    values = [draw.integers(0, 2, (a, b, shape)).astype(bool) for a, b in pairwise(design.layers)]
    words = port.to_words(design.memory, values)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        result = port_simulation.simulate(view, design.memory, words, Path(folder), timeout_s=3600.0)
    result.check()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"clocks": result.clocks, "wrong_bits": result.wrong_count, "seconds": round(seconds, 2)}


def measure(layers: tuple[int, ...], with_gates: bool) -> dict[str, object]:
    """One array."""
    design = design_of(layers)
    name, memory, plan = "macro", design.memory, port_timing.plan_of(design)
    slow = port_timing.measure(design, plan, port_timing.slow(design))
    found: dict[str, object] = {
        "layers": layers,
        "words": memory.rows,
        "bits_per_word": memory.width,
        "latches": sum(a * b for a, b in pairwise(layers)) * design.weights.latches,
        "behaviour": simulated(port_simulation.behaviour(name, memory), design),
        "timing_typical": _timing(port_timing.measure(design, plan, design.spec.at)),
        "timing_slow": _timing(slow),
    }
    if with_gates:
        gates, cells = netlist.build(memory, plan), library(design.pdk)
        view = port_simulation.gates(cells, name, verilog.gates(cells, name, memory, gates))
        found["gates"] = {"cells": len(gates.gates), **simulated(view, design)}
    return found


def _timing(timing: port_timing.PortTiming) -> dict[str, float]:
    seconds = {n: float(f"{v:.3g}") for n, v in vars(timing).items()}
    return {
        **seconds,
        "half_period_s": float(f"{timing.half_period_s:.3g}"),
        "clock_Hz": float(f"{timing.clock_Hz:.3g}"),
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gates", action="store_true", help="simulate the gates of the large array too")
    arguments = parser.parse_args()
    results = [measure(layers, arguments.gates or layers == LAYERS[0]) for layers in LAYERS]
    versions = tools.versions(("iverilog", "ngspice", "pdk-sky130"))
    text = json.dumps({"tools": versions, "cpus": os.cpu_count(), "arrays": results}, indent=1)
    atomic_write(RESULTS, text + "\n")
    print(text)


if __name__ == "__main__":
    main()
