"""What the generator and the flow may ask of a process: layers, rules, devices. One folder per PDK fills it in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from somaforge.pdk.checks import Checks
from somaforge.pdk.data import Data
from somaforge.pdk.frames import NO_FRAMES, Frames
from somaforge.pdk.geometry import Length, Rules
from somaforge.pdk.library import StandardCells
from somaforge.pdk.models import Models
from somaforge.pdk.open_pdks import OpenPdks
from somaforge.pdk.symbols import Symbols
from somaforge.pdk.wires import Wires

Polarity = Literal["n", "p"]
Flavour = Literal["standard", "lvt", "hvt"]


@dataclass(frozen=True)
class DeviceType:
    """One MOS device of the foundry."""

    name: str
    """The foundry's subcircuit name, used in netlists, LVS and model binding."""
    polarity: Polarity
    flavour: Flavour
    min_w_nm: int
    min_l_nm: int
    marker: tuple[str, Length] | None = None
    """Layer that tells it from the plain device, and by how much it must enclose the gate; None for a plain one."""


@dataclass(frozen=True, eq=False)  # there is one of each
class Pdk:
    """A process as data. Geometry in nm."""

    name: str
    grid_nm: int
    layers: Mapping[str, tuple[int, int]]
    """Role (pdk.geometry) -> (GDS layer, GDS datatype)."""
    rules: Rules
    devices: tuple[DeviceType, ...]
    max_supply_V: float
    """Up to which the foundry's models of the devices are valid."""
    wires: Wires
    checks: Checks
    data: Data
    models: Models
    """Of its transistors."""
    cells: StandardCells | None = None
    """None: arrays of this process have no programming port."""
    open_pdks: OpenPdks | None = None
    """What its data may be taken from instead of their packages; None: nothing."""
    frames: Frames = NO_FRAMES
    """Of the shuttles that take it."""
    symbols: Symbols | None = None
    """Of its transistors, for schematics in xschem; None: none are drawn."""

    def device(self, polarity: Polarity, flavour: Flavour) -> DeviceType:
        """The device of that polarity and flavour; KeyError with the flavours that exist if there is none."""
        for device in self.devices:
            if device.polarity == polarity and device.flavour == flavour:
                return device
        have = ", ".join(d.flavour for d in self.devices if d.polarity == polarity)
        raise KeyError(f"{self.name} has no {flavour} {polarity}-channel device (it has: {have})")
