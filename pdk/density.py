"""How full a conductor may be: rules of windows and of the whole area."""

from dataclasses import dataclass

from somaforge.pdk.decks import DensityDeck


@dataclass(frozen=True)
class DensityRule:
    """The largest share of a window, or of the whole area, that a conductor with its fill may cover."""

    name: str
    conductor: str
    """Drawn layer."""
    fill: tuple[int, int]
    limit: float
    window_um: float | None
    """Edge of the windows; None is the whole area."""

    @property
    def description(self) -> str:
        """For people."""
        where = "the whole area" if self.window_um is None else f"a window of {self.window_um:g} um"
        return f"{self.conductor} covers more than {self.limit:.0%} of {where}"


@dataclass(frozen=True)
class Density:
    """The rules of a process, and the deck that measures the whole area as well."""

    rules: tuple[DensityRule, ...]
    step_um: float
    """By which windows move; every window's edge is a multiple."""
    boundary: str
    """Drawn layer whose area is the whole; where it is not drawn, the bounding box is."""
    deck: DensityDeck | None = None
