"""The chip of examples/mnist-chip.yaml drawn whole: wires, native rules, antenna ratios, layout against schematic.

    python bench/mnist_layout.py WORK [--spec examples/mnist-chip.yaml]

WORK gets chip.gds and chip.spice. Results go to bench/results/mnist_layout.json; seconds are wall clock, one after the
other.
"""

import argparse
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from somaforge.flow.checks import antenna, drc, lvs
from somaforge.flow.control.gates import gates_of
from somaforge.generator import drivers
from somaforge.generator.array import floorplan
from somaforge.generator.block import Block, Box, write_block
from somaforge.generator.chip.assembly import assemble
from somaforge.generator.chip.folded import folded_plan
from somaforge.generator.control import Control
from somaforge.generator.control_block import control_block
from somaforge.generator.design import build
from somaforge.generator.layout import draw
from somaforge.generator.netlist import write_spice
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.spec import Spec, load_spec
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import atomic_write
from somaforge.pdk.layout_file import open_layout

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench/results/mnist_layout.json"


def sides(box: Box) -> list[float]:
    """Width and height in um."""
    return [(box[2] - box[0]) / 1000, (box[3] - box[1]) / 1000]


def drawn(spec: Spec, timed: Callable[[str], None]) -> tuple[Block, dict[str, list[float]]]:
    """The chip, and the sizes of what it is made of in um."""
    design, folded = build(spec), drivers.folded(spec)
    if folded is None:
        raise InputError(f"{spec.name}: chip.drivers.bank: needs folded drivers; give their size")
    control = Control.of(design)
    digital = control_block(design.pdk, control, gates_of(control, PortMeasures(design.pdk).cells)).block()
    timed("control")
    macro = draw(design)
    timed("macro")
    chip = assemble(design.pdk, folded_plan(design, macro.block, macro.plan, folded, digital))
    timed("wires")
    boxes = {"array": floorplan(design).die, "macro": macro.block.outline, "control": digital.outline}
    return chip, {name: sides(box) for name, box in {**boxes, "chip": chip.outline}.items()}


def main() -> None:
    """Draw, check, write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, nargs="?", default=ROOT / "runs/mnist_layout")
    parser.add_argument("--spec", type=Path, default=ROOT / "examples/mnist-chip.yaml")
    wanted = parser.parse_args()
    wanted.work.mkdir(parents=True, exist_ok=True)
    spec, seconds, begin = load_spec(wanted.spec), dict[str, float](), [time.monotonic()]

    def timed(part: str) -> None:
        seconds[part], begin[0] = round(time.monotonic() - begin[0], 1), time.monotonic()
        print(f"{part:10}{seconds[part]:8.1f} s", flush=True)

    chip, sizes = drawn(spec, timed)
    pdk, gds, spice = build(spec).pdk, wanted.work / "chip.gds", wanted.work / "chip.spice"
    write_block(chip, gds)
    write_spice(chip.library, spice)
    timed("written")
    found: dict[str, Any] = {"lvs": len(lvs.run(pdk, gds, spice, chip.name, None).mismatches)}
    timed("lvs")
    opened = open_layout(gds, chip.name)
    found["antenna"] = {v.rule.name: v.count for v in antenna.check(pdk, opened) if v.count}
    timed("antenna")
    found["drc_native"] = {v.rule.name: v.count for v in drc.check(pdk, opened) if v.count}
    timed("drc")
    (array_x, array_y), (x, y) = sizes["array"], sizes["chip"]
    report = {
        "transistors": chip.library.transistor_count(),
        "sizes_um": sizes,
        "beyond_array": x * y / (array_x * array_y) - 1,
        **found,
        "wall_s": seconds,
        "memory_GB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }
    atomic_write(RESULTS, json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
