"""Reads schematics of xschem as xschem does: what a sheet joins, from the places of its wires, terminals and labels.

Independent of how they are written: only the terminals of the foundry's symbols are those that the process states.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from somaforge.generator.circuit import Call, Circuit
from somaforge.pdk.sky130.symbols import symbol

Point = tuple[float, float]
Wire = tuple[Point, Point]
Device = tuple[str, str, str, str, str, str, str]
"""Model, drain, gate, source, body, W and L in um."""
_OBJECT = re.compile(
    r"^C \{([^}]*)\} (\S+) (\S+) (\d) (\d) \{([^}]*)\}$|^N (\S+) (\S+) (\S+) (\S+) \{[^}]*\}$", re.MULTILINE
)
_PIN = re.compile(r"^B 5 (\S+) (\S+) (\S+) (\S+) \{name=(\S+) [^}]*\}$", re.MULTILINE)
_ATTRIBUTE = re.compile(r'(\w+)=("[^"]*"|\S+)')
_LABELS = ("lab_pin.sym", "ipin.sym", "iopin.sym", "__bus.sym")


class WrongError(Exception):
    """What xschem would not take, or would name itself."""


@dataclass
class Netlist:
    """One circuit as its sheet says it."""

    ports: tuple[str, ...]
    devices: Counter[Device] = field(default_factory=Counter)
    calls: set[Call] = field(default_factory=set)


def of(circuit: Circuit) -> Netlist:
    """The same from the circuit."""
    prefix = "sky130_fd_pr__"
    devices = Counter(
        (m.device.removeprefix(prefix), m.d, m.g, m.s, m.b, f"{m.w_nm / 1000:g}", f"{m.l_nm / 1000:g}")
        for m in circuit.mos
    )
    return Netlist(circuit.ports, devices, set(circuit.calls))


def read(files: Mapping[str, str], circuit: str) -> Netlist:
    """The netlist of a sheet."""
    sheet = _Sheet(files, files[f"{circuit}.sch"])
    ports = tuple(name for name, _ in _pins(files, f"{circuit}.sym"))
    if sheet.ports != set(ports):
        raise WrongError(f"{circuit}: the sheet's terminals {sheet.ports ^ set(ports)} are not the symbol's")
    found = Netlist(ports)
    for kind, at, values in sheet.parts:
        if values.get("spiceprefix") == "X":
            ends = symbol(f"sky130_fd_pr__{values['model']}").terminals
            d, g, s, b = (sheet.nets((at[0] + x, at[1] + y)) for x, y in (ends.d, ends.g, ends.s, ends.b))
            device = (values["model"], d[0], g[0], s[0], b[0], values["W"], values["L"])
            found.devices[device] += int(values["mult"])
            continue
        names = values["name"].split(",")
        pins = [sheet.nets((at[0] + x, at[1] + y)) for _, (x, y) in _pins(files, kind)]
        for k, name in enumerate(names):
            if any(len(nets) not in (1, len(names)) for nets in pins):
                raise WrongError(f"{name}: buses of other widths")
            nets = tuple(nets[k % len(nets)] for nets in pins)
            found.calls.add(Call(name, kind.removesuffix(".sym"), nets))
    return found


def _pins(files: Mapping[str, str], name: str) -> list[tuple[str, Point]]:
    found = []
    for box in _PIN.finditer(files[name]):
        x1, y1, x2, y2 = map(float, box.groups()[:4])
        found.append((box[5], ((x1 + x2) / 2, (y1 + y2) / 2)))
    return found


class _Sheet:
    """Objects of a file, joined where they touch."""

    def __init__(self, files: Mapping[str, str], text: str) -> None:
        self.parts: list[tuple[str, Point, dict[str, str]]] = []
        self.ports: set[str] = set()
        self._wires: list[Wire] = []
        self._labels: list[tuple[Point, str]] = []
        for found in _OBJECT.finditer(text):
            if found[7] is not None:
                x1, y1, x2, y2 = map(float, found.groups()[6:])
                self._wires.append(((x1, y1), (x2, y2)))
                continue
            at, values = (float(found[2]), float(found[3])), _values(found[6])
            if not found[1].endswith(_LABELS):
                self.parts.append((found[1], at, values))
                continue
            self._labels.append((at, values["lab"]))
            if values["name"].startswith("p"):
                self.ports.add(values["lab"])
        if len(list(_OBJECT.finditer(text))) != len(re.findall(r"^[CN] ", text, re.MULTILINE)):
            raise WrongError("an object that is not understood")

        self._groups = _joined(self._wires)
        self._names = [{lab for p, lab in self._labels if any(_on(p, *w) for w in group)} for group in self._groups]

    def nets(self, at: Point) -> list[str]:
        """What the wires and labels at a place are called; WrongError if nothing or two things."""
        names = {lab for p, lab in self._labels if p == at}
        for group, called in zip(self._groups, self._names, strict=True):
            if any(_on(at, *wire) for wire in group):
                names |= called
        if len(names) != 1:
            raise WrongError(f"{at} is called {sorted(names)}")
        return names.pop().split(",")


def _joined(wires: list[Wire]) -> list[list[Wire]]:
    """Wires by what hangs together: an end of one lies on the other."""
    groups: list[list[Wire]] = []
    for wire in wires:
        touching = [g for g in groups if any(_touch(wire, other) for other in g)]
        groups = [g for g in groups if g not in touching]
        groups.append([wire, *(other for g in touching for other in g)])
    return groups


def _touch(one: Wire, other: Wire) -> bool:
    return any(_on(p, *other) for p in one) or any(_on(p, *one) for p in other)


def _on(p: Point, a: Point, b: Point) -> bool:
    return min(a[0], b[0]) <= p[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= p[1] <= max(a[1], b[1])


def _values(text: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(text)}
