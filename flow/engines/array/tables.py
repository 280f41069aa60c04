"""Drain current of one transistor geometry as a table, swept once with ngspice and kept in the user's cache folder.

The model is the foundry's whole one, body and diffusion resistance included. Coordinates are those of an n-channel
device against its body (p-channel: every voltage counted down from the supply): gate over source, source over body,
drain over source. The table holds

    G = ln( I / (1 - exp(-v_ds / U_T)) )

which stays smooth where the current itself spans twelve decades and goes through zero: 1 - exp(-v_ds / U_T) is the
drain's factor in weak inversion. The current is the source's, so what the drain loses to the body (junction, gate-
induced leakage: below 1 pA at room temperature) is left out, and drain and source can be exchanged.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline

from somaforge.flow.engines.cache import kept
from somaforge.flow.spice.batch import run_batch
from somaforge.flow.spice.deck import Deck
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import ToolError
from somaforge.pdk.models import Element, Models, OperatingPoint, Size

BOLTZMANN_PER_CHARGE = 8.617333262e-5
"""V/K (CODATA 2018)."""
GATE_FROM_V, GATE_STEP_V = -0.3, 0.02
"""Here the channel is off: what flows is the junction."""
MARGIN_V = 0.1
"""Beyond the supply: a threshold shift moves the gate, a column can be pulled below ground."""
SOURCES = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9, 1.05, 1.2, 1.4, 1.6, 1.8, 2.0, 2.1)
"""Source over body in V; further ones SOURCE_STEP_V apart."""
SOURCE_STEP_V = 0.2
ROOTS = 48
"""Steps of the drain, equal in the root of v_ds: dense where the current leaves zero."""
SMALLEST_DRAIN_V = 1e-4
FLOOR_A = 1e-19
CLEAN_A = 1e-14
"""Below, the current is continued as an exponential of the gate voltage. The rounding of voltages behind a series
resistance of some 100 ohm is 1e-18 A."""
CLEAN_POINTS = 3
"""Gate steps over which the slope of that exponential is taken."""
SHIFT_V = 0.06
"""Of the pair that shows how exactly a threshold shift is a shift of the gate: 3 deviations of a small unit."""
FINE_GATE_V, FINE_SOURCE_V, FINE_ROOTS = 0.005, 0.025, 96
"""Steps between which the engine interpolates linearly; a cubic spline leads from the swept points to them."""
FORMAT = 3


@dataclass(frozen=True)
class Kind:
    """What a table depends on."""

    size: Size
    at: OperatingPoint
    models: Models

    @property
    def element(self) -> Element:
        """The transistor."""
        return self.models.bind(self.size, self.at)

    @property
    def span_V(self) -> float:  # noqa: N802 (a unit)
        """Largest voltage in the table."""
        return self.at.supply_V + MARGIN_V

    @property
    def thermal_V(self) -> float:  # noqa: N802 (a unit)
        """U_T."""
        return BOLTZMANN_PER_CHARGE * (self.at.temperature_C + 273.15)


@dataclass(frozen=True, eq=False)
class Sweep:
    """What ngspice said."""

    gates: Floats
    sources: Floats
    drains: Floats
    log_current: Floats
    """[gates, sources, drains]: G of the module's text."""
    shift_excess: Floats
    """[gates]: a threshold shift s in V moves the gate by s (1 + excess + bend s), with the source at the body and the
    drain at half the span: the mobility knows the threshold too."""
    shift_bend: Floats
    """[gates] in 1/V."""


def sweep(kind: Kind, cache: Path | None = None, timeout_s: float = 120.0) -> Sweep:
    """From the cache folder (default: the user's), or from ngspice; ToolError if that fails."""
    deck, gates = _deck(kind)
    names = tuple(Sweep.__dataclass_fields__)

    def simulated() -> dict[str, Floats]:
        return vars(_read(kind, run_batch(deck, None, "device table", timeout_s)[1], gates))

    return Sweep(**kept(f"{FORMAT}\n{deck}", cache, names, simulated))


def _sources(kind: Kind) -> list[float]:
    more = np.arange(SOURCES[-1] + SOURCE_STEP_V, kind.span_V, SOURCE_STEP_V).tolist()
    # a point beside the last one, as 1.2 beside 1.1 + 0.1, would let the spline through both run away
    return [v for v in (*SOURCES, *more) if v < kind.span_V - SMALLEST_DRAIN_V] + [kind.span_V]


def _deck(kind: Kind) -> tuple[str, Floats]:
    """The sweep's text and its gate voltages."""
    element = kind.element
    sign, (device, w_nm, l_nm) = element.sign, kind.size
    steps = int(np.ceil((kind.span_V - GATE_FROM_V) / GATE_STEP_V))
    gates: Floats = GATE_FROM_V + GATE_STEP_V * np.arange(steps + 1, dtype=np.float64)
    deck = Deck(
        f"{device} {w_nm}/{l_nm} nm, {kind.at.corner}",
        kind.models,
        kind.at,
        "reltol=1e-6 abstol=1e-19 vntol=1e-9 gmin=1e-19",
    )
    deck.put(element.card("device"), "v_gate gate 0 0", "v_root root 0 0")
    deck.put(f"b_drain drain 0 v=max({SMALLEST_DRAIN_V:g}, {kind.span_V:.6g}*v(root)*v(root))")
    deck.put("* one transistor for each source voltage; a last pair is shifted")
    saves = []
    for i, (source, shift) in enumerate([*((v, 0.0) for v in _sources(kind)), (0.0, SHIFT_V), (0.0, -SHIFT_V)]):
        deck.put(
            f"b_g{i} g{i} 0 v={sign}*(v(gate)+{source:.6g})",
            f"b_d{i} d{i} 0 v={sign}*(v(drain)+{source:.6g})",
            f"v_s{i} s{i} 0 {sign * source:.6g}",
            element.line(str(i), (f"d{i}", f"g{i}", f"s{i}", "0"), "device", vth_V=shift),
        )
        saves.append(f"i(v_s{i})")
    gate = f"{GATE_FROM_V:g} {gates[-1] + GATE_STEP_V / 4:.6g} {GATE_STEP_V:g}"
    return deck.text(f".save {' '.join(saves)}", f".dc v_gate {gate} v_root 0 1 {1 / ROOTS:.12g}"), gates


