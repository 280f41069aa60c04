"""The chip of an example as docs/chip.md shows it: placed, joined, checked; extracted, and its decisions in ngspice.

    python bench/chip.py layout      # draws and checks: DRC, LVS, antenna ratios; docs/images/chip*.png
    python bench/chip.py decide [--chips 1 2 3 4 5] [--count 30] [--netlist FILE]
    python bench/chip.py registers   # the same decisions through the control in Verilog: the class register
    python bench/chip.py sequence [--netlist FILE] [--chips 1] [--flower 0]   # one of them from pins to pins, hours
    python bench/chip.py page        # the tables of docs/chip.md

The others write bench/results/chip.json, other parts of which stay; decisions of
examples/prototype.yaml that are there are not simulated again.
"""

import argparse
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

from chip_parts import decisions
from chip_parts import sequence as sequences
from chip_parts.netlist import extracted
from chip_parts.registers import play
from pages import put

from somaforge.flow.checks import antenna, drc, lvs, precheck
from somaforge.flow.control.gates import gates_of
from somaforge.flow.figures.units import engineering as si
from somaforge.generator import drivers
from somaforge.generator.block import Block, write_block
from somaforge.generator.chip.chip import Margins, chip_block
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
        return chip_block(PDK, "prototype_chip", draw(made).block, bank, margins, split=made.spec.array.bits)
    chosen = Control.of(made)
    digital = control_block(PDK, chosen, gates_of(chosen, PortMeasures(PDK).cells)).block()
    return chip_block(PDK, "prototype_chip", draw(made).block, bank, margins, digital, made.spec.array.bits)


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
            "transistors": block.library.transistor_count(),
            "drc_native": sum(v.count for v in drc.check(PDK, opened)),
            "drc_precheck": sum(precheck.run(PDK, gds, block.name, folder / "precheck.lyrdb").values()),
            "antenna": sum(v.count for v in antenna.check(PDK, opened)),
            "lvs": len(found.mismatches),
        }


def keep(name: str, made: Any) -> None:
    """Put a part into the results."""
    kept: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    atomic_write(RESULT, json.dumps(kept | {name: made}, indent=1) + "\n")


def decide(chips: list[int], count: int, netlist: Path | None) -> None:
    """Flowers on chips; kept after every turn of them."""
    before = decisions.kept(RESULT)
    made = decisions.Prototype(before["weights"])
    flat = extracted(made.design, netlist)

    def save(new: list[decisions.Row]) -> None:
        now = decisions.kept(RESULT)  # another call may have worked on other chips
        rows, weights = decisions.merged(now["rows"], new), {**now["weights"], **made.kept}
        told = decisions.summary(rows)
        keep("decisions", {"about": decisions.about(), "summary": told, "weights": weights, "rows": rows})
        print(json.dumps(told), flush=True)

    decisions.run(made, flat, chips, count, before["rows"], save)


def registers() -> None:
    """What the class register says of all decisions that are kept."""
    before = decisions.kept(RESULT)
    made, same, right = decisions.Prototype(before["weights"]), 0, 0
    for seed in sorted({row["chip"] for row in before["rows"]}):
        own = [row for row in before["rows"] if row["chip"] == seed]
        with scratch("registers") as folder:
            classes = play(made, own, folder)
        same += sum((-1 if c is None else c) == row["chosen"] for c, row in zip(classes, own, strict=True))
        right += sum(c == row["label"] for c, row in zip(classes, own, strict=True))
    keep("registers", {"decisions": len(before["rows"]), "as_ngspice": same, "right": right})


def sequence(netlist: Path | None, chip: int, flower: int) -> None:
    """A decision that is kept once more, every transistor of the chip from pins to pins."""
    before = decisions.kept(RESULT)
    row = next((r for r in before["rows"] if (r["chip"], r["flower"]) == (chip, flower)), None)
    if row is None:
        sys.exit(f"chip: no decision of flower {flower} on chip {chip} is kept; python bench/chip.py decide")
    made = decisions.Prototype(before["weights"])
    found = sequences.simulate(made, extracted(made.design, netlist), row)
    keep("sequence", found)
    print(json.dumps(found))


def page() -> None:
    """What is kept, into docs/chip.md."""
    kept = json.loads(RESULT.read_text(encoding="utf-8"))
    found, digital = kept["decisions"], kept.get("registers")
    told = found["summary"]
    charge_C = sum(row["charge_C"] for row in found["rows"]) / told["patterns"]
    late = told["present__decision_p99__s"]
    rows = [
        ["chips; decisions", f"{told['chips']}; {told['patterns']}"],
        ["right, mean of the chips; the worst chip", f"{100 * told['accuracy__chip__ratio']:.1f} %; "
         f"{100 * told['accuracy__chip_worst__ratio']:.1f} %"],
        ["winner is the largest output current", f"{100 * told['winner_is_largest__ratio']:.1f} %"],
        ["closest two largest currents", f"{min(row['apart'] for row in found['rows']):.2f} times"],
        ["largest output current", f"{si(min(r['largest_A'] for r in found['rows']), 'A')} to "
         f"{si(max(r['largest_A'] for r in found['rows']), 'A')}"],
        ["pattern in the latches to `valid`: median; 99 %", f"{si(told['present__decision_p50__s'], 's')}; "
         f"{'one of a hundred never' if late is None else si(late, 's')}"],
        ["charge of a decision out of the supply", si(charge_C, "C")],
    ]  # fmt: skip
    if digital is not None:
        rows.append([
            "class register in Verilog as ngspice; right",
            f"{digital['as_ngspice']} of {digital['decisions']}; {digital['right']} of {digital['decisions']}",
        ])  # fmt: skip
    table = "".join(f"| {' | '.join(row)} |\n" for row in [["", ""], ["---"] * 2, *rows])
    put(ROOT / "docs/chip.md", "decisions", "bench/chip.py decide", table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["layout", "decide", "registers", "sequence", "page"])
    parser.add_argument("--chips", nargs="+", type=int, default=[1, 2, 3, 4, 5])
    parser.add_argument("--count", type=int, default=30, help="flowers of the test set, from the first")
    parser.add_argument("--flower", type=int, default=0, help="of the sequence")
    parser.add_argument("--netlist", type=Path, help="keeps the extracted netlist, or has it")
    given = parser.parse_args()
    if given.part == "layout":
        drawn = {
            "currents from pins": layout(chip(), "chip.png"),
            "with drivers": layout(driven(), "chip-drivers.png"),
            "with drivers and control": layout(driven(control=True), "chip-control.png"),
        }
        keep("layout", drawn)
    elif given.part == "decide":
        decide(given.chips, given.count, given.netlist)
    elif given.part == "registers":
        registers()
    elif given.part == "sequence":
        sequence(given.netlist, given.chips[0], given.flower)
    else:
        page()


if __name__ == "__main__":
    main()
