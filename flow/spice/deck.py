"""A deck: a circuit's elements with the model cards that they need, and what is asked of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TypedDict, Unpack

from somaforge.generator.circuit import Mos
from somaforge.pdk.errors import InputError
from somaforge.pdk.models import Diffusion, Element, Models, OperatingPoint, Shift, Size

SAFE = re.compile(r"[a-z][a-z0-9_]*([.:#][a-z0-9_]+)*")
"""Names that may stand in a deck. Lower case: SPICE does not tell cases apart, so mixed case could merge two nets."""


def safe(name: str) -> str:
    """The name; InputError if it cannot stand in a deck."""
    if not SAFE.fullmatch(name):
        raise InputError(f"netlist: the name {name[:60]!r} cannot stand in a deck; use a-z, 0-9, _ and . : # between")
    return name


class Instance(TypedDict, total=False):
    """Of one transistor, where it is not the usual."""

    parallel: int
    """How many there are side by side."""
    corner: str
    """If it is not that of the netlist."""
    drain: Diffusion
    source: Diffusion


@dataclass(eq=False)
class Cards:
    """The model cards of a netlist, each once, in the order in which they were first needed."""

    models: Models
    at: OperatingPoint
    exact: bool = True
    body: bool = True
    """Of the cards: pdk.models.Element.card."""
    _known: dict[tuple[Size, str, float], tuple[str, Element]] = field(default_factory=dict)

    def of(self, size: Size, weak_V: float = 0.0, corner: str | None = None) -> tuple[str, Element]:
        """Name of the card of a size, and its element; `corner`: if not that of the netlist."""
        key = (size, corner or self.at.corner, weak_V)
        if key not in self._known:
            at = self.at if corner is None else replace(self.at, corner=corner)
            self._known[key] = f"model_{len(self._known)}", self.models.bind(size, at, weak_V)
        return self._known[key]

    def line(
        self, name: str, size: Size, nodes: Sequence[str], shift: Shift | None = None, **more: Unpack[Instance]
    ) -> str:
        """Of one transistor; `nodes` are drain, gate, source, body."""
        card, element = self.of(size, 0.0 if shift is None else shift.weak_V, more.get("corner"))
        return element.line(
            name,
            nodes,
            card,
            vth_V=None if shift is None else shift.vth_V,
            parallel=more.get("parallel", 1),
            drain=more.get("drain"),
            source=more.get("source"),
        )

    @property
    def texts(self) -> list[str]:
        """Of all cards, without line ends."""
        return [
            element.card(name, exact=self.exact, body=self.body).rstrip("\n") for name, element in self._known.values()
        ]


@dataclass(eq=False)
class Deck:
    """What ngspice reads. Elements, sources and starting voltages stand in it as they were put."""

    title: str
    models: Models
    at: OperatingPoint
    options: str
    """Of the solver, for example "klu reltol=1e-3"."""
    exact: bool = True
    body: bool = True
    cards: Cards = field(init=False)
    _lines: list[str] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        """Of its point."""
        self.cards = Cards(self.models, self.at, self.exact, self.body)

    def put(self, *lines: str) -> None:
        """Lines as they are."""
        self._lines += lines

    def transistor(
        self, name: str, size: Size, nodes: Sequence[str], shift: Shift | None = None, **more: Unpack[Instance]
    ) -> None:
        """See Cards.line."""
        self._lines.append(self.cards.line(name, size, nodes, shift, **more))

    def text(self, *analyses: str) -> str:
        """The whole deck."""
        head = (f"* {self.title}", self.models.options, f".option {self.options}", f".temp {self.at.temperature_C:.6g}")
        return "\n".join((*head, *self.cards.texts, *self._lines, *analyses, ".end")) + "\n"


def size_of(mos: Mos) -> Size:
    """Of a netlist's transistor."""
    return Size(mos.device, mos.w_nm, mos.l_nm)


def drawn(mos: Mos) -> Instance:
    """Its junctions, where the netlist knows them; for Deck.transistor."""
    j = mos.junctions
    if j is None:
        return {}
    return {
        "drain": Diffusion(j.drain_area_nm2, j.drain_perimeter_nm),
        "source": Diffusion(j.source_area_nm2, j.source_perimeter_nm),
    }


def pwl(points: Sequence[tuple[float, float]], value: str = ".9g", time: str = ".6e") -> str:
    """A source that goes in straight lines from (s, value) to (s, value)."""
    return f"pwl({' '.join(f'{t:{time}} {v:{value}}' for t, v in points)})"


def staircase(levels: Sequence[float], dwell_s: float, rise_s: float, value: str = ".9e") -> str:
    """A source that stays at each of the levels for `dwell_s`, reached by a ramp of `rise_s`."""
    points = [(0.0, float(levels[0]))]
    for k, (before, level) in enumerate(pairwise(levels), 1):
        if level != before:
            points += [(k * dwell_s, float(before)), (k * dwell_s + rise_s, float(level))]
    return f"{levels[0]:{value}}" if len(points) == 1 else pwl(points, value=value, time=".9e")


def held(rails: Mapping[str, str], until_s: float, ohm: float = 1e3) -> tuple[str, ...]:
    """Nets that start on a rail (net -> rail): `ohm` holds each there while the operating point is found and until
    `until_s`; then it is free (1e15 ohm).

    Not .ic: in every iteration ngspice looks for the whole row of every such net in the matrix. With 784 nets of 11,600
    the operating point takes 0.19 s an iteration, with switches 0.007 s, and the currents are the same.
    """
    if not rails:
        return ()
    switches = (f"s_hold_{i} {safe(net)} {rail} hold gnd holder" for i, (net, rail) in enumerate(rails.items()))
    release = pwl([(0.0, 1.0), (until_s, 1.0), (1.1 * until_s, 0.0)])
    return (f".model holder sw vt=0.5 vh=0 ron={ohm:.6g} roff=1e15", f"v_hold hold gnd {release}", *switches)


def transient(saves: Sequence[str], step_s: float, stop_s: float, more: str = "") -> tuple[str, str]:
    """What is saved of a run in time."""
    return f".save {' '.join(saves)}", f".tran {step_s:.6e} {stop_s:.9e} {more}".rstrip()


def control(*commands: str) -> tuple[str, ...]:
    """Commands of a deck that writes its own results."""
    return ".control", "set filetype=binary", *commands, ".endc"
