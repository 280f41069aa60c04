"""SPICE and CDL netlists for LVS: foundry X lines, M lines, sizes in um or metres, parallel devices one by one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import klayout.db as kdb

from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130.connectivity import DEVICE_NAMES, SAME_DEVICE

# Sizes below this are in metres, above in um (the foundry's LVS netlists): no transistor is 1 mm or 1 nm long.
METRES_BELOW = 1e-3
PREFIX = "sky130_fd_pr__"


def read_netlist(path: Path, top: str) -> kdb.Netlist:
    """The netlist in `path`; W and L in um, names as written, elements without their first letter.

    InputError if it cannot be read, holds anything but transistors and calls, or has no `top`.
    """
    if not path.is_file():
        raise InputError(f"netlist {path}: no such file")
    reader = _Delegate(path)
    netlist = kdb.Netlist()
    netlist.case_sensitive = True
    try:
        netlist.read(str(path), kdb.NetlistSpiceReader(reader))
    except RuntimeError as error:
        raise InputError(
            reader.problem or f"netlist {path}: cannot be read ({' '.join(str(error).split())})"
        ) from error
    if reader.problem:
        raise InputError(reader.problem)
    netlist.case_sensitive = False
    _restore_case(netlist, path)
    find_circuit(netlist, top, f"netlist {path}")
    return netlist


def find_circuit(netlist: kdb.Netlist, name: str, where: str = "netlist") -> kdb.Circuit:
    """The circuit with that name, upper and lower case the same (SPICE); InputError if there is none."""
    for circuit in netlist.each_circuit():
        if circuit.name.lower() == name.lower():
            return circuit
    names = ", ".join(sorted(c.name for c in netlist.each_circuit())[:5])
    raise InputError(f"{where}: no subcircuit {name!r}; it has: {names or 'none'}")


def _restore_case(netlist: kdb.Netlist, path: Path) -> None:
    """KLayout's reader writes names in upper case; give them back as `path` spells them (first spelling wins)."""
    spelled: dict[str, str] = {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for word in (w for line in lines if not line.lstrip().startswith("*") for w in line.split()):
        spelled.setdefault(word.upper(), word)
        # The reader drops the letter that says what an element is.
        spelled.setdefault(word[1:].upper(), word[1:])
    for circuit in netlist.each_circuit():
        circuit.name = spelled.get(circuit.name.upper(), circuit.name)
        for pin in circuit.each_pin():
            circuit.rename_pin(pin.id(), spelled.get(pin.name().upper(), pin.name()))
        parts: list[kdb.Net | kdb.Device | kdb.SubCircuit] = [*circuit.each_net(), *circuit.each_device()]
        for part in (*parts, *circuit.each_subcircuit()):
            part.name = spelled.get(part.name.upper(), part.name)


def device_name(model: str) -> str | None:
    """The foundry's device that `model` means, or None. CDL leaves the prefix out, some tools the case."""
    name = model.lower()
    if not name.startswith(PREFIX):
        name = PREFIX + name
    name = SAME_DEVICE.get(name, name)
    return name if name in DEVICE_NAMES else None


class _Delegate(kdb.NetlistSpiceReaderDelegate):
    """Turns the lines of transistors into devices; everything else that is not a call is refused."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.problem: str | None = None
        self.kinds: dict[str, kdb.DeviceClass] = {}

    def wants_subcircuit(self, circuit_name: str) -> bool:
        return circuit_name.lower().startswith(PREFIX)

    def element(
        self,
        circuit: kdb.Circuit,
        element: str,
        name: str,
        model: str,
        value: float,
        nets: Sequence[kdb.Net],
        params: dict[str, Any],
    ) -> bool:
        device = device_name(model)
        where = f"netlist {self.path}: {element}{name} in {circuit.name}"
        if element.upper() not in ("M", "X") or device is None or len(nets) != 4:
            return self._refuse(
                f"{where}: {model or element!r} is no transistor that LVS knows; remove it or add its device"
            )
        # CDL carries words too (topography=normal); only numbers can be sizes.
        sizes = {k.upper(): float(v) for k, v in params.items() if isinstance(v, int | float)}
        if "W" not in sizes or "L" not in sizes or sizes["W"] <= 0 or sizes["L"] <= 0:
            return self._refuse(f"{where}: needs w and l above 0")
        fingers = _count(sizes.get("NF", 1.0))
        parallel = _count(sizes.get("M", sizes.get("MULT", 1.0)))
        if fingers is None or parallel is None:
            return self._refuse(f"{where}: m, mult and nf must be whole numbers from 1 to 1000")
        kind = self._kind(circuit.netlist(), device)
        for i in range(fingers * parallel):
            made = circuit.create_device(kind, name if i == 0 else f"{name}__{i}")
            for terminal, net in zip(("D", "G", "S", "B"), nets, strict=True):
                made.connect_terminal(terminal, net)
            made.set_parameter("W", _um(sizes["W"]) / fingers)
            made.set_parameter("L", _um(sizes["L"]))
        return True

    def _kind(self, netlist: kdb.Netlist, name: str) -> kdb.DeviceClass:
        # Not netlist.device_class_by_name: it looks for the name in upper case and would never find ours.
        if name not in self.kinds:
            kind = kdb.DeviceClassMOS4Transistor()
            kind.name = name
            netlist.add(kind)
            self.kinds[name] = kind
        return self.kinds[name]

    def _refuse(self, problem: str) -> bool:
        # An exception would have to cross C++: the reader ends first and the problem is raised after it.
        self.problem = self.problem or problem
        return True


def _um(size: float) -> float:
    return size * 1e6 if size < METRES_BELOW else size


def _count(value: float) -> int | None:
    return int(value) if value == int(value) and 1 <= value <= 1000 else None
