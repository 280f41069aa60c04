"""Transistors for a circuit simulator: what decks, virtual chips and margins may ask of a process."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

Law = str
"""How far transistors of one chip differ: by which of the foundry's statistics (`Models.laws`)."""


@dataclass(frozen=True, order=True)
class OperatingPoint:
    """Where circuits work."""

    corner: str
    temperature_C: float
    supply_V: float

    @staticmethod
    def of(record: Mapping[str, Any]) -> "OperatingPoint":
        """From a record that has its three fields, among others."""
        return OperatingPoint(record["corner"], record["temperature_C"], record["supply_V"])

    @property
    def id(self) -> str:
        """In names of files, for example tt_27C_1.8V."""
        return f"{self.corner}_{self.temperature_C:g}C_{self.supply_V:g}V"

    def __str__(self) -> str:
        """For readers."""
        return f"{self.corner}, {self.temperature_C:g} C, {self.supply_V:g} V"


class Size(NamedTuple):
    """A transistor's device and drawn channel."""

    device: str
    w_nm: int
    l_nm: int


class Shift(NamedTuple):
    """Of one transistor, in V; positive makes it weaker."""

    vth_V: float
    weak_V: float = 0.0
    """Of the gate in weak inversion alone."""


@dataclass(frozen=True)
class Diffusion:
    """Source or drain of one transistor."""

    area_nm2: int
    perimeter_nm: int
    """The whole outline, gate edge included."""


@dataclass(frozen=True)
class Spread:
    """Standard deviations of one transistor."""

    vth_V: float
    weak_V: float = 0.0
    """Of the shift that acts in weak inversion alone."""
    correlation: float = 0.0
    """Of the two."""


class Element(Protocol):
    """One transistor as a simulator's element: of a device, a size, a corner and a weak shift."""

    @property
    def size(self) -> Size:
        """Whose it is."""
        ...

    @property
    def sign(self) -> int:
        """+1 for n-channel, -1 for p-channel."""
        ...

    def card(self, name: str, *, exact: bool = True, body: bool = True) -> str:
        """What the deck must hold once, under that name, with a line end; InputError if the name cannot stand there.

        body=False may leave out inner nodes through which only junctions leak; exact=False may leave out the
        resistance of the diffusions as well, where currents are off by some per cent without it.
        """
        ...

    def gate_vector(self, name: str) -> str:
        """What a simulator calls the capacitance of the gate of an instance of that name."""
        ...

    def line(
        self,
        name: str,
        nodes: Sequence[str],
        card: str,
        *,
        vth_V: float | None = None,
        parallel: int = 1,
        drain: Diffusion | None = None,
        source: Diffusion | None = None,
    ) -> str:
        """The line of one instance; `nodes` are drain, gate, source, body.

        `vth_V` is a shift of |Vth|, positive makes it weaker. Diffusions that are not given are shared with a
        neighbour.
        """
        ...


@dataclass(frozen=True, eq=False)
class Deviates:
    """A law that draws parameters of the foundry's own cards: what it is worth for ours has to be simulated."""

    nominal: Element
    moved: Mapping[str, tuple[Element, Element]]
    """Parameter -> the card one standard deviation up and down."""


class Models(Hashable, Protocol):
    """The transistors of one process; equal values give equal elements."""

    @property
    def corners(self) -> tuple[str, ...]:
        """Process corners that have models."""
        ...

    @property
    def nominal(self) -> OperatingPoint:
        """Typical corner, room temperature, the supply that the devices are made for."""
        ...

    @property
    def slow(self) -> OperatingPoint:
        """Where logic is slowest, for the nominal supply with its tolerance."""
        ...

    @property
    def fast(self) -> OperatingPoint:
        """Where logic is fastest."""
        ...

    @property
    def laws(self) -> tuple[Law, ...]:
        """Statistics of mismatch that exist."""
        ...

    @property
    def options(self) -> str:
        """Line that a deck with its elements must contain."""
        ...

    @property
    def metres(self) -> float:
        """What those options make of a length of 1 on an element's line, in m."""
        ...

    @property
    def gate_F_per_m2(self) -> float:  # noqa: N802 (a unit)
        """Capacitance of a gate over its channel that is on."""
        ...

    def bind(self, size: Size, at: OperatingPoint, weak_V: float = 0.0) -> Element:
        """The element of one size; the same object for the same request.

        `weak_V` moves the gate in weak inversion alone; positive makes it weaker, for both polarities. InputError for a
        device or corner without models and for sizes outside of them.
        """
        ...

    def mismatch(self, size: Size, law: Law) -> Spread | Deviates:
        """How far transistors of one size differ; InputError as for bind, and for a law that does not exist."""
        ...

    def simulated(self, size: Size) -> Size:
        """The nearest size that has models, of the device that is the same on silicon (the foundry's cells have names
        and widths of their own)."""
        ...
