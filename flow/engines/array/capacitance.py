"""What the transistors of somas and synapses load their terminals with: small-signal capacitance from ngspice.

The wires inside a synapse are part of it. A cell stands at the voltages that a current sets at rest (its rails, and its
column at the voltage of a soma with the same current); one terminal after the other is moved at a frequency that all
inner nodes follow. The imaginary current of that terminal is the capacitance that a slow change of it sees with the
others held; that of the others is what it couples into them. Mismatch hardly changes either: the cells are nominal.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import platformdirs

from somaforge.flow.engines.base import Floats, ProgrammedChip
from somaforge.flow.engines.lines import transistor_lines
from somaforge.flow.engines.process import RunError, run_ngspice
from somaforge.generator.circuit import Mos
from somaforge.generator.design import latch_nets
from somaforge.pdk.errors import InputError, ToolError
from somaforge.pdk.files import atomic_path
from somaforge.pdk.sky130.binding import SCALE_OPTION
from somaforge.pdk.templating import render

LEVELS_A = np.logspace(-11, -5, 7)
"""Currents into the soma at which cells are measured."""
FREQUENCY_HZ = 1e3
SOMA_PINS = ("in", "vp", "vn")
SYNAPSE_PINS = ("vp", "vn", "out")


@dataclass(frozen=True, eq=False)
class Loads:
    """Capacitances in F."""

    soma: Floats
    """[pin, moved pin, levels] with the pins in, vp, vn: current into `pin` over the slope of `moved pin`."""
    synapse: Floats
    """[codes from -full scale up; pin, moved pin, levels] with the pins vp, vn, out."""


def loads(
    chip: ProgrammedChip,
    rest: Floats,
    inner: Sequence[tuple[str, str, float]],
    cache: Path | None = None,
    timeout_s: float = 300.0,
) -> Loads:
    """Measures or reads from the cache; ToolError on failure.

    `rest` [levels, 3] are a soma's voltages in, vp, vn; `inner` the wires of a synapse (flow.engines.array.wires).
    """
    design = chip.design
    full = design.weights.full_scale
    codes = range(-full, full + 1)
    lines: list[str] = []
    pins: list[str] = []
    used: list[Mos] = []
    soma = _cell_of(chip, "soma", "x_soma_0_0.")
    core = _cell_of(chip, "synapse", "x_matrix_0.x_row_0.x_synapse_0.")
    for level, (v_in, vp, vn) in enumerate(rest):
        for pin in SOMA_PINS:
            values = dict(zip(SOMA_PINS, (v_in, vp, vn), strict=True))
            found, more = _cell(soma, f"s{level}{pin}", values, {}, pin, ())
            lines, used = lines + found, used + more
            pins += [_source(f"s{level}{pin}", p, pin) for p in SOMA_PINS]
        for code in codes:
            bits = design.weights.encode(np.array(code))
            tied = {n: "vdd" if b else "gnd" for n, b in zip(latch_nets(design.weights.bits), bits, strict=True)}
            for pin in SYNAPSE_PINS:
                values = dict(zip(SYNAPSE_PINS, (vp, vn, v_in), strict=True))
                name = f"y{level}{pin}{code + full}"
                found, more = _cell(core, name, values, tied, pin, inner)
                lines, used = lines + found, used + more
                pins += [_source(name, p, pin) for p in SYNAPSE_PINS]
    transistors, cards = transistor_lines(replace(chip, exact=False), ((m, 0.0) for m in used), lambda net: net)
    deck = render(
        "capacitance_table.sp.j2",
        title="loads of cells",
        scale_option=SCALE_OPTION,
        temperature=f"{chip.temperature_C:.6g}",
        cards=cards,
        supply=f"{chip.supply_V:.9g}",
        lines=[*lines, *transistors],
        saves=" ".join(f"i({p})" for p in pins),
        frequency=f"{FREQUENCY_HZ:g}",
    )
    measured = _cached(deck, len(pins), cache, timeout_s)
    # [level, moved pin of somas then of codes, pin]
    per_level = measured.reshape(len(rest), -1, 3)
    somas, cells = per_level[:, : len(SOMA_PINS)], per_level[:, len(SOMA_PINS) :].reshape(len(rest), len(codes), 3, 3)
    return Loads(somas.transpose(2, 1, 0).copy(), cells.transpose(1, 3, 2, 0).copy())


def _source(cell: str, pin: str, moved: str) -> str:
    """Name of the source at a pin of a cell."""
    return f"v_{cell}" if pin == moved else f"v_{cell}_{pin}"


def _cell_of(chip: ProgrammedChip, circuit: str, path: str) -> list[Mos]:
    """Transistors of one cell as the netlist has them (a layout's junctions), with the circuit's own nets."""
    drawn = {m.name: m for m in chip.flat.mos if m.name.startswith(path)}
    local = [m for m in chip.design.library.flatten(circuit).mos if not m.name.startswith("x_latch_")]
    missing = [m.name for m in local if path + m.name not in drawn]
    if missing:
        raise InputError(f"netlist: no transistor {path}{missing[0]}; the array engine needs the design's own netlist")
    return [replace(drawn[path + m.name], name=m.name, d=m.d, g=m.g, s=m.s, b=m.b) for m in local]


def _cell(
    mos: list[Mos],
    name: str,
    values: dict[str, float],
    tied: dict[str, str],
    moved: str,
    inner: Sequence[tuple[str, str, float]],
) -> tuple[list[str], list[Mos]]:
    """Sources and wires of one cell (the moved pin's source is called after the cell) and its transistors."""
    kept = {"vdd": "vdd", "gnd": "gnd", **tied}

    def node(net: str) -> str:
        return kept.get(net, f"{net}_{name}")

    lines = [
        f"{_source(name, pin, moved)} {pin}_{name} gnd dc {value:.9g} ac {int(pin == moved)}"
        for pin, value in values.items()
    ]
    lines += [f"c_{name}_{i} {node(a)} {node(b)} {farad:.6e}" for i, (a, b, farad) in enumerate(inner)]
    own = [replace(m, name=f"{name}_{m.name}", d=node(m.d), g=node(m.g), s=node(m.s), b=node(m.b)) for m in mos]
    return lines, own


def _cached(deck: str, count: int, cache: Path | None, timeout_s: float) -> Floats:
    key = hashlib.sha256(f"2\n{deck}".encode()).hexdigest()[:32]
    path = (cache or Path(platformdirs.user_cache_dir("somaforge")) / "tables") / f"{key}.npz"
    if path.is_file():
        try:
            with np.load(path, allow_pickle=False) as data:
                kept: Floats = data["capacitance"]
                return kept
        except (OSError, ValueError, KeyError):
            path.unlink(missing_ok=True)  # damaged: made again
    found = _simulate(deck, count, timeout_s)
    with atomic_path(path) as beside:
        np.savez_compressed(beside, capacitance=found)
    return found


def _simulate(deck: str, count: int, timeout_s: float) -> Floats:
    try:
        run = run_ngspice(deck, timeout_s)
    except RunError as error:
        raise ToolError(f"ngspice: no capacitances ({error})") from None
    head, mark, body = run.raw.partition(b"Binary:\n")
    try:
        values = np.frombuffer(body, dtype=np.complex128)
    except ValueError as error:
        raise ToolError(f"ngspice: no capacitances (exit code {run.code}, {error})") from None
    if not mark or b"complex" not in head or len(values) != count + 1:
        raise ToolError(f"ngspice: {len(values)} numbers for {count} capacitances (exit code {run.code})")
    # a source's current flows into it from the circuit: minus what the terminal takes
    found: Floats = -values[1:].imag / (2 * np.pi * FREQUENCY_HZ)
    return found
