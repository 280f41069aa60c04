"""Transistors of one process by role, for the circuits of this room."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from somaforge.generator.circuit import Mos
from somaforge.pdk import Pdk
from somaforge.pdk.base import Polarity

POLARITIES: tuple[Polarity, Polarity] = ("n", "p")


class Size(NamedTuple):
    """Channel width and length in nm."""

    w: int
    l: int  # noqa: E741


@dataclass(frozen=True)
class Parts:
    """Makes transistors of standard threshold whose bulks are the rails `gnd` and `vdd`."""

    pdk: Pdk

    @cached_property
    def _names(self) -> dict[str, str]:
        return {kind: self.pdk.device(kind, "standard").name for kind in ("n", "p")}

    def switch(self, kind: Polarity, w_nm: int) -> Size:
        """As short as the process allows."""
        return Size(w_nm, self.pdk.device(kind, "standard").min_l_nm)

    def weak(self, kind: Polarity, l_nm: int) -> Size:
        """As narrow as the process allows."""
        return Size(self.pdk.device(kind, "standard").min_w_nm, l_nm)

    def n(self, name: str, d: str, g: str, s: str, size: Size) -> Mos:
        """An n channel."""
        return Mos(name, self._names["n"], d, g, s, "gnd", size.w, size.l)

    def p(self, name: str, d: str, g: str, s: str, size: Size) -> Mos:
        """A p channel."""
        return Mos(name, self._names["p"], d, g, s, "vdd", size.w, size.l)

    def is_n(self, mos: Mos) -> bool:
        """Whether a transistor stands in the n strip."""
        return mos.b == "gnd"
