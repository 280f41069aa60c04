"""A second opinion on a cell: netgen compares the netlist of the layout with the schematic."""

import json
import shutil
from pathlib import Path
from typing import Any

import klayout.db as kdb

from somaforge.flow.checks.spice_reader import find_circuit, read_netlist
from somaforge.pdk.base import Pdk
from somaforge.pdk.errors import InputError, ToolError
from somaforge.pdk.extraction import extract
from somaforge.pdk.files import atomic_write
from somaforge.pdk.netlist_devices import NetlistDevices
from somaforge.pdk.templating import render
from somaforge.pdk.tool import Ended, run_again, run_tool

TIMEOUT_S = 120.0
SIZE_TOLERANCE = 0.002
"""Relative: 1 nm (layouts are on a 5 nm grid) of the narrowest transistor; a W wrong by 1.5 % is far outside."""


def compare(pdk: Pdk, layout: Path, schematic: Path, cell: str, workdir: Path, timeout_s: float = TIMEOUT_S) -> int:
    """Mismatches that netgen finds between `cell` of a layout and of a SPICE netlist; its files stay in `workdir`.

    Both netlists are written flat by somaforge (sizes in um, the schematic's pins), so netgen sees one dialect.
    """
    ours, theirs = workdir / "layout.spice", workdir / "schematic.spice"
    devices = pdk.checks.connectivity.devices
    reference = read_netlist(schematic, cell, devices)
    top = find_circuit(reference, cell)
    pins = [pin.name() for pin in top.each_pin()]
    name = top.name
    extraction = extract(layout, cell, by=pdk.checks.connectivity)
    extraction.netlist.flatten()
    reference.flatten_circuits([c for c in reference.each_circuit() if c.name != name])
    atomic_write(ours, _spice(extraction.top, pins, name))
    atomic_write(theirs, _spice(top, pins, name))
    # netgen passes over pins that nothing is connected to, so a missing label is counted here.
    labels = {label.lower() for net in extraction.top.each_net() for label in net.name.split(",")}
    return run(devices, ours, theirs, name, workdir, timeout_s) + sum(pin.lower() not in labels for pin in pins)


def run(
    devices: NetlistDevices,
    layout_spice: Path,
    schematic_spice: Path,
    cell: str,
    workdir: Path,
    timeout_s: float = TIMEOUT_S,
) -> int:
    """Mismatches between two SPICE files (nets, devices, sizes, pins); ToolError if netgen did not finish.

    File names must end in .spice: netgen guesses other formats from other names. Its printed verdict is not used
    ("Circuits match uniquely" is printed before "Property errors were found"), its structured output is.
    """
    program = shutil.which("netgen-lvs")
    if program is None:
        raise ToolError("netgen: not installed; run make setup (Debian package netgen-lvs)")
    for path in (layout_spice, schematic_spice):
        if path.suffix != ".spice" or not path.is_file():
            raise InputError(f"netgen: {path} must be an existing .spice file")
    workdir.mkdir(parents=True, exist_ok=True)
    setup, result = workdir / "setup.tcl", workdir / "netgen.json"
    atomic_write(setup, render("netgen_setup.tcl.j2", devices=devices.transistors, tolerance=SIZE_TOLERANCE))
    command = [
        program, "-batch", "lvs", f"{layout_spice.resolve()} {cell}", f"{schematic_spice.resolve()} {cell}",
        setup.name, "netgen.txt", "-json",
    ]  # fmt: skip

    def once() -> Ended:
        result.unlink(missing_ok=True)
        return run_tool(command, timeout_s, folder=workdir)

    try:
        done = run_again(once, f"netgen: {cell}")
    except TimeoutError:
        raise ToolError(f"netgen: {cell} not compared in {timeout_s:g} s; compare a smaller cell") from None
    atomic_write(workdir / "netgen.log", done.text)
    if done.code != 0 or "LVS Done." not in done.text:
        raise ToolError(f"netgen: ended with code {done.code} on {cell}; see {workdir / 'netgen.log'}")
    return count_mismatches(result, cell)


def count_mismatches(result: Path, cell: str) -> int:
    """Mismatches in netgen's structured output; ToolError if it does not report on `cell` with devices in it."""
    try:
        cells = json.loads(result.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ToolError(f"netgen: no readable result for {cell} ({error})") from None
    reported = [c for c in cells if [n.lower() for n in c.get("name", ())] == [cell.lower()] * 2]
    if len(reported) != 1 or not all(side for side in reported[0].get("devices", [[]])):
        raise ToolError(f"netgen: its result does not report on {cell}; see {result}")
    return sum(_mismatches(c) for c in cells)


def _mismatches(cell: dict[str, Any]) -> int:
    count: int = len(cell["badnets"]) + len(cell["badelements"]) + len(cell.get("properties", ()))
    count += int(cell["nets"][0] != cell["nets"][1])
    ours, theirs = ({name: number for name, number in side} for side in cell["devices"])
    count += int(ours != theirs)
    if not count and "pins" not in cell:
        raise ToolError(f"netgen: pins of {cell['name'][0]} were not compared; see its log")
    # netgen compares pins only of circuits whose nets and devices match; those that do not are counted above.
    first, second = cell.get("pins", ([], []))
    count += abs(len(first) - len(second))
    count += sum(a.lower() != b.lower() for a, b in zip(first, second, strict=False))
    return count


def _spice(circuit: kdb.Circuit, pins: list[str], name: str) -> str:
    """A flat circuit as text; nets are numbered except the pins, which keep their names."""
    named = {pin.lower(): pin for pin in pins}
    lines = [f".subckt {name} {' '.join(pins)}"]
    numbers: dict[str, str] = {}

    def node(terminal_net: kdb.Net | None) -> str:
        if terminal_net is None:
            raise InputError(f"circuit {circuit.name}: a transistor has an open terminal")
        for label in terminal_net.name.lower().split(","):
            if label in named:
                return named[label]
        return numbers.setdefault(terminal_net.expanded_name(), f"n{len(numbers)}")

    for i, device in enumerate(circuit.each_device()):
        nets = " ".join(node(device.net_for_terminal(t)) for t in ("D", "G", "S", "B"))
        sizes = f"w={device.parameter('W'):.4f} l={device.parameter('L'):.4f}"
        lines.append(f"X{i} {nets} {device.device_class().name} {sizes}")
    return "\n".join([f"* {name}, flat", *lines, ".ends", ""])
