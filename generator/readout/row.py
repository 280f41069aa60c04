"""One row of transistors as a cell: an n strip below, a p strip above, wires between them, rails at the edges.

Every signal's contact has a vertical wire on the inner conductor into the channel, where its net has a track on the row
conductor. Nets that all cells of a row share have the lowest tracks, from edge to edge, so that cells abut; a gate on
the rail of the other strip has a wire straight to it. Ports that are no shared net leave on the column conductor, up or
down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from somaforge.generator.circuit import Circuit
from somaforge.generator.draw import Canvas, assign_tracks
from somaforge.generator.measures import up
from somaforge.generator.readout.parts import Parts
from somaforge.generator.readout.strips import StripPlan, StripPlanner, column_pitch

Way = Literal["up", "down"]
RAILS: Mapping[str, str] = {"n": "gnd", "p": "vdd"}


@dataclass(frozen=True)
class Wire:
    """A net in the channel."""

    net: str
    track: int
    left: int
    right: int


@dataclass(frozen=True)
class RowPlan:
    """A cell's positions, before its height is known."""

    circuit: Circuit
    n: StripPlan
    p: StripPlan
    width: int
    shared: tuple[str, ...]
    wires: tuple[Wire, ...]
    leaving: tuple[tuple[str, Way, int], ...]
    """Net, way and x of the ports that leave on the column conductor."""

    @property
    def tracks(self) -> int:
        """Of the channel."""
        return len(self.shared) + max((w.track + 1 for w in self.wires), default=0)

    def track(self, net: str) -> int:
        """Track of a net in the channel."""
        if net in self.shared:
            return self.shared.index(net)
        return len(self.shared) + next(w.track for w in self.wires if w.net == net)

    @property
    def terminals(self) -> Mapping[str, list[int]]:
        """Columns of each net that has a track, from left to right."""
        found: dict[str, list[int]] = {}
        for kind, strip in self.strips():
            for net, x, _ in strip.columns(RAILS[kind]):
                if net not in RAILS.values():
                    found.setdefault(net, []).append(x)
        return {net: sorted(xs) for net, xs in found.items()}

    def strips(self) -> tuple[tuple[str, StripPlan], ...]:
        """By polarity."""
        return ("n", self.n), ("p", self.p)


def plan_row(canvas: Canvas, circuit: Circuit, shared: Sequence[str], ways: Mapping[str, Way]) -> RowPlan:
    """Positions of a cell whose ports are rails, `shared` nets and those in `ways`."""
    parts, pitch = Parts(canvas.pdk), column_pitch(canvas)
    both = {"n": [m for m in circuit.mos if parts.is_n(m)], "p": [m for m in circuit.mos if not parts.is_n(m)]}
    n, p = (StripPlanner(canvas, circuit, both[k], RAILS[k], i).plan() for i, k in enumerate(("n", "p")))
    width = up(max(n.end, p.end) + canvas.m.half_up(canvas.r.active_space), 2 * pitch)
    spans: dict[str, list[int]] = {}
    for kind, strip in (("n", n), ("p", p)):
        for net, x, _ in strip.columns(RAILS[kind]):
            if net not in RAILS.values() and net not in shared:
                spans.setdefault(net, []).append(x)
    end = canvas.pad("row", "inner", "row", "h")[0]
    nets = list(spans)
    tracks = assign_tracks([(min(spans[k]) - end, max(spans[k]) + end) for k in nets], canvas.r.row.space)
    wires = [Wire(k, t, min(spans[k]), max(spans[k])) for k, t in zip(nets, tracks, strict=True)]
    leaving = [(net, way, spans[net][0] if way == "down" else spans[net][-1]) for net, way in ways.items()]
    return RowPlan(circuit, n, p, width, tuple(shared), tuple(wires), tuple(leaving))


@dataclass(frozen=True)
class Levels:
    """Heights that all cells of a row share, in nm from the middle of the lower rail."""

    canvas: Canvas
    plans: tuple[RowPlan, ...]

    @cached_property
    def tracks(self) -> int:
        """Of the channel."""
        return max(p.tracks for p in self.plans)

    @cached_property
    def _edge(self) -> int:
        """From a rail to the diffusion of the widest transistors: implants of both kinds fit between, and the ends of
        gates keep clear of the tap."""
        r = self.canvas.r
        space = max(r.active_space, 2 * r.implant_to_other, r.gate_beyond_active + r.gate_to_active)
        return self.canvas.m.tap_half + space

    def _widest(self, kind: str) -> int:
        return max(i.width for plan in self.plans for k, strip in plan.strips() if k == kind for i in strip.islands)

    def _gate(self, p_side: bool) -> int:
        """From a strip's diffusion to the middle of its gates' contacts; p implant keeps its own distance, and the
        wires of contacts on diffusion theirs."""
        r, m = self.canvas.r, self.canvas.m
        half, drain = r.contact_size // 2, r.active_over_contact_end + r.contact_size // 2
        to_implant = r.implant_over_active + r.gate_contact_to_p_implant if p_side else 0
        gate = max(max(r.gate_contact_to_active, to_implant) + half, r.gate_to_active + half + r.gate_over_contact)
        return max(gate, m.local_end + r.local.space + m.local_half - drain)

    @cached_property
    def far(self) -> Mapping[str, int]:
        """Edge of each strip next to the channel, where all islands end."""
        return {"n": self._edge + self._widest("n"), "p": self.height - self._edge - self._widest("p")}

    @cached_property
    def gate_y(self) -> Mapping[str, int]:
        """Middle of the gates' contacts."""
        return {"n": self.far["n"] + self._gate(False), "p": self.far["p"] - self._gate(True)}

    @cached_property
    def drain_y(self) -> Mapping[str, int]:
        """Middle of the signals' contacts on diffusion."""
        inner = self.canvas.r.contact_size // 2 + self.canvas.r.active_over_contact_end
        return {"n": self.far["n"] - inner, "p": self.far["p"] + inner}

    @cached_property
    def clear(self) -> int:
        """From a gate's contact to the nearest track: pads of two nets keep their space, one net's pad and wire have
        the inner conductor's smallest area."""
        above = self.canvas.pad("inner", None, "inner", "v")[1]
        below = self.canvas.pad("inner", "local", None, "v")[1]
        r = self.canvas.r
        area = up(r.inner.area_nm2 // r.inner.width - above - below, self.canvas.pdk.grid_nm)
        return max(above + below + r.inner.space, area)

    @cached_property
    def first(self) -> int:
        """The lowest track."""
        return self._edge + self._widest("n") + self._gate(False) + self.clear

    def y(self, track: int) -> int:
        """Middle of a track."""
        return self.first + track * self.canvas.m.track_pitch

    @cached_property
    def height(self) -> int:
        """From rail to rail, on twice the grid."""
        top = self.y(self.tracks - 1) + self.clear + self._gate(True) + self._widest("p") + self._edge
        return up(top, 2 * self.canvas.pdk.grid_nm)

    @cached_property
    def well_y(self) -> int:
        """Lower edge of the well: as far from the n strip as from the p strip."""
        r = self.canvas.r
        low, high = self.far["n"] + r.active_to_well, self.far["p"] - r.well_over_active
        if low > high:
            raise ValueError("the channel is too low for the well's edge")
        return self.canvas.m.half(low + high)
