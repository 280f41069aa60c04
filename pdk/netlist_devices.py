"""The devices that LVS and extraction know in a process: a closed list, by the names in the foundry's netlists."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import klayout.db as kdb

MOS_TERMINALS = ("D", "G", "S", "B")


@dataclass(frozen=True)
class Card:
    """How extraction writes a device that is no transistor, for the foundry's models."""

    element: Literal["X", "R"]
    terminals: tuple[str, ...]
    """Names of the device class in the order of the model."""
    lengths: bool
    """Sizes are w and l (um); else area (um2) and perim."""

    def sizes(self, found: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
        """Parameters of the element from those of the device class."""
        if self.lengths:
            return ("w", found["W"]), ("l", found["L"])
        return ("area", found["A"]), ("perim", found["P"])


@dataclass(frozen=True)
class Device:
    """One kind of device."""

    name: str
    """Without the prefix that all names of the process have."""
    make: Callable[[], kdb.DeviceClass]
    terminals: tuple[str, ...]
    """In the order of the foundry's netlists, by the names of the device class."""
    sizes: tuple[str, ...]
    """Parameters that are compared (device class): lengths in um, areas in um2."""
    w_um: float | None = None
    """Width that the name fixes."""
    family: str = ""
    """The device that it is one width of; empty: itself."""
    prefix: str = ""
    polarity: Literal["n", "p", ""] = ""
    """Of the channel, for transistors."""
    card: Card | None = None
    """None: a transistor, or nothing that extraction carries."""

    @property
    def full_name(self) -> str:
        """As the foundry's netlists write it."""
        return self.prefix + self.name

    @property
    def kind(self) -> str:
        """Name of its device class."""
        return self.prefix + (self.family or self.name)


def polarized(kind: kdb.DeviceClass) -> kdb.DeviceClass:
    """The device class; plates of a MiM capacitor differ: top and bottom must not change places (netgen does not
    permute them either)."""
    if isinstance(kind, kdb.DeviceClassCapacitor):
        kind.clear_equivalent_terminal_ids()
    return kind


@dataclass(frozen=True)
class NetlistDevices:
    """What a line of a netlist may mean."""

    devices: tuple[Device, ...]
    same: Mapping[str, str] = field(default_factory=dict)
    """Names in netlists of devices that no mask layer tells from another -> the other one (both in full)."""
    prefix: str = ""
    """What every full name begins with, and CDL leaves out."""

    @cached_property
    def by_name(self) -> Mapping[str, Device]:
        """By the foundry's full name."""
        return {device.full_name: device for device in self.devices}

    @property
    def transistors(self) -> tuple[str, ...]:
        """Full names of those with drain, gate, source and bulk."""
        return tuple(device.full_name for device in self.devices if device.terminals == MOS_TERMINALS)

    def find(self, model: str) -> Device | None:
        """The device that `model` means, or None. CDL leaves the prefix out, some tools the case."""
        name = model.lower()
        if not name.startswith(self.prefix):
            name = self.prefix + name
        return self.by_name.get(self.same.get(name, name))


def um(length: float) -> float:
    """A length of a netlist in um: no device is 1 mm or 1 nm long, so what is below 1e-3 is in metres. Diodes of
    foundries' netlists and of xschem are in 1e-6 um: what is above 1e4 is that.

    >>> um(0.42), round(um(420e-9), 6), um(420_000)
    (0.42, 0.42, 0.42)
    """
    if abs(length) < 1e-3:
        return length * 1e6
    return length * 1e-6 if abs(length) > 1e4 else length


def um2(area: float) -> float:
    """An area of a netlist in um2, from m2, um2 or (see `um`) 1e-12 um2."""
    if abs(area) < 1e-6:
        return area * 1e12
    return area * 1e-12 if abs(area) > 1e8 else area
