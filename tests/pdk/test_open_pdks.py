"""An installation in the open_pdks form serves as the pinned packages do; the trees are built from our own data."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import klayout.db as kdb
import numpy as np
import pytest
import yaml

from somaforge.flow import cli
from somaforge.flow.memory import port, port_simulation
from somaforge.flow.runner import doctor
from somaforge.generator import verilog
from somaforge.generator.address import memory_map
from somaforge.generator.periphery import netlist
from somaforge.pdk.errors import InputError, ToolError
from somaforge.pdk.files import atomic_write
from somaforge.pdk.open_pdks import commit, take
from somaforge.pdk.sky130.binding import bind
from somaforge.pdk.sky130.data import BINNED_CARDS, DATA, FOUNDRY, SHUTTLE
from somaforge.pdk.sky130.library import CELLS
from somaforge.pdk.sky130.open_pdks import OPEN_PDKS
from somaforge.pdk.sky130.process import SKY130

pytestmark = pytest.mark.needs_pdk

ROOT = Path(__file__).parents[2]
COMMIT = "0fe599b2afb6708d281543108caf8310912f54af"
LIBRARY = "sky130_fd_sc_hd"
USED = sorted({CELLS.full(name) for name in (*(c.name for c in CELLS.functions.values()), CELLS.filler, CELLS.tap)})
_INCLUDE = re.compile(r'^`include "(.+)"$', re.MULTILINE)


def _whole(path: Path, primitives: dict[str, str]) -> str:
    """A Verilog file with its includes in it; those of the library's models go into `primitives`."""

    def included(found: re.Match[str]) -> str:
        inner = path.parent / found[1]
        if "models" in inner.parts and "models" not in path.parts:
            primitives[inner.name] = _whole(inner, primitives)
            return ""
        return _whole(inner, primitives)

    return _INCLUDE.sub(included, path.read_text())


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PDK_ROOT with sky130A: the library in one file of each kind, sizes of one cell in um and with junctions."""
    root = tmp_path_factory.mktemp("pdk-root")
    top = root / "sky130A"
    for source, place in (("models", "combined/continuous"), ("precheck", "klayout/drc")):
        folder = DATA.folder(source) / ("drc_scripts" if source == "precheck" else "")
        for path in (p for p in folder.iterdir() if p.is_file()):
            (top / "libs.tech" / place).mkdir(parents=True, exist_ok=True)
            (top / "libs.tech" / place / path.name).write_bytes(path.read_bytes())
    library, netlists, models = kdb.Layout(), [], []
    primitives: dict[str, str] = {}
    for name in USED:
        library.read(str(CELLS.file(name, ".gds")))
        netlists.append(CELLS.file(name, ".spice").read_text())
        models.append(_whole(CELLS.file(name, ".v"), primitives))
    text = "\n".join(netlists).replace("w=650000u l=150000u", "ad=0.169 pd=1.82 as=0.169 ps=1.82 w=0.65 l=0.15")
    views = top / "libs.ref" / LIBRARY
    for kind in ("gds", "spice", "verilog"):
        (views / kind).mkdir(parents=True)
    library.write(str(views / f"gds/{LIBRARY}.gds"))
    (views / f"spice/{LIBRARY}.spice").write_text(text)
    (views / f"verilog/{LIBRARY}.v").write_text("\n".join(models))
    (views / "verilog/primitives.v").write_text("\n".join(primitives.values()))
    atomic_write(top / ".config/nodeinfo.json", json.dumps({"commit": {"open_pdks": COMMIT, "magic": "1"}}))
    return root


@pytest.fixture
def taken(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data root with what that tree has."""
    monkeypatch.setenv("SOMAFORGE_PDK_ROOT", str(tmp_path / "root"))
    take(OPEN_PDKS, tree, lambda line: None)
    return tmp_path / "root"


