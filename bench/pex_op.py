"""The extracted netlist of a whole network in ngspice: does it load, is its operating point found, what does it cost.

    python bench/pex_op.py                              7-7-7
    python bench/pex_op.py --layers 196 100 50 10 --merge 8       the MNIST network
    python bench/pex_op.py --layers 4 3 3 --latches     every latch simulated, too

The network is drawn, compared, extracted and written as hierarchical SPICE (flow.pex.hierarchical) with bound models,
drawn junctions, all capacitors and the segments of all shared wires. Weights are random and sit on the rails (ideal
memory) unless --latches keeps the latches, which start in their states by .ic. Couplings are capacitances to ground
unless --coupling keeps them: they do nothing at rest, and fill the solver's matrix (32 x 32: minutes instead of
seconds). Inputs are random up to 100 nA, outputs
held at half the supply. Results go to bench/results/pex_op.json; the peak memory is the process's own.
"""

import argparse
import json
import math
import re
import resource
import subprocess
import tempfile
import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np
from pex import design_of  # type: ignore[import-not-found]  # the benchmark beside this file

from somaforge.flow import pex
from somaforge.flow.engines.ngspice import read_raw
from somaforge.flow.pex.annotate import WireChoice
from somaforge.flow.pex.merging import merge, resistance_error
from somaforge.generator import layout, netlist
from somaforge.generator.design import Design, build, latch_nets
from somaforge.pdk.files import atomic_write
from somaforge.pdk.sky130.process import SKY130

RESULTS = Path(__file__).parents[1] / "bench" / "results" / "pex_op.json"
SUPPLY_V = 1.8
LARGEST_A = 100e-9
_WEIGHT = re.compile(r"x_synapse_\d+\.w_")
# As flow.engines.ngspice's first rung: gmin stepping at once.
OPTIONS = ".option klu noopiter itl1=1000 reltol=1e-3 abstol=1e-13 vntol=1e-6 gmin=1e-15 bypass=1"


def random_weights(design: Design, seed: int) -> dict[str, str]:
    """Weight net -> rail."""
    generator, ties = np.random.default_rng(seed), {}
    names = latch_nets(design.weights.bits)
    for m, shape in enumerate(pairwise(design.layers)):
        for (r, c, k), high in np.ndenumerate(generator.integers(0, 2, (*shape, len(names)))):
            net = f"x_matrix_{m}.x_row_{r}.x_synapse_{c}.{names[k]}"
            ties[net], ties[f"{net}_bar"] = ("vdd", "gnd") if high else ("gnd", "vdd")
    return ties


def deck_text(design: Design, found: pex.Parasitics, spice: Path, starts: Mapping[str, str]) -> str:
    """An operating point; the memory is idle."""
    nodes = []
    for port in found.ports:
        idle = "0" if port == "gnd" or port.startswith("wl_") else "vdd" if port.startswith("bl") else port
        nodes.append(idle)
    lines = ["* operating point of an extracted network", f".include {spice.name}", OPTIONS, f"v_vdd vdd 0 {SUPPLY_V}"]
    lines.append("x1")
    lines += ["+ " + " ".join(nodes[k : k + 12]) for k in range(0, len(nodes), 12)]
    lines.append(f"+ {found.name}")
    currents = np.random.default_rng(2).uniform(0, LARGEST_A, design.layers[0])
    lines += [f"i_in_{i} vdd in_{i} {a:.6e}" for i, a in enumerate(currents)]
    lines += [f"v_out_{j} out_{j} 0 {SUPPLY_V / 2}" for j in range(design.layers[-1])]
    for net, rail in starts.items():
        cell, _, local = net.rpartition(".")
        lines.append(f".ic v(x1.x{cell}.{local})={SUPPLY_V if rail == 'vdd' else 0.0}")
    outputs = " ".join(f"i(v_out_{j})" for j in range(design.layers[-1]))
    # A transient of no length worth speaking of: ngspice holds .ic in a transient's operating point only.
    return "\n".join([*lines, f".save i(v_vdd) {outputs}", ".tran 1n 1n", ".end"]) + "\n"


def measure(
    layers: tuple[int, ...], latches: bool, coupling: float, hours: float, wires: WireChoice, merged: int
) -> dict[str, object]:
    """Draw, extract, write, load, solve."""
    design = build(design_of(layers))
    ties = random_weights(design, 1)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        layout.draw(design).write(folder / "array.gds")
        netlist.write_spice(design.library, folder / "array.spice")
        begin = time.monotonic()
        found = pex.extract(SKY130, folder / "array.gds", design.library.top, folder / "array.spice")
        bound = (design.pdk.models, design.spec.at)
        options = pex.Options(models=bound, smallest_F=coupling, wires=wires, merged_cells=merged)
        if not latches:
            options = pex.Options(
                without=".x_latch_", exposed=lambda net: _WEIGHT.search(net) is not None, ties=ties, models=bound,
                smallest_F=coupling, wires=wires, merged_cells=merged,
            )  # fmt: skip
        counts = pex.write_hierarchical(found, folder / "macro.spice", options)
        wrote = time.monotonic()
        (folder / "deck.sp").write_text(deck_text(design, found, folder / "macro.spice", ties if latches else {}))
        size = (folder / "macro.spice").stat().st_size
        print(f"{counts}, {size / 1e6:.1f} MB, {wrote - begin:.0f} s", flush=True)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        wired = found.wires if merged > 1 else {}
        errors = [(0.0, 0.0), *(resistance_error(w, merge(w, merged)) for w in wired.values())]
        del found, wired
        run = subprocess.run(
            ["ngspice", "-n", "-b", "-r", "out.raw", "deck.sp"],
            cwd=folder, capture_output=True, text=True, errors="replace", timeout=3600 * hours, check=False,
        )  # fmt: skip
        _, values = read_raw(folder / "out.raw")
    memory = re.search(r"Maximum ngspice program size = *([\d.]+) *(\w+)", run.stdout)
    return {
        **vars(counts),
        "resistance_error_ohm": max(error for error, _ in errors),
        "resistance_max_ohm": max(whole for _, whole in errors),
        "netlist_MB": size / 1e6,
        "extract_and_write_s": wrote - begin,
        "extract_peak_MB": peak,
        "ngspice_s": time.monotonic() - wrote,
        "ngspice_peak": f"{memory[1]} {memory[2]}" if memory else "",
        "supply_A": float(-values[0, 1]),
        "outputs_A": values[0, 2:].tolist(),
    }


def main() -> None:
    """One network; the result joins the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, nargs="+", default=[7, 7, 7])
    parser.add_argument("--latches", action="store_true")
    parser.add_argument("--coupling", type=float, default=math.inf, help="F; smaller ones go to ground at both ends")
    parser.add_argument("--hours", type=float, default=2.0, help="time limit of ngspice")
    parser.add_argument("--wires", choices=get_args(WireChoice), default="all", help="which shared nets are segments")
    parser.add_argument("--merge", type=int, default=1, help="neighbouring cells that share one node of a wire")
    options = parser.parse_args()
    row = measure(tuple(options.layers), options.latches, options.coupling, options.hours, options.wires, options.merge)
    table = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    kept = {"all": "", "supply": ", segments of the supply only", "none": ", no segments"}[options.wires]
    kept += f", {options.merge} cells to a node" if options.merge > 1 else ""
    table["-".join(map(str, options.layers)) + (" with latches" if options.latches else "") + kept] = row
    RESULTS.parent.mkdir(exist_ok=True)
    atomic_write(RESULTS, json.dumps(table, indent=1) + "\n")
    print(json.dumps(row, indent=1))


if __name__ == "__main__":
    main()
