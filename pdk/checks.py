"""How layouts of a process are checked: connectivity, devices, native rules, antenna, density, decks, other layers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from somaforge.pdk.antenna import AntennaRule, Charged
from somaforge.pdk.connectivity import Connectivity
from somaforge.pdk.decks import RuleDeck
from somaforge.pdk.density import Density
from somaforge.pdk.drawn import AnyTable, Numbers
from somaforge.pdk.layout_file import OpenLayout


@dataclass(frozen=True)
class Antenna:
    """Antenna rules in the order in which the layers are made, and what is charged in a layout."""

    rules: tuple[AntennaRule, ...]
    charged: Callable[[OpenLayout], Charged]


@dataclass(frozen=True)
class Checks:
    """Everything that DRC, LVS and extraction ask of a process."""

    connectivity: Connectivity
    native: AnyTable
    antenna: Antenna
    density: Density
    deck: RuleDeck | None
    """The shuttle's or the foundry's own rules; None: there is none, and no layout of the process is signed off."""
    no_mask: Mapping[Numbers, tuple[str, str]]
    """Layers that carry nothing for a mask -> name and reason."""
    without_rules: Mapping[Numbers, str]
    """Names of layers that a layout may hold and no native rule looks at: for messages, nothing depends on it."""

    def named(self, numbers: Numbers) -> str:
        """A layer for a reader, for example "81/2 (areaid.ce, memory core with rules of its own)"."""
        known = self.without_rules.get(numbers, f"no layer of {self.connectivity.name} known here")
        return f"{numbers[0]}/{numbers[1]} ({known})"
