"""Winner-take-all, converter and bias as docs/readout.md shows them: drawn, checked, extracted, simulated.

    python bench/readout.py [winner] [converter] [bias] [bias_low] [pictures] [page]

Without words everything. Writes bench/results/readout.json (other parts of it
stay; close races of a chip that are there are not run again),
docs/images/readout-*.png and the tables of docs/readout.md.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pages import put
from readout_parts import close
from readout_parts.page import fill
from readout_parts.pictures import draw_pictures

from somaforge.flow.checks import drc, lvs
from somaforge.flow.chips import VirtualChip
from somaforge.flow.pex import annotate, extract
from somaforge.flow.readout import bias as bias_currents
from somaforge.flow.readout import converter as pulses
from somaforge.flow.readout import winner as races
from somaforge.flow.readout.bench import Bench
from somaforge.generator.block import Block, write_block
from somaforge.generator.circuit import FlatNetlist
from somaforge.generator.netlist import write_spice
from somaforge.generator.readout.bias import BITS, REFERENCE_UNITS, bias, bias_block
from somaforge.generator.readout.converter import ConverterSizes, converter, converter_block
from somaforge.generator.readout.winner import winner_block, winner_take_all
from somaforge.pdk import load
from somaforge.pdk.files import atomic_write
from somaforge.pdk.layout_file import open_layout
from somaforge.pdk.models import OperatingPoint

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "bench/results/readout.json"
PDK = load("sky130")
NAME = "readout"
TEMPERATURES_C, SUPPLIES_V = (-40.0, 27.0, 85.0), (1.62, 1.8, 1.98)
BIAS_CHIPS, CONVERTER_CHIPS = 12, 4
EXTREMES = (
    OperatingPoint("ss", -40.0, 1.62),
    OperatingPoint("ff", 85.0, 1.95),
    OperatingPoint("sf", 27.0, 1.8),
    OperatingPoint("fs", 27.0, 1.8),
)
SPLIT = 3
"""Of a bias with a second output: an eighth."""
NOMINAL = PDK.models.nominal


@cache
def block(kind: str, count: int = 3) -> tuple[dict[str, Any], FlatNetlist]:
    """Facts of a drawn block, and its extracted netlist."""
    drawn = _drawn(kind, count)
    library = drawn.library
    with tempfile.TemporaryDirectory() as folder:
        gds, spice = Path(folder, "block.gds"), Path(folder, "block.spice")
        write_block(drawn, gds)
        write_spice(library, spice)
        violations = sum(v.count for v in drc.check(PDK, open_layout(gds, library.top)))
        mismatches = len(lvs.run(PDK, gds, spice, library.top, None).mismatches)
        parasitics = extract(PDK, gds, library.top, spice)
    x1, y1, x2, y2 = drawn.outline
    facts = {
        "transistors": library.transistor_count(),
        "drc_native": violations,
        "lvs": mismatches,
        "width_um": (x2 - x1) / 1e3,
        "height_um": (y2 - y1) / 1e3,
        "area_um2": (x2 - x1) * (y2 - y1) / 1e6,
        "wires_F": {
            net: farad for net, farad in parasitics.total_capacitance().items() if net.endswith(("int", "sum"))
        },
    }
    return facts, annotate(library.flatten(), parasitics, smallest_F=2e-17)


def _drawn(kind: str, count: int) -> Block:
    if kind == "winner":
        return winner_block(PDK, winner_take_all(PDK, NAME, count), NAME)
    if kind == "converter":
        return converter_block(PDK, converter(PDK, NAME), NAME)
    return bias_block(PDK, bias(PDK, NAME, split=SPLIT if kind == "bias_low" else 0), NAME)


def winner() -> dict[str, Any]:
    """Close races of whole chips under each law, and one chip's over currents and corners."""
    facts, flat = block("winner")
    rows = close.run(PDK, flat, _kept().get("close", {}), lambda made: _keep("close", made))
    laws = {law: close.summary(own) for law, own in rows["laws"].items()}
    found: dict[str, Any] = {"layout": facts, "layout_10": block("winner", 10)[0], "laws": laws}
    first = Bench(PDK, flat, VirtualChip(1), NOMINAL)
    found["currents"] = [_race(first, level) for level in (1e-9, 15e-9, 100e-9, 300e-9)]
    found["corners"] = [_race(replace(first, where=where), 15e-9) | asdict(where) for where in EXTREMES]
    return found


def _race(bench: Bench, level: float) -> dict[str, Any]:
    currents = races.close_pairs(3, level, close.CLOSE)[:3]
    d = races.race(bench, currents)
    return {
        "current_A": level, "right": int(d.right(currents).sum()), "races": len(currents),
        "decided_s": float(d.decided_s.mean()), "valid_s": float(d.valid_s.mean()),
        "held_A": float(d.latest_A.mean() - currents.sum(axis=1).mean()),
    }  # fmt: skip


