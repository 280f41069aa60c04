"""What lies between the wires of a process: for solutions of the field that extraction is compared with."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Slab:
    """A dielectric from `bottom_nm` above the substrate up to the next slab."""

    name: str
    bottom_nm: float
    permittivity: float
    """Relative."""


@dataclass(frozen=True)
class Coat:
    """A dielectric that follows the shapes of a conductor, from the conductor's bottom upward."""

    name: str
    conductor: str
    permittivity: float
    """Relative."""
    over_nm: float
    """Thickness on top of the conductor."""
    beside_nm: float
    """Thickness at its sides."""


@dataclass(frozen=True)
class Dielectrics:
    """Slabs bottom to top; coats are put into them afterwards, in this order."""

    slabs: tuple[Slab, ...]
    coats: tuple[Coat, ...]
