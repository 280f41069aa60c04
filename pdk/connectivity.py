"""What conducts and what is a device in the layouts of a process, as a value; `pdk.extraction` reads layouts by it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import klayout.db as kdb

from somaforge.pdk.layout_file import OpenLayout
from somaforge.pdk.netlist_devices import NetlistDevices

Numbers = tuple[int, int]
"""GDS layer and datatype."""
Layer = Callable[[Numbers], kdb.Region]
"""A drawn layer as a region of the extraction."""
Layers = Sequence[Numbers]
"""Layers that have shapes."""
Contact = tuple[str, str]
"""Two conductors that are joined where they touch."""


@dataclass(frozen=True)
class Conducting:
    """What conducts in one layout."""

    regions: Mapping[str, kdb.Region]
    """By conductor."""
    more: tuple[Contact, ...] = ()
    """Contacts of conductors that only this layout has (plates of capacitors)."""


@dataclass(frozen=True)
class Recognition:
    """How the conductors and devices of a process are made from drawn layers."""

    refuse: Callable[[OpenLayout, Layers, Layer], None]
    """InputError that names the first device which is none of the process's list, and its place."""
    conducting: Callable[[kdb.LayoutVsSchematic, Layers, Layer], Conducting]
    """Every conductor by name, without the parts that are devices, registered with the extraction."""
    devices: Callable[[kdb.LayoutVsSchematic, Layers, Layer, Mapping[str, kdb.Region]], None]
    """Extract every device; the regions are those of `conducting` and "bulk", the substrate."""


@dataclass(frozen=True)
class Connectivity:
    """Conductors, contacts, names and devices."""

    name: str
    """Of the process, for the LVS database."""
    layers: Mapping[str, Numbers]
    """Drawn layers that make nets and devices, by name."""
    contacts: tuple[Contact, ...]
    """From the devices up."""
    wells: tuple[str, ...]
    """Conductors that are no wires: two nets that meet in one alone are an error."""
    well_taps: tuple[Contact, ...]
    """(tap, the well that it ties)."""
    substrate_taps: tuple[str, ...]
    labels: Mapping[str, Numbers]
    """Conductor -> names on it."""
    pins: Mapping[str, Numbers]
    """Conductor -> pin shapes on it; names may stand there as well."""
    substrate_label: Numbers | None
    devices: NetlistDevices
    recognition: Recognition
    box_layers: frozenset[Numbers]
    """What stays of a black box: wires, wells, taps, labels."""
    box_cuts: tuple[tuple[Numbers, Numbers], ...] = ()
    """(layer, mark): where a mark parts a wire of a black box, because it is a device there."""

    @property
    def conductors(self) -> tuple[str, ...]:
        """Every conductor of the contacts, in their order."""
        return tuple(dict.fromkeys(name for pair in self.contacts for name in pair))

    @property
    def texts(self) -> tuple[Numbers, ...]:
        """Layers whose texts are names."""
        own = () if self.substrate_label is None else (self.substrate_label,)
        return (*self.labels.values(), *self.pins.values(), *own)
