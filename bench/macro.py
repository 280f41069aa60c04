"""What the macro of the paper costs: seconds and memory of its layout and of every check, against their targets.

    python bench/macro.py                        examples/mnist.yaml: 196-100-50-10 with latches and their port
    python bench/macro.py --work lvs native      only these
    python bench/macro.py --port none            without the periphery of the weight memory
    python bench/macro.py --spec my.yaml --results my.json

Each work runs in a process of its own. Seconds are by the clock, beside them processor seconds (all threads and
programs that it starts): on a shared machine only these tell machines and versions apart. Results are joined into
bench/results/macro.json after each work.
"""

import argparse
import json
import multiprocessing
import os
import platform
import resource
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import klayout.db as kdb
import yaml

from somaforge.flow.checks import antenna, density, drc, lvs, precheck
from somaforge.generator.design import build
from somaforge.generator.layout import draw
from somaforge.generator.netlist import write_spice
from somaforge.generator.spec import load_spec
from somaforge.pdk.files import atomic_write
from somaforge.pdk.sky130.process import SKY130

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results" / "macro.json"
SPEC = ROOT / "examples" / "mnist.yaml"
TIMEOUT_S = 7200.0

TARGETS: Mapping[str, tuple[float, float]] = {
    "generate": (60, 2),
    "native": (300, 6),
    "precheck": (1200, 8),
    "lvs": (60, 3),
}
"""Work -> seconds on two cores, GB."""


def generate(spec: Path, folder: Path) -> dict[str, float]:
    """Netlist and GDS."""
    drawn = draw(build(load_spec(spec)))
    write_spice(drawn.library, folder / "netlist.spice")
    drawn.write(folder / "layout.gds")
    return {"transistors": drawn.library.transistor_count(), "gds_bytes": (folder / "layout.gds").stat().st_size}


def native(spec: Path, folder: Path) -> dict[str, float]:
    """The native rule table."""
    return _violations(drc.run(SKY130, folder / "layout.gds", load_spec(spec).name, folder / "native.lyrdb"))


def precheck_deck(spec: Path, folder: Path) -> dict[str, float]:
    """The shuttle's deck in the KLayout application."""
    name = load_spec(spec).name
    return _violations(precheck.run(SKY130, folder / "layout.gds", name, folder / "precheck.lyrdb", TIMEOUT_S))


def lvs_compare(spec: Path, folder: Path) -> dict[str, float]:
    """Layout against netlist."""
    name = load_spec(spec).name
    found = lvs.run(SKY130, folder / "layout.gds", folder / "netlist.spice", name, folder / "macro.lvsdb")
    return {"mismatches": len(found.mismatches), "transistors": found.devices, "nets": found.nets}


def antenna_ratios(spec: Path, folder: Path) -> dict[str, float]:
    """Antenna rules."""
    return _violations(antenna.run(SKY130, folder / "layout.gds", load_spec(spec).name, folder / "antenna.lyrdb"))


def metal_density(spec: Path, folder: Path) -> dict[str, float]:
    """Density windows and the shuttle's density deck."""
    name = load_spec(spec).name
    return _violations(density.run(SKY130, folder / "layout.gds", name, folder / "density.lyrdb", TIMEOUT_S))


def _violations(counts: Mapping[str, int]) -> dict[str, float]:
    return {"violations": sum(counts.values()), "rules": len(counts)}


WORK: Mapping[str, Callable[[Path, Path], dict[str, float]]] = {
    "generate": generate,
    "lvs": lvs_compare,
    "native": native,
    "antenna": antenna_ratios,
    "density": metal_density,
    "precheck": precheck_deck,
}


def measured(name: str, spec: Path, folder: Path) -> dict[str, float | str]:
    """One work with what it took; run it in a process of its own."""
    start = time.monotonic()
    found = WORK[name](spec, folder)
    seconds = time.monotonic() - start
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    row: dict[str, float | str] = {
        **found,
        "s": round(seconds, 1),
        "processor_s": round(sum(u.ru_utime + u.ru_stime for u in usage), 1),
        "peak_GB": round(max(u.ru_maxrss for u in usage) / 1024**2, 3),
    }
    if name in TARGETS:
        row["target_s"], row["target_GB"] = TARGETS[name]
    return row


def main() -> None:
    """One line per work, and the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", nargs="+", choices=[n for n in WORK if n != "generate"], help="only these checks")
    parser.add_argument("--spec", type=Path, default=SPEC)
    parser.add_argument("--port", choices=["none", "scan"], default="scan", help="the weight memory's periphery")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    names = ["generate", *(options.work or [n for n in WORK if n != "generate"])]
    table = json.loads(options.results.read_text()) if options.results.exists() else {}
    with tempfile.TemporaryDirectory() as scratch:
        spec = Path(scratch) / "spec.yaml"
        text = yaml.safe_load(options.spec.read_text())
        text["array"]["port"] = options.port
        spec.write_text(yaml.safe_dump(text))
        for name in names:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                row = pool.apply(measured, (name, spec, Path(scratch)))
            print(f"{name:>9}  " + "  ".join(f"{k} {v:g}" for k, v in row.items()), flush=True)
            table[name] = row
            table["layers"], table["port"] = text["array"]["layers"], options.port
            table["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, KLayout {kdb.__version__}"
            options.results.parent.mkdir(exist_ok=True)
            atomic_write(options.results, json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
