"""One page of a schematic: symbols and wires (drawn with schemdraw) that are checked against their circuit."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import schemdraw
from schemdraw import elements

from somaforge.generator.circuit import Circuit, Mos

Point = tuple[float, float]
Side = Literal["left", "right"]
FONT, SMALL = 11, 9


@dataclass(frozen=True)
class Fet:
    """A drawn symbol: one transistor or several in parallel, and where its terminals are."""

    mos: Mos
    name: str
    d: Point
    g: Point
    s: Point


def _near(a: Point, b: Point) -> bool:
    return abs(a[0] - b[0]) + abs(a[1] - b[1]) < 1e-3


@dataclass(frozen=True)
class _Segment:
    net: str
    a: Point
    b: Point

    def holds(self, p: Point) -> bool:
        """Whether a point lies on it; segments are horizontal or vertical."""
        (x1, x2), (y1, y2) = (sorted((self.a[i], self.b[i])) for i in (0, 1))
        return x1 - 1e-3 < p[0] < x2 + 1e-3 and y1 - 1e-3 < p[1] < y2 + 1e-3


class Sheet:
    """A page for one circuit. Wires that are not joined on the page are one net if both carry its name."""

    def __init__(self, circuit: Circuit, n_channel: frozenset[str]) -> None:
        """`n_channel`: names of the devices that are."""
        self.circuit, self._n_channel = circuit, n_channel
        self._drawing = schemdraw.Drawing(show=False, canvas="svg")
        self._drawing.config(fontsize=FONT, lw=1.5)
        self._segments: list[_Segment] = []
        self._named: list[tuple[str, Point]] = []
        self._terminals: list[tuple[str, Point]] = []
        self._drawn: set[str] = set()
        self._groups: dict[str, list[Mos]] = {}
        for m in circuit.mos:
            name = re.sub(r"(_\d+)_\d+$", r"\1", m.name)
            alike = [o for o in circuit.mos if (o.device, o.d, o.g, o.s, o.w_nm, o.l_nm) == _key(m)]
            if len(alike) > 1 and name == m.name:
                name = re.sub(r"_\d+$", "", name)
            self._groups.setdefault(name, []).append(m)

    def fet(self, name: str, x: float, y: float, gate: Side = "left", turn: Side | None = None) -> Fet:
        """A transistor with its source at (x, y); n channels point up, p channels down, the gate is at the side `gate`.
        `turn`: an n channel that lies, with its drain at that side and its gate above."""
        group = self._groups[name]
        mos, count = group[0], len(group)
        symbol: elements.Element = (elements.AnalogNFet if mos.device in self._n_channel else elements.AnalogPFet)()
        if gate == "left" if turn is None else turn == "right":
            symbol = symbol.reverse()
        symbol = symbol.theta({None: 0, "left": 90, "right": -90}[turn])  # else it goes on as the last wire went
        self._drawing += symbol.anchor("source").at((x, y))
        at = {k: (round(p.x, 4), round(p.y, 4)) for k, p in symbol.absanchors.items()}
        fet = Fet(mos, name, at["drain"], at["gate"], at["source"])
        self._terminals += [(mos.d, fet.d), (mos.g, fet.g), (mos.s, fet.s)]
        self._drawn.add(name)
        size = f"{mos.w_nm / 1000:g}/{mos.l_nm / 1000:g}" + (f" x{count}" if count > 1 else "")
        middle = ((fet.d[0] + fet.s[0]) / 2, (fet.d[1] + fet.s[1]) / 2)
        if turn is not None:
            self._text(name, (middle[0], middle[1] - 0.4), "center", SMALL)
            self._text(size, (middle[0], middle[1] - 0.8), "center", SMALL)
        else:
            side = 0.15 if gate == "left" else -0.15
            for text, y in ((name, middle[1] + 0.1), (size, middle[1] - 0.3)):
                self._text(text, (x + side, y), gate, SMALL)
        return fet

    def wire(self, net: str, *points: Point, label: str | None = None) -> None:
        """A wire through the points; `label` names it at its last point."""
        for a, b in pairwise(points):
            self._segments.append(_Segment(net, a, b))
            self._drawing += elements.Line().at(a).to(b)
        if label is not None:
            self.name(net, points[-1], points[-2])

    def name(self, net: str, end: Point, before: Point) -> None:
        """The net's name beyond the end of a wire."""
        self._named.append((net, end))
        dx, dy = end[0] - before[0], end[1] - before[1]
        if abs(dx) > abs(dy):
            self._text(net, (end[0] + (0.1 if dx > 0 else -0.1), end[1] - 0.25), "left" if dx > 0 else "right", FONT)
        else:
            self._text(net, (end[0], end[1] + (0.15 if dy > 0 else -0.4)), "center", FONT)

    def stub(self, fet: Fet) -> None:
        """A short wire at a gate with its net's name."""
        away = 0.15 if fet.g[0] > fet.s[0] else -0.15
        self.wire(fet.mos.g, fet.g, (fet.g[0] + away, fet.g[1]), label=fet.mos.g)

    def note(self, text: str, at: Point) -> None:
        """Small text."""
        self._text(text, at, "left", SMALL)

    def latch(self, name: str, x: float, y: float) -> None:
        """A latch as a box around (x, y) with its word line, bit lines and output; its supplies are not drawn."""
        call = next(c for c in self.circuit.calls if c.name == name)
        wl, bl, blb, q = call.nets[:4]
        self._drawing += elements.Rect(corner1=(-1, -0.6), corner2=(1, 0.6)).at((x, y)).theta(0)
        self._text("latch", (x, y - 0.2), "center", FONT)
        for net, a, b in (
            (q, (x, y + 0.6), (x, y + 1.0)),
            (wl, (x - 1, y), (x - 1.4, y)),
            (bl, (x - 0.6, y - 0.6), (x - 0.6, y - 1.0)),
            (blb, (x + 0.6, y - 0.6), (x + 0.6, y - 1.0)),
        ):
            self._terminals.append((net, a))
            self.wire(net, a, b, label=net)
        self._drawn.add(name)

    def svg(self) -> str:
        """The page; ValueError if it is not the circuit."""
        problem = next(self.problems(), None)
        if problem is not None:
            raise ValueError(f"schematic of {self.circuit.name}: {problem}")
        for p in self._joints():
            self._drawing += elements.Dot(radius=0.06).at(p)
        return bytes(self._drawing.get_imagedata("svg")).decode("utf-8")

    def problems(self) -> Iterator[str]:
        """What differs from the circuit."""
        expected = set(self._groups) | {c.name for c in self.circuit.calls}
        for name in sorted(expected ^ self._drawn):
            yield f"{name} is not drawn" if name in expected else f"{name} is not in the circuit"
        points = [*self._terminals, *((s.net, p) for s in self._segments for p in (s.a, s.b))]
        for net, p in points:
            for segment in self._segments:
                if segment.net != net and segment.holds(p):
                    yield f"{net} meets {segment.net} at {p}"
        for net, p in self._terminals:
            if not any(s.net == net and s.holds(p) for s in self._segments) and not any(
                other == net and q is not p and _near(p, q) for other, q in self._terminals
            ):
                yield f"a terminal of {net} at {p} has no wire"
        for net in sorted({s.net for s in self._segments}):
            parts = self._parts(net)
            named = [any(n == net and any(s.holds(p) for s in part) for n, p in self._named) for part in parts]
            if len(parts) > 1 and not all(named):
                yield f"{net} is in {len(parts)} parts and not all carry its name"

    def _parts(self, net: str) -> list[list[_Segment]]:
        """Wires of a net that hang together on the page."""
        parts: list[list[_Segment]] = []
        for s in (s for s in self._segments if s.net == net):
            touching = [p for p in parts if any(_touch(s, other) for other in p)]
            parts = [p for p in parts if p not in touching]
            parts.append([s, *(other for p in touching for other in p)])
        return parts

    def _joints(self) -> list[Point]:
        """Points where more than two wires of one net meet: they get a dot."""
        found: list[Point] = []
        for p in (*(p for s in self._segments for p in (s.a, s.b)), *(p for _, p in self._terminals)):
            ends = sum(_near(p, q) for s in self._segments for q in (s.a, s.b))
            ends += sum(_near(p, q) for _, q in self._terminals)
            through = sum(s.holds(p) and not (_near(p, s.a) or _near(p, s.b)) for s in self._segments)
            if ends + 2 * through > 2 and not any(_near(p, q) for q in found):
                found.append(p)
        return found

    def _text(self, text: str, at: Point, align: Literal["left", "center", "right"], size: int) -> None:
        self._drawing += elements.Label().at(at).theta(0).label(text, fontsize=size, halign=align, valign="bottom")


def _touch(a: _Segment, b: _Segment) -> bool:
    return any(b.holds(p) for p in (a.a, a.b)) or any(a.holds(p) for p in (b.a, b.b))


def _key(m: Mos) -> tuple[str, str, str, str, int, int]:
    return m.device, m.d, m.g, m.s, m.w_nm, m.l_nm
