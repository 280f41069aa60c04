"""The chip of an example as docs/chip.md shows it: placed, joined, checked, extracted, and patterns decided in ngspice.

    python bench/chip.py layout            # draws and checks: DRC, LVS, antenna ratios; docs/images/chip*.png
    python bench/chip.py patterns RUN [--chips 1 2] [--first 0] [--count 2]

RUN is a run folder of examples/iris.yaml that has trained weights. Both write
bench/results/chip.json, other parts of which stay.
"""

import argparse
import json
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from somaforge.flow import datasets
from somaforge.flow.checks import antenna, drc, lvs, precheck
from somaforge.flow.control.gates import gates_of
from somaforge.flow.pex import annotate, extract
from somaforge.flow.readout.whole import Times, bench_of, classify
from somaforge.generator import drivers
from somaforge.generator.block import Block, write_block
from somaforge.generator.chip.chip import Margins, chip_block
from somaforge.generator.circuit import FlatNetlist
from somaforge.generator.control import Control
from somaforge.generator.control_block import control_block
from somaforge.generator.design import Design, build
from somaforge.generator.layout import draw
from somaforge.generator.netlist import write_spice
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.picture import write_picture
from somaforge.generator.spec import load_spec
from somaforge.pdk import load
from somaforge.pdk.files import atomic_write, scratch
from somaforge.pdk.layout_file import open_layout

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "bench/results/chip.json"
PDK = load("sky130")
TIMES = Times(settle_s=2e-6, race_s=3e-6)
"""The array takes 1 us (docs/results.md), the race 46 fC over some 0.1 uA, `valid` 0.4 us more."""
USED = 3
"""Outputs of Iris."""


@cache
def design(example: str = "iris") -> Design:
    """An example's array with a port."""
    spec = load_spec(ROOT / f"examples/{example}.yaml")
    return build(spec.model_copy(update={"array": spec.array.model_copy(update={"port": "scan"})}))


@cache
def chip() -> Block:
    """7-7-7 whose input currents come from pins."""
    return chip_block(PDK, "prototype", draw(design()).block)


def driven(control: bool = False) -> Block:
    """7-7-7 with its drivers, and with its control if that is asked for, in as little width as wires have room for."""
    made = design("prototype")
    bank, margins = draw(drivers.build(made.spec)).block, Margins(side=11, below=10, between=14)
    if not control:
        return chip_block(PDK, "prototype_chip", draw(made).block, bank, margins)
    chosen = Control.of(made)
    digital = control_block(PDK, chosen, gates_of(chosen, PortMeasures(PDK).cells)).block()
    return chip_block(PDK, "prototype_chip", draw(made).block, bank, margins, digital)


def layout(block: Block, picture: str) -> dict[str, Any]:
    """What the checks say."""
    with scratch("chip") as folder:
        gds, spice = folder / "chip.gds", folder / "chip.spice"
        write_block(block, gds)
        write_spice(block.library, spice)
        write_picture(PDK, gds, block.name, ROOT / "docs/images" / picture, 1800, 1250)
        opened = open_layout(gds, block.name)
        found = lvs.run(PDK, gds, spice, block.name, None)
        return {
            "outline_um": [edge / 1000 for edge in block.outline],
            "transistors": found.devices,
            "drc_native": sum(v.count for v in drc.check(PDK, opened)),
            "drc_precheck": sum(precheck.run(PDK, gds, block.name, folder / "precheck.lyrdb").values()),
            "antenna": sum(v.count for v in antenna.check(PDK, opened)),
            "lvs": len(found.mismatches),
        }


def extracted() -> FlatNetlist:
    """The whole chip with the capacitances of its wires."""
    block = chip()
    with scratch("chip") as folder:
        gds, spice = folder / "chip.gds", folder / "chip.spice"
        write_block(block, gds)
        write_spice(block.library, spice)
        return annotate(block.library.flatten(), extract(PDK, gds, block.name, spice), wires="none", smallest_F=2e-17)


def patterns(run: Path, chips: list[int], first: int, count: int) -> list[dict[str, Any]]:
    """Flowers on chips: what the chip says, and what its output currents say."""
    flat, data = extracted(), datasets.load("iris")
    x, y = data.test_x[first : first + count], data.test_y[first : first + count]
    inputs = np.zeros((len(x), design().layers[0]))
    inputs[:, : x.shape[1]] = data.to_currents(x, design().spec.input)
    rows = []
    for seed in chips:
        [folder] = run.glob(f"*-train/chips/{seed}")
        weights = np.load(folder / "weights.npz")
        codes = tuple(weights[f"matrix_{m}"].astype(np.int64) for m in range(len(design().layers) - 1))
        start = time.monotonic()
        found = classify(bench_of(flat, design(), codes, seed), inputs, TIMES, USED)
        spent = time.monotonic() - start
        for k in range(len(x)):
            outputs = np.sort(found.outputs_A[k, :USED])
            rows.append({
                "chip": seed, "flower": first + k, "label": int(y[k]), "chosen": int(found.chosen[k]),
                "largest": int(found.largest(USED)[k]), "apart": float(outputs[-1] / outputs[-2]),
                "decided_s": float(found.decided_s[k]), "charge_C": float(found.charge_C[k]), "seconds": spent / len(x),
            })  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["layout", "patterns"])
    parser.add_argument("run", nargs="?", type=Path)
    parser.add_argument("--chips", nargs="+", type=int, default=[1])
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=2)
    given = parser.parse_args()
    if given.part == "patterns" and given.run is None:
        parser.error("patterns needs the folder of a run")
    kept: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    if given.part == "layout":
        kept["layout"] = {
            "currents from pins": layout(chip(), "chip.png"),
            "with drivers": layout(driven(), "chip-drivers.png"),
            "with drivers and control": layout(driven(control=True), "chip-control.png"),
        }
    else:
        rows = patterns(given.run, given.chips, given.first, given.count)
        new = {(row["chip"], row["flower"]) for row in rows}
        old = [row for row in kept.get("patterns", []) if (row["chip"], row["flower"]) not in new]
        kept["patterns"] = sorted([*old, *rows], key=lambda row: (row["chip"], row["flower"]))
    atomic_write(RESULT, json.dumps(kept, indent=1) + "\n")
    print(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