def _read(kind: Kind, values: Floats, gates: Floats) -> Sweep:
    sources, drains = np.array(_sources(kind)), kind.span_V * (np.arange(ROOTS + 1) / ROOTS) ** 2
    drains[0] = SMALLEST_DRAIN_V
    if values.shape != (len(gates) * len(drains), len(sources) + 3):
        raise ToolError(f"ngspice: the device table of {kind.size.device} has shape {values.shape}; sweep it by hand")
    # i(v_s) flows into the voltage source, that is out of the transistor's source
    current = kind.element.sign * values[:, 1:].reshape(len(drains), len(gates), -1)
    # what the source's junction takes, seen where the channel is off
    junction = current[0, 0]
    current = current - junction
    opened = -np.expm1(-drains / kind.thermal_V)[:, None]  # [drains, 1]
    full = current / opened[:, :, None]
    clean = np.log(np.maximum(CLEAN_A, 10 * np.abs(junction)) / opened)  # [drains, sources]
    half = ROOTS * 7 // 10
    log = _continued(np.log(np.maximum(full, FLOOR_A)), clean, half)
    here = CubicSpline(gates, log[half, :, 0])
    strong = (current[half, :, -2:].min(axis=-1) > 1e-13) & (gates < gates[-1] - SHIFT_V)
    up, down = (_moved(here, gates[strong], log[half, strong, i], by) for i, by in ((-2, SHIFT_V), (-1, -SHIFT_V)))
    excess = np.interp(gates, gates[strong], (up - down) / (2 * SHIFT_V) - 1)
    bend = np.interp(gates, gates[strong], (up + down) / (2 * SHIFT_V**2))
    return Sweep(gates, sources, drains, np.ascontiguousarray(log[:, :, :-2].transpose(1, 2, 0)), excess, bend)


def _moved(here: CubicSpline, gates: Floats, log: Floats, shift: float) -> Floats:
    """By how much in V a threshold shift moves the gate, from `log` with it and the curve without it."""
    at = gates - shift
    for _ in range(4):  # Newton's method; the shift itself is 5 % off
        at = at - (here(at) - log) / here(at, 1)
    return gates - at


def _continued(log: Floats, clean: Floats, middle: int) -> Floats:
    """`log` [drains, gates, sources] with what lies below `clean` [drains, sources] continued towards lower gates.

    ngspice's numbers are rounded there and have leakage in them. With the drain `middle` weak inversion goes on as a
    straight line, and from there to another drain it keeps its distance.
    """
    first = np.argmax(log > clean[:, None], axis=1)[:, None]  # [drains, 1, sources]
    if np.any(first + CLEAN_POINTS >= log.shape[1]):
        raise ToolError("ngspice: a device table has a drain current below 0.01 pA everywhere")
    gates = np.arange(log.shape[1])[:, None]
    at, own = first[middle], log[middle]
    edge = np.take_along_axis(own, at, 0)
    slope = (np.take_along_axis(own, at + CLEAN_POINTS, 0) - edge) / CLEAN_POINTS
    line = np.where(gates < at, edge + slope * (gates - at), own)  # [gates, sources]
    apart = np.take_along_axis(log - line, first, 1)
    found: Floats = np.where(gates < first, line + apart, log)
    return found


@dataclass(frozen=True, eq=False)
class Table:
    """Fine, equally spaced table for linear interpolation."""

    kind: Kind
    values: Floats
    """[gate, source, root of drain]: G."""
    excess: Floats
    bend: Floats
    """[gate]: what a threshold shift moves, as in Sweep."""

    @property
    def p_channel(self) -> bool:
        """Whether voltages are counted down from the supply."""
        return self.kind.element.sign < 0


def table(kind: Kind, cache: Path | None = None) -> Table:
    """The table of one kind of transistor; ToolError if ngspice cannot make it."""
    raw = sweep(kind, cache)
    gates = np.arange(raw.gates[0], raw.gates[-1] + FINE_GATE_V / 2, FINE_GATE_V)
    sources = np.arange(0.0, raw.sources[-1] + FINE_SOURCE_V, FINE_SOURCE_V)
    roots = np.arange(FINE_ROOTS + 1) / FINE_ROOTS
    values = CubicSpline(np.arange(ROOTS + 1) / ROOTS, raw.log_current, axis=2)(roots)
    values = CubicSpline(raw.sources, values, axis=1)(sources)
    values = CubicSpline(raw.gates, values, axis=0)(gates)
    excess, bend = (np.interp(gates, raw.gates, v) for v in (raw.shift_excess, raw.shift_bend))
    return Table(kind, np.ascontiguousarray(values), excess, bend)
