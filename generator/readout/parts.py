"""Transistors of one process by role, for the circuits of this room."""

from dataclasses import dataclass
from typing import NamedTuple

from somaforge.generator.circuit import Mos
from somaforge.pdk import Pdk
from somaforge.pdk.base import Flavour, Polarity
from somaforge.pdk.errors import InputError
from somaforge.pdk.geometry import Length

POLARITIES: tuple[Polarity, Polarity] = ("n", "p")


class Size(NamedTuple):
    """Channel width and length in nm."""

    w: int
    l: int  # noqa: E741


@dataclass(frozen=True)
class Parts:
    """Makes transistors whose bulks are the rails `gnd` and `vdd`."""

    pdk: Pdk

    def _name(self, kind: Polarity, flavour: Flavour) -> str:
        try:
            return self.pdk.device(kind, flavour).name
        except KeyError as missing:
            raise InputError(f"readout: {missing.args[0]}; give the block's sizes another flavour") from None

    def switch(self, kind: Polarity, w_nm: int) -> Size:
        """As short as the process allows."""
        return Size(w_nm, self.pdk.device(kind, "standard").min_l_nm)

    def weak(self, kind: Polarity, l_nm: int) -> Size:
        """As narrow as the process allows."""
        return Size(self.pdk.device(kind, "standard").min_w_nm, l_nm)

    def n(self, name: str, d: str, g: str, s: str, size: Size, flavour: Flavour = "standard") -> Mos:
        """An n channel. InputError if the process has none of that flavour."""
        return Mos(name, self._name("n", flavour), d, g, s, "gnd", size.w, size.l)

    def p(self, name: str, d: str, g: str, s: str, size: Size, flavour: Flavour = "standard") -> Mos:
        """A p channel. InputError if the process has none of that flavour."""
        return Mos(name, self._name("p", flavour), d, g, s, "vdd", size.w, size.l)

    def is_n(self, mos: Mos) -> bool:
        """Whether a transistor stands in the n strip."""
        return mos.b == "gnd"

    def marker(self, mos: Mos) -> tuple[str, Length] | None:
        """The layer that tells a transistor from a plain one, and by how much it encloses the gate."""
        return next(d.marker for d in self.pdk.devices if d.name == mos.device)
