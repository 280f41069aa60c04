"""Parasitic extraction of growing arrays: seconds, memory, and how many tiles had to be computed.

    python bench/pex.py                      8 x 8, 16 x 16, 32 x 32
    python bench/pex.py --sizes 64 128       larger ones
    python bench/pex.py --layers 196 100 50 10      a network of that shape

Each array is the prototype's cell (examples/iris.yaml, 3 bits) drawn anew, compared cell by cell (LVS gives the names),
and extracted with every coupling kept. Results are joined into bench/results/pex.json; seconds are processor time, so
that other work on the machine does not count.
"""

import argparse
import json
import multiprocessing
import os
import platform
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path

import klayout.db as kdb
import numpy as np
import yaml

from somaforge.flow.checks import lvs
from somaforge.flow.pex import capacitance
from somaforge.flow.pex.geometry import collect
from somaforge.flow.pex.naming import schematic_names
from somaforge.flow.pex.tiling import aligned
from somaforge.generator import layout, netlist
from somaforge.generator.design import build
from somaforge.generator.spec import Spec
from somaforge.pdk.files import atomic_write
from somaforge.pdk.sky130.parasitics import INTERCONNECT
from somaforge.pdk.sky130.process import SKY130

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results" / "pex.json"


def design_of(layers: tuple[int, ...]) -> Spec:
    """The prototype with other layers."""
    table = yaml.safe_load((ROOT / "examples" / "iris.yaml").read_text())
    table["array"]["layers"] = list(layers)
    table["network"]["layers"] = [4, *layers[1:-1], 3]
    return Spec.model_validate(table)


def measure(layers: tuple[int, ...]) -> dict[str, float]:
    """One array; run it in a process of its own, the peak memory is the process's."""
    with tempfile.TemporaryDirectory() as scratch:
        gds, spice = Path(scratch) / "array.gds", Path(scratch) / "array.spice"
        design = build(design_of(layers))
        layout.draw(design).write(gds)
        netlist.write_spice(design.library, spice)
        times = [time.process_time()]
        compared = lvs.compare(SKY130, gds, spice, design.spec.name)
        times.append(time.process_time())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        geometry = collect(compared.extraction, schematic_names(compared.partners()), INTERCONNECT)
        times.append(time.process_time())
        lines = aligned([p.box for p in geometry.leaves], geometry.box)
        found = capacitance.along(geometry.conductors, lines, INTERCONNECT)
        times.append(time.process_time())
        totals = found.totals(len(geometry.nets))
        times.append(time.process_time())
    lvs_s, geometry_s, tiles_s, totals_s = np.diff(times).tolist()
    return {
        "synapses": sum(a * b for a, b in pairwise(layers)),
        "transistors": len(geometry.transistors.names),
        "nets": len(geometry.nets),
        "rectangles": len(geometry.conductors.net),
        "tiles": len(found.tiles),
        "distinct_tiles": found.distinct,
        "mismatches": len(compared.lines),
        "wiring_F": float(sum(totals)) / 2,
        "lvs_s": lvs_s,
        "geometry_s": geometry_s,
        "tiles_s": tiles_s,
        "totals_s": totals_s,
        "pex_ms_per_tile": 1000 * (geometry_s + tiles_s + totals_s) / len(found.tiles),
        "peak_after_lvs_MB": peak / 1024,
        "peak_MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """One line per array, and the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[8, 16, 32], help="square arrays")
    parser.add_argument("--layers", type=int, nargs="+", help="one network instead")
    options = parser.parse_args()
    arrays = [tuple(options.layers)] if options.layers else [(n, n) for n in options.sizes]
    table = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    print(f"{'array':>14} {'tiles':>6} {'distinct':>8} {'LVS s':>7} {'pex s':>7} {'ms/tile':>8} {'MB':>6}")
    for layers in arrays:
        name = "x".join(map(str, layers))
        # An executor, not a pool: a worker that is killed for its memory is an error, not a wait without end.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            row = pool.submit(measure, layers).result()
        seconds = row["geometry_s"] + row["tiles_s"] + row["totals_s"]
        print(
            f"{name:>14} {row['tiles']:6.0f} {row['distinct_tiles']:8.0f} {row['lvs_s']:7.1f} {seconds:7.1f} "
            f"{row['pex_ms_per_tile']:8.2f} {row['peak_MB']:6.0f}",
            flush=True,
        )
        table[name] = {k: float(f"{v:.5g}") for k, v in row.items()}
        table["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, KLayout {kdb.__version__}"
        RESULTS.parent.mkdir(exist_ok=True)
        atomic_write(RESULTS, json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
