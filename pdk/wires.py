"""The wiring of a process: parasitics per extraction corner, and how much current a wire may carry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from somaforge.pdk.errors import InputError
from somaforge.pdk.interconnect import Interconnect


@dataclass(frozen=True)
class Wires:
    """What extraction and the check of the power grid ask of a process. Wires go by the names of its `Interconnect`."""

    corners: tuple[str, ...]
    """Extraction corners; the first is the nominal one."""
    make: Callable[[str, str], Interconnect]
    """(corner of the capacitances, corner of the resistances) -> the numbers."""
    max_A_per_um: Mapping[str, float]
    """Metal -> mean current per um of width, from the lowest metal up."""
    max_A_per_cut: Mapping[str, float]
    """Via -> mean current of one; via k joins metal k and the next one."""
    roles: Mapping[str, str]
    """Role of a drawn conductor or cut (pdk.geometry) -> its name here."""

    @property
    def metals(self) -> tuple[str, ...]:
        """Metals that carry supply currents, from the lowest up."""
        return tuple(self.max_A_per_um)

    @property
    def vias(self) -> tuple[str, ...]:
        """Via k joins metal k and the next one."""
        return tuple(self.max_A_per_cut)

    @property
    def nominal(self) -> Interconnect:
        """The numbers of the nominal corner."""
        return self.interconnect(self.corners[0])

    def interconnect(self, corner: str, resistance: str | None = None) -> Interconnect:
        """The numbers of a corner; `resistance` is the resistances' corner if that is another one.

        InputError for a corner that the process does not have.
        """
        chosen = (corner, resistance or corner)
        for name in chosen:
            if name not in self.corners:
                raise InputError(f"no extraction corner is called {name!r}; use one of: {', '.join(self.corners)}")
        return self.make(*chosen)