def test_models_and_cells_are_the_same(taken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = [(d.name, 840, 790) for d in SKY130.devices]
    theirs = [bind(*size, "tt").card("x") for size in sizes]
    cells = {name: CELLS.circuit.__wrapped__(name) for name in USED}  # type: ignore[attr-defined]
    drawn = {name: CELLS.file(name, ".gds") for name in USED}
    assert all(path.is_relative_to(taken) for path in drawn.values())
    monkeypatch.delenv("SOMAFORGE_PDK_ROOT")
    assert [bind(*size, "tt").card("x") for size in sizes] == theirs
    assert {name: CELLS.circuit.__wrapped__(name) for name in USED} == cells  # type: ignore[attr-defined]
    for name, path in drawn.items():
        ours, other = kdb.Layout(), kdb.Layout()
        ours.read(str(CELLS.file(name, ".gds")))
        other.read(str(path))
        assert kdb.LayoutDiff().compare(ours, other, kdb.LayoutDiff.Silent)


def test_what_identifies_them_is_the_installation(taken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and reports know that these are not the packages, and which installation it was."""
    version, made = DATA.version, rf"=open_pdks-{COMMIT[:12]}-[0-9a-f]{{8}}"
    assert re.fullmatch(f"{FOUNDRY.folder}{made} {SHUTTLE.folder}{made}", version)
    found = next(f for f in doctor.examine() if f.name == "pdk-sky130")
    assert found.problem == ""
    assert found.version == f"{version} (not in open_pdks: binned, frames; run somaforge pdk install sky130 for them)"
    with pytest.raises(ToolError, match="sky130: the open_pdks installation has no binned: run somaforge pdk install"):
        DATA.folder("binned")
    monkeypatch.delenv("SOMAFORGE_PDK_ROOT")
    assert DATA.version != version
    assert BINNED_CARDS.folder in DATA.version


def test_files_that_change_afterwards_are_noticed(taken: Path) -> None:
    (taken / FOUNDRY.folder / "sky130/src/sky130_fd_pr/combined_models/continuous/models_fet.spice").write_text("* x\n")
    with pytest.raises(ToolError, match=r"^PDK data damaged: .*/continuous: not what was installed"):
        DATA.require_intact()


@pytest.mark.parametrize("lost", ["libs.tech/combined/continuous", f"libs.ref/{LIBRARY}/gds/{LIBRARY}.gds"])
def test_what_is_not_there_is_named(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    monkeypatch.setenv("SOMAFORGE_PDK_ROOT", str(tmp_path / "root"))
    away = tree / "sky130A" / lost
    away.rename(tmp_path / "away")
    try:
        with pytest.raises(InputError, match=rf"--from .*{lost}: No such file or directory; nothing was taken"):
            take(OPEN_PDKS, tree, lambda line: None)
    finally:
        (tmp_path / "away").rename(away)
    assert list((tmp_path / "root").iterdir()) == []


def test_command(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The variant's folder or the one above it; the packages take the place of what was taken again."""
    monkeypatch.setenv("SOMAFORGE_PDK_ROOT", str(tmp_path / "root"))
    for given in (tree, tree / "sky130A"):
        assert cli.run(["pdk", "install", "sky130", "--from", str(given)]) == 0
    assert cli.run(["pdk", "install", "sky130", "--from", str(tmp_path)]) == 2
    assert "no installation in the open_pdks form: sky130A/libs.tech is not in it" in capsys.readouterr().err
    assert commit(tmp_path) == "unknown"


@pytest.mark.needs_iverilog
@pytest.mark.usefixtures("taken")
def test_gates_are_simulated_with_their_models(tmp_path: Path) -> None:
    memory = memory_map((3, 2), 3)
    text = verilog.gates(CELLS, "net", memory, netlist.build(memory))
    bits = (np.random.default_rng(1).integers(0, 2, (3, 2, 4)).astype(bool),)
    view = port_simulation.gates(CELLS, "net", text)
    found = port_simulation.simulate(view, memory, port.to_words(memory, bits), tmp_path)
    assert (found.wrong_count, found.wrong) == (0, ())
    assert found.clocks > 0


@pytest.mark.needs_klayout_app
@pytest.mark.nightly
def test_a_macro_is_drawn_and_checked_with_them(taken: Path, tmp_path: Path) -> None:
    """Cells of the port and the shuttle's deck, in a process of its own: nothing that this one has read counts."""
    spec = yaml.safe_load((ROOT / "examples/iris.yaml").read_text())
    spec["array"] |= {"layers": [4, 4, 3], "port": "scan"}
    spec["network"]["layers"] = [4, 4, 3]
    (tmp_path / "eye.yaml").write_text(yaml.safe_dump(spec))
    command = [sys.executable, "-m", "somaforge.flow.cli", "run", "eye.yaml", "--until", "lvs", "--out", "r"]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}"}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    checked = json.loads((tmp_path / "r/02-drc/metrics.json").read_text())
    compared = json.loads((tmp_path / "r/03-lvs/metrics.json").read_text())
    assert (checked["drc__native__count"], checked["drc__precheck__count"]) == (0, 0)
    assert (compared["lvs__mismatches__count"], compared["netgen__mismatches__count"]) == (0, 0)
