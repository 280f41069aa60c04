"""The wiring of a process as numbers: what parasitic extraction may ask of a PDK."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Sidewall:
    """Coupling of two facing edges of one layer: C = farad * length / (spacing + offset), both edges together.

    >>> met1 = Sidewall(farad=44e-18, offset_nm=250)
    >>> f"{1e15 * met1.farad * 10_000 / (140 + met1.offset_nm):.2f} fF between 10 um of met1 at 0.14 um"
    '1.13 fF between 10 um of met1 at 0.14 um'
    """

    farad: float
    """C of a wire as long as its spacing (with offset) is wide."""
    offset_nm: float


@dataclass(frozen=True)
class Cut:
    """What joins two conductors: a contact (by what lies under it) or a via."""

    name: str
    """Key of `cut_ohm`."""
    region: str
    """Conductor of the extraction (Connectivity) whose shapes it is."""
    lower: str
    upper: str
    side_nm: int
    """Of the cut of minimum size, to which its resistance belongs."""
    inside: str = ""
    """Drawn layer in which it must lie. Of several kinds on one region the first that fits is it; the last takes what
    is left."""


@dataclass(frozen=True)
class Stack:
    """Where extraction finds the conductors of a layout."""

    wells: tuple[str, ...]
    """Conductors of the extraction (Connectivity) that are wells: part of the substrate's level."""
    diffusions: tuple[str, ...]
    """Sources, drains and taps."""
    channel: tuple[str, str]
    """Drawn layers whose overlap is a channel: active, gate."""
    cuts: tuple[Cut, ...]
    link: str
    """Conductor that a short piece of wire is taken for where it is not known better."""
    link_width_nm: int


@dataclass(frozen=True)
class Interconnect:
    """Capacitances and resistances of the conductors, bottom to top.

    The model is the usual one of pattern-matching extractors: a plate term between vertical neighbours, a fringe
    term that spreads outward from every edge as (2/pi) atan(alpha * distance), and a sidewall term between facing
    edges of one layer.
    """

    conductors: tuple[str, ...]
    """Bottom to top. The first is the substrate (with its wells), the second the diffusion, the third the gate."""
    stack: Stack
    plate_F_per_m2: Mapping[tuple[str, str], float]
    """(upper, lower) -> capacitance per overlap area."""
    fringe_F_per_m: Mapping[tuple[str, str], float]
    """(conductor with the edge, conductor that the edge couples to) -> capacitance per edge length."""
    sidewall: Mapping[str, Sidewall]
    fringe_alpha_per_plate: float
    """alpha = this * plate capacitance, alpha in 1/m, plate in F/m2."""
    halo_nm: int
    """Reach of the fringe."""
    device_pairs: frozenset[tuple[str, str]]
    """(upper, lower) whose capacitance the transistor model already has."""
    sheet_ohm: Mapping[str, float]
    """Conductor -> ohm per square."""
    cut_ohm: Mapping[str, float]
    """Cut (contact or via layer) -> ohm per cut of minimum size."""
    height_nm: Mapping[str, tuple[int, int]]
    """Conductor -> (bottom above the substrate, thickness)."""

    @property
    def wires(self) -> tuple[str, ...]:
        """Conductors above the diffusion, from the gate up: conductors of the extraction by the same names."""
        return self.conductors[2:]
