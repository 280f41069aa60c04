"""Where the transistors of one strip stand: islands of diffusion, gates and contacts from left to right.

Transistors come in the order of their circuit; each is turned so that it shares a diffusion with its neighbour where
that is possible. What needs a wire (a gate or a diffusion of a signal) gets its contact on a column of the strip: n
strips have the even columns, p strips the odd ones, so that vertical wires from both sides never meet.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from somaforge.generator.circuit import Circuit, Mos
from somaforge.generator.draw import Canvas
from somaforge.generator.measures import up

Kind = Literal["rail", "signal"]


@dataclass(frozen=True)
class Gate:
    """One transistor as it stands."""

    mos: Mos
    left: int
    right: int
    contact: int
    """Where its contact lies; of a gate on its own rail, above the gate's middle."""
    tie: int | None
    """Contact of the rail that the gate is joined with; None for a gate that has a wire."""


@dataclass(frozen=True)
class Contact:
    """A diffusion of a rail or of a signal. One that only two neighbours share has none."""

    net: str
    x: int
    kind: Kind
    low: int
    """Width of the island that it stands on."""


@dataclass(frozen=True)
class Island:
    """A rectangle of diffusion."""

    left: int
    right: int
    width: int
    """Channel width of all its transistors."""


@dataclass(frozen=True)
class StripPlan:
    """One strip of a cell; everything in nm."""

    islands: tuple[Island, ...]
    gates: tuple[Gate, ...]
    contacts: tuple[Contact, ...]
    end: int
    """Right end of the last island."""

    def columns(self, rail: str) -> list[tuple[str, int, Literal["gate", "diffusion"]]]:
        """Net, column and kind of everything that needs a wire."""
        found: list[tuple[str, int, Literal["gate", "diffusion"]]] = []
        found += [(g.mos.g, g.contact, "gate") for g in self.gates if g.tie is None]
        found += [(c.net, c.x, "diffusion") for c in self.contacts if c.kind == "signal"]
        return found


def column_pitch(canvas: Canvas) -> int:
    """Column to column: two pads of vias to the row wires and the inner wires' space."""
    return 2 * canvas.pad("inner", None, "inner", "v")[0] + canvas.r.inner.space


def inset(canvas: Canvas) -> int:
    """From a cell's edge to its first diffusion contact: islands of neighbours keep their space."""
    r = canvas.r
    return canvas.m.half_up(r.active_space) + r.contact_size // 2 + r.active_over_contact_end


def alike(a: Mos, b: Mos) -> bool:
    """Whether two transistors can stand on one island: one width, one kind (markers keep clear of other gates)."""
    return (a.w_nm, a.device) == (b.w_nm, b.device)


def turned(mos: Sequence[Mos]) -> list[tuple[str, str]]:
    """(left, right) net of each transistor so that as many neighbours as possible share a diffusion."""
    if not mos:
        return []
    ways = [((m.d, m.s), (m.s, m.d)) for m in mos]
    best = [[(0, [k]) for k in (0, 1)]]
    for i in range(1, len(mos)):
        row = []
        for k in (0, 1):
            shares = [
                (best[-1][j][0] + (ways[i - 1][j][1] == ways[i][k][0] and alike(mos[i - 1], mos[i])), j) for j in (0, 1)
            ]
            score, j = max(shares, key=lambda s: s[0])
            row.append((score, [*best[-1][j][1], k]))
        best.append(row)
    _, chosen = max(best[-1], key=lambda b: b[0])
    return [ways[i][k] for i, k in enumerate(chosen)]


