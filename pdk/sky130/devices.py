"""The devices that LVS and extraction know in sky130, as the foundry's netlists call them: a closed list.

Names, order of terminals and units: sky130_fd_pr and the precheck's netgen set-up (sky130A_setup.tcl), pinned packages.
"""

from dataclasses import replace
from typing import Literal

import klayout.db as kdb

from somaforge.pdk.netlist_devices import MOS_TERMINALS, Device, NetlistDevices, polarized
from somaforge.pdk.sky130.cards import CARDS

PREFIX = "sky130_fd_pr__"


def _polar_capacitor() -> kdb.DeviceClass:
    return polarized(kdb.DeviceClassCapacitor())


def _list() -> tuple[Device, ...]:
    found: list[Device] = []
    for name in ("nfet_01v8", "nfet_01v8_lvt", "pfet_01v8", "pfet_01v8_lvt", "pfet_01v8_hvt", "nfet_g5v0d10v5",
                 "pfet_g5v0d10v5"):  # fmt: skip
        polarity: Literal["n", "p"] = "n" if name.startswith("n") else "p"
        found.append(Device(name, kdb.DeviceClassMOS4Transistor, MOS_TERMINALS, ("W", "L"), polarity=polarity))
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
    return tuple(replace(device, prefix=PREFIX, card=CARDS.get(device.name)) for device in found)


MODELLED: tuple[str, ...] = tuple(
    PREFIX + name for name in ("nfet_01v8", "nfet_01v8_lvt", "pfet_01v8", "pfet_01v8_hvt", "pfet_01v8_lvt")
)
"""Transistors whose models we bind."""

# Netlist names of devices that no mask layer tells from another: the foundry's standard cells call their narrow
# transistors "special" (sky130_fd_pr/cells/nfet_01v8).
_SAME = {
    PREFIX + "special_nfet_01v8": PREFIX + "nfet_01v8",
    PREFIX + "special_pfet_01v8_hvt": PREFIX + "pfet_01v8_hvt",
}

NETLIST_DEVICES = NetlistDevices(_list(), _SAME, PREFIX)
