"""Extraction against solutions of the field: python bench/field.py [--cases pairs between crossings synapse tile]

pairs       two wires of least width on li, met1 to met4 at 1, 2 and 4 times the least space, over the bare substrate
between     the same with planes on the conductors below, above, or both
crossings   met1 under met2, met2 under met3, every 8 um
synapse     rails, word, column and bit line in the middle one of 3 x 3 synapses (tests/golden/pex), its sides mirrors
tile        a rail of all 3 x 3 synapses, 2 um of nothing around them, on a coarse grid, and klayout-pex's own number

Ours is extraction with the whole printed sidewall number (the flow's) and with half of it (klayout-pex's reading, from
which klayout-pex itself differs by what docs/extraction.md says). Results are joined into bench/results/field.json; aF
and fF. `error` is that of the mesh: half the distance of the two schemes (flow/pex/field/solver.py).
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from somaforge.flow import pex
from somaforge.flow.pex.field.cases import Crossing, Pair, Solved, total, window_of
from somaforge.flow.pex.field.scene import Mesh
from somaforge.flow.pex.kernel import Box, couple
from somaforge.pdk.files import atomic_write
from somaforge.pdk.interconnect import Interconnect
from somaforge.pdk.sky130.dielectrics import DIELECTRICS
from somaforge.pdk.sky130.parasitics import INTERCONNECT, KLAYOUT_PEX_SIDEWALL_SHARE, SIDEWALL_SHARE, interconnect
from somaforge.pdk.sky130.process import SKY130

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results" / "field.json"
GOLDEN = ROOT / "tests" / "golden" / "pex"
LEAST_NM = {"li": 170, "met1": 140, "met2": 140, "met3": 300, "met4": 300}
"""Least width and space: rules li.1 li.3 m1.1 m1.2 m2.1 m2.2 m3.1 m3.2 m4.1 m4.2."""
WAYS = {"whole": interconnect(SIDEWALL_SHARE), "half": interconnect(KLAYOUT_PEX_SIDEWALL_SHARE)}
MIDDLE: Box = (9940, 8220, 19880, 16440)
"""The middle one of the 3 x 3 synapses, nm."""

Row = dict[str, float]


def _row(solved: Solved, ours: Callable[[Interconnect], float], unit: float, name: str = "") -> Row:
    found = {f"{name}field": solved.mean / unit, f"{name}error": solved.error}
    return found | {f"{name}{way}": ours(process) / unit for way, process in WAYS.items()}


def pairs(between: bool = False) -> dict[str, Row]:
    """aF/um."""
    rows = {}
    for name, least in LEAST_NM.items():
        layer = INTERCONNECT.conductors.index(name)
        around = (
            {"": ()} if not between else {"below": (layer - 1,), "above": (layer + 1,), "both": (layer - 1, layer + 1)}
        )
        for where, planes in around.items():
            for times in (1, 2, 4):
                wires = Pair(layer, least, times * least, planes)
                coupling, whole = wires.solution(INTERCONNECT, DIELECTRICS, Mesh(0.01, 0.5))
                row = _row(coupling, lambda p, w=wires: w.extracted(p)[0], 1e-12, "coupling_")
                row |= _row(whole, lambda p, w=wires: w.extracted(p)[1], 1e-12, "total_")
                rows[" ".join((name, f"{times}x", where)).strip()] = row
    return rows


def crossings() -> dict[str, Row]:
    """aF of one crossing and the 8 um of each wire that belong to it."""
    rows = {}
    for lower, upper in (("met1", "met2"), ("met2", "met3")):
        k = INTERCONNECT.conductors.index(lower)
        wires = Crossing(k, k + 1, 140 if upper == "met2" else 300, 4000)
        row: Row = {}
        for n, (name, solved) in enumerate(
            zip(
                ("coupling_", "lower_", "upper_"),
                wires.solution(INTERCONNECT, DIELECTRICS, Mesh(0.02, 0.4)),
                strict=True,
            )
        ):
            row |= _row(solved, lambda p, n=n, w=wires: w.extracted(p)[n], 1e-18, name)
        rows[f"{lower} {upper}"] = row
    return rows


def synapse(nets: tuple[str, ...] = ("vp_1", "vn_1", "wl_1", "out_1", "bl_1_1")) -> dict[str, Row]:
    """fF."""
    geometry = pex.extract(SKY130, GOLDEN / "synapses.oas", "synapses").geometry
    rows = {}
    for net in nets:
        row: Row = {}
        for name, contacts in (("", True), ("contacts_in_device_", False)):
            solved = window_of(
                geometry,
                net,
                MIDDLE,
                INTERCONNECT,
                DIELECTRICS,
                Mesh(0.06, 0.15, snap=0.01, top=6.0),
                contacts=contacts,
            )
            row |= {f"{name}field": 1e15 * solved.mean, f"{name}error": solved.error}
        for way, process in WAYS.items():
            row[way] = 1e15 * total(couple(geometry.conductors, MIDDLE, process), geometry.number[net])
        rows[net] = row
        print(net, row, flush=True)
    return rows


def tile(nets: tuple[str, ...] = ("vp_1",)) -> dict[str, Row]:
    """fF."""
    geometry = pex.extract(SKY130, GOLDEN / "synapses.oas", "synapses").geometry
    golden = json.loads((GOLDEN / "klayout_pex.json").read_text())["cells"]["synapses"]["fF"]
    left, bottom, right, top = geometry.box
    around = (left - 2000, bottom - 2000, right + 2000, top + 2000)
    rows = {}
    for net in nets:
        mesh = Mesh(0.16, 0.4, snap=0.05, top=5.0)
        solved = window_of(geometry, net, around, INTERCONNECT, DIELECTRICS, mesh, contacts=True, tolerance=1e-3)
        row = {"field": 1e15 * solved.mean, "error": solved.error}
        row["klayout_pex"] = sum(f for pair, f in golden.items() if net in pair.split())
        for way, process in WAYS.items():
            row[way] = 1e15 * total(couple(geometry.conductors, around, process), geometry.number[net])
        rows[net] = row
        print(net, row, flush=True)
    return rows


CASES: dict[str, Callable[[], dict[str, Row]]] = {
    "pairs": pairs,
    "between": lambda: pairs(between=True),
    "crossings": crossings,
    "synapse": synapse,
    "tile": tile,
}


def main() -> None:
    """Solve, print, and keep the results of the other cases."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=[c for c in CASES if c != "tile"])
    for case in parser.parse_args().cases:
        rows = {name: {k: float(f"{v:.4g}") for k, v in row.items()} for name, row in CASES[case]().items()}
        for name, row in rows.items():
            print(f"{case} {name:14} " + "  ".join(f"{k} {v:g}" for k, v in row.items()), flush=True)
        kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        atomic_write(RESULTS, json.dumps(kept | {case: rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