class StripPlanner:
    """Puts one strip together from left to right."""

    def __init__(self, canvas: Canvas, circuit: Circuit, mos: Sequence[Mos], rail: str, parity: int) -> None:
        self.r, self.m = canvas.r, canvas.m
        self.circuit, self.mos, self.rail = circuit, mos, rail
        self.pitch, self.first = column_pitch(canvas), inset(canvas)
        self.offset = up(self.first, canvas.pdk.grid_nm) + parity * self.pitch
        self.half = self.r.contact_size // 2
        self.pad = self.half + self.r.gate_over_contact_end
        self.end = self.half + self.r.active_over_contact_end
        uses = Counter(net for m in circuit.mos for net in (m.d, m.g, m.s))
        self.inner = {net for net, n in uses.items() if n == 2} - set(circuit.ports)
        self.islands: list[Island] = []
        self.gates: list[Gate] = []
        self.contacts: list[Contact] = []

    def column(self, x: int) -> int:
        """The first column of this strip at x or right of it."""
        return self.offset + up(max(x - self.offset, 0), 2 * self.pitch)

    def plan(self) -> StripPlan:
        """The whole strip."""
        ways = turned(self.mos)
        start = 0
        for i in range(len(self.mos)):
            last = i + 1 == len(self.mos)
            if last or ways[i][1] != ways[i + 1][0] or not alike(self.mos[i], self.mos[i + 1]):
                self._island(self.mos[start : i + 1], ways[start : i + 1])
                start = i + 1
        return StripPlan(
            tuple(self.islands), tuple(self.gates), tuple(self.contacts), self.islands[-1].right if self.islands else 0
        )

    def _island(self, mos: Sequence[Mos], ways: Sequence[tuple[str, str]]) -> None:
        width = mos[0].w_nm
        x = self.first if not self.islands else self.islands[-1].right + self.r.active_space + self.end
        left_end: int | None = None
        for i, (m, (left, right)) in enumerate(zip(mos, ways, strict=True)):
            at = self._diffusion(left, x, width, bare=i > 0 and left in self.inner)
            left_end = at if left_end is None else left_end
            gate = self._gate(m, at, bare=i > 0 and left in self.inner, ends=(left, right))
            x = gate.right + self.r.contact_to_gate + self.half
        at = self._diffusion(ways[-1][1], x, width, bare=False)
        self._ties()
        assert left_end is not None
        self.islands.append(Island(left_end - self.end, at + self.end, width))

    def _diffusion(self, net: str, x: int, width: int, *, bare: bool) -> int:
        if bare:
            return x
        kind: Kind = "rail" if net == self.rail else "signal"
        x = self.column(x) if kind == "signal" else x
        self.contacts.append(Contact(net, x, kind, width))
        return x

    def _gate(self, m: Mos, diffusion: int, *, bare: bool, ends: tuple[str, str]) -> Gate:
        """The gate right of a diffusion; the contact of a wire lies on a column above the gate."""
        half = m.l_nm // 2
        reach = max(half, self.pad)
        before = self.gates[-1] if self.gates else None
        left = diffusion + self.half + self.r.contact_to_gate
        if before is not None:
            # The contacts' pads are wider than short gates.
            taken = max(before.right, before.contact + self.pad) + self.r.gate_space
            left = taken + max(reach - half, 0) if bare else max(left, taken + max(reach - half, 0))
        own_rail = m.g == self.rail
        middle = left + half
        if own_rail:
            gate = Gate(m, left, left + m.l_nm, middle, -1)
        else:
            lowest = left + min(half, self.pad)
            if not bare and self.contacts and self.contacts[-1].kind == "rail":
                lowest = max(lowest, self.contacts[-1].x + 2 * self.m.local_half + self.r.local.space)
            x = self.column(lowest)
            if m.l_nm < 2 * self.pad:
                left = x - half
            elif x + self.pad > left + m.l_nm:
                left = x + self.pad - m.l_nm
            gate = Gate(m, left, left + m.l_nm, x, None)
        self.gates.append(gate)
        return gate

    def _ties(self) -> None:
        """Gates on their own rail are joined with the rail contact beside them, the outer one first."""
        rails = [c.x for c in self.contacts if c.kind == "rail"]
        wired = [g.contact for g in self.gates if g.tie is None]
        for i, g in enumerate(self.gates):
            if g.tie == -1:
                beside = [x for x in rails if abs(x - g.contact) <= g.mos.l_nm + 4 * self.pad]
                if not beside:
                    raise ValueError(f"{self.circuit.name}: no contact of {self.rail} beside {g.mos.name}")
                far = max(beside, key=lambda x: (min((abs(x - w) for w in wired), default=0), -abs(x - g.contact)))
                self.gates[i] = Gate(g.mos, g.left, g.right, g.contact, far)