def charge_converter() -> dict[str, Any]:
    """Pulses over five decades and corners, their spread, and what the counter is as a meter."""
    facts, flat = block("converter")
    first = Bench(PDK, flat, VirtualChip(1), NOMINAL)
    decades = {k: pulses.pulse(first, 10.0**k) for k in range(-11, -5)}
    between = [pulses.pulse(first, 10.0**k) for k in (-9.5, -8.5, -7.5, -6.5)]
    scale = pulses.Scale(tuple(decades.values()))
    every = sorted((*decades.values(), *between), key=lambda p: p.current_A)
    errors = [scale.error(p) for p in every]
    chips = [
        pulses.pulse(Bench(PDK, flat, VirtualChip(seed), NOMINAL), 15e-9).charge_C
        for seed in range(1, CONVERTER_CHIPS + 1)
    ]
    z = ConverterSizes()
    area = z.capacitors * z.capacitor.w * z.capacitor.l + z.compare.w * z.compare.l / 4
    capacitance = area * 1e-18 * PDK.models.gate_F_per_m2 + facts["wires_F"]["x_integrator.int"]
    noise = pulses.noise(first, decades[-11], capacitance)
    leakage = {
        f"{t:g}": pulses.leakage_A(replace(first, where=replace(NOMINAL, temperature_C=t))) for t in TEMPERATURES_C
    }
    worst = max(abs(e) for e in errors)
    return {
        "layout": facts,
        "pulses": [asdict(p) for p in every],
        "scale_errors": errors,
        "sigma_ln_charge": float(np.std(np.log(chips), ddof=1)),
        "chips": len(chips),
        "corners": [asdict(where) | asdict(pulses.pulse(replace(first, where=where), 15e-9)) for where in EXTREMES],
        "capacitance_F": capacitance,
        "noise": asdict(noise) | {"own": noise.own},
        "leakage_A": leakage,
        "meter": pulses.meter(decades[-11].charge_C, noise.own, worst, leakage["27"], 1e-10, 20e-3).model_dump(),
    }


def bias_facts() -> dict[str, Any]:
    """The ratio from a pin, and the reference over everything and over chips."""
    facts, flat = block("bias")
    plain = Bench(PDK, flat, VirtualChip(1, mismatch=0.0), NOMINAL)
    codes = {code: bias_currents.currents(plain, code, 100e-9).out_A for code in (0, 1, 2, 4, 8, 2**BITS - 1)}
    places = [OperatingPoint(c, t, v) for c in PDK.models.corners for t in TEMPERATURES_C for v in SUPPLIES_V]
    points = [asdict(w) | asdict(bias_currents.currents(replace(plain, where=w), REFERENCE_UNITS)) for w in places]
    drawn = [replace(plain, chip=VirtualChip(seed)) for seed in range(1, BIAS_CHIPS + 1)]
    chips = [bias_currents.currents(bench, REFERENCE_UNITS).out_A for bench in drawn]
    return {"layout": facts, "codes": codes, "points": points, "chips": chips}


def bias_low_facts() -> dict[str, Any]:
    """What the second output has of the first: over codes from a pin, corners with the reference, and chips."""
    facts, flat = block("bias_low")
    plain = Bench(PDK, flat, VirtualChip(1, mismatch=0.0), NOMINAL)

    def both(bench: Bench, code: int, pin_A: float | None) -> dict[str, Any]:
        return {"code": code, **asdict(bias_currents.currents(bench, code, pin_A))}

    codes = [both(plain, code, 100e-9) for code in (1, 2, 4, 8, 2**BITS - 1)]
    points = [asdict(w) | both(replace(plain, where=w), REFERENCE_UNITS, None) for w in (NOMINAL, *EXTREMES)]
    drawn = [replace(plain, chip=VirtualChip(seed)) for seed in range(1, BIAS_CHIPS + 1)]
    chips = [both(bench, REFERENCE_UNITS, 100e-9) for bench in drawn]
    return {"layout": facts, "split": SPLIT, "codes": codes, "points": points, "chips": chips}


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "winner": winner, "converter": charge_converter, "bias": bias_facts, "bias_low": bias_low_facts
}  # fmt: skip


def _kept() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    return kept


def _keep(name: str, made: dict[str, Any]) -> None:
    atomic_write(RESULT, json.dumps(_kept() | {name: made}, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, "pictures", "page", []])
    wanted = parser.parse_args().parts or [*PARTS, "pictures", "page"]
    for name, make in PARTS.items():
        if name in wanted:
            _keep(name, make())
    if "pictures" in wanted:
        draw_pictures({kind: _drawn(kind, 3) for kind in PARTS}, block("winner")[1], ROOT / "docs/images")
    if "page" in wanted:
        for name, table in fill(_kept()).items():
            put(ROOT / "docs/readout.md", name, "bench/readout.py", table)


if __name__ == "__main__":
    main()
