"""What the transistors of somas and synapses load their terminals with: small-signal capacitance from ngspice.

A cell stands at the voltages that a current sets at rest (its rails, and its column at the voltage of a soma with the
same current); one terminal after the other is moved at a frequency that all inner nodes follow. The imaginary current
is the capacitance that a slow change of that terminal sees, with the others held. Mismatch hardly changes it: the cells
are nominal. Couplings between the terminals of a cell are counted as capacitances to ground.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import platformdirs

from somaforge.flow.engines.base import Floats
from somaforge.flow.templating import render
from somaforge.generator.circuit import Mos
from somaforge.generator.design import Design, latch_nets
from somaforge.pdk.errors import ToolError
from somaforge.pdk.files import atomic_path
from somaforge.pdk.sky130.binding import SCALE_OPTION, bind

LEVELS_A = np.logspace(-11, -5, 7)
"""Currents into the soma at which cells are measured."""
FREQUENCY_HZ = 1e3
SOMA_PINS = ("in", "vp", "vn")
SYNAPSE_PINS = ("vp", "vn", "out")


@dataclass(frozen=True)
class Point:
    """Where cells are measured."""

    corner: str
    temperature_C: float
    supply_V: float


@dataclass(frozen=True, eq=False)
class Loads:
    """Capacitances in F."""

    soma: Floats
    """[pins in, vp, vn; levels]."""
    synapse: Floats
    """[codes from -full scale up; pins vp, vn, out; levels]."""


def loads(design: Design, point: Point, rest: Floats, cache: Path | None = None, timeout_s: float = 300.0) -> Loads:
    """Measures or reads from the cache; `rest` [levels, 3] are a soma's voltages in, vp, vn; ToolError on failure."""
    full = design.weights.full_scale
    codes = range(-full, full + 1)
    lines: list[str] = []
    pins: list[str] = []
    used: list[Mos] = []
    soma = list(design.library.flatten("soma").mos)
    core = [m for m in design.library.flatten("synapse").mos if not m.name.startswith("x_latch_")]
    for level, (v_in, vp, vn) in enumerate(rest):
        for pin in SOMA_PINS:
            values = dict(zip(SOMA_PINS, (v_in, vp, vn), strict=True))
            found, more = _cell(soma, f"s{level}{pin}", values, {}, pin)
            lines, pins, used = lines + found, [*pins, f"s{level}{pin}"], used + more
        for code in codes:
            bits = design.weights.encode(np.array(code))
            tied = {n: "vdd" if b else "gnd" for n, b in zip(latch_nets(design.weights.bits), bits, strict=True)}
            for pin in SYNAPSE_PINS:
                values = dict(zip(SYNAPSE_PINS, (vp, vn, v_in), strict=True))
                name = f"y{level}{pin}{code + full}"
                found, more = _cell(core, name, values, tied, pin)
                lines, pins, used = lines + found, [*pins, name], used + more
    kinds = {key: f"model_{i}" for i, key in enumerate(dict.fromkeys((m.device, m.w_nm, m.l_nm) for m in used))}
    models = {key: f"{name}{bind(*key, point.corner).instance()}" for key, name in kinds.items()}
    lines += [f"m{m.name} {m.d} {m.g} {m.s} {m.b} {models[m.device, m.w_nm, m.l_nm]}" for m in used]
    deck = render(
        "capacitance_table.sp.j2",
        title="loads of cells",
        scale_option=SCALE_OPTION,
        temperature=f"{point.temperature_C:.6g}",
        cards=[bind(*key, point.corner).card(name, exact=False) for key, name in kinds.items()],
        supply=f"{point.supply_V:.9g}",
        lines=lines,
        saves=" ".join(f"i(v_{p})" for p in pins),
        frequency=f"{FREQUENCY_HZ:g}",
    )
    measured = _cached(deck, len(pins), cache, timeout_s)
    per_level = measured.reshape(len(rest), -1)
    cells = per_level[:, len(SOMA_PINS) :].reshape(len(rest), len(codes), len(SYNAPSE_PINS))
    return Loads(per_level[:, : len(SOMA_PINS)].T.copy(), cells.transpose(1, 2, 0).copy())


def _cell(
    mos: list[Mos], name: str, values: dict[str, float], tied: dict[str, str], moved: str
) -> tuple[list[str], list[Mos]]:
    """Sources of one cell (the moved pin's is called after the cell) and its transistors."""
    kept = {"vdd": "vdd", "gnd": "0", **{n: "0" if t == "gnd" else t for n, t in tied.items()}}
    lines = []
    for pin, value in values.items():
        source = f"v_{name}" if pin == moved else f"v_{name}_{pin}"
        lines.append(f"{source} {pin}_{name} 0 dc {value:.9g} ac {int(pin == moved)}")

    def own() -> Iterator[Mos]:
        for m in mos:
            d, g, s, b = (kept.get(n, f"{n}_{name}") for n in (m.d, m.g, m.s, m.b))
            yield replace(m, name=f"{name}_{m.name}", d=d, g=g, s=s, b=b)

    return lines, list(own())


def _cached(deck: str, count: int, cache: Path | None, timeout_s: float) -> Floats:
    key = hashlib.sha256(f"1\n{deck}".encode()).hexdigest()[:32]
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
    program = shutil.which("ngspice")
    if program is None:
        raise ToolError("ngspice: not installed; run make setup (Debian package ngspice from bookworm-backports)")
    with tempfile.TemporaryDirectory(prefix="somaforge-loads-") as folder:
        text, raw = Path(folder) / "deck.sp", Path(folder) / "out.raw"
        text.write_text(deck, encoding="ascii")
        try:
            done = subprocess.run(
                [program, "-n", "-b", "-r", str(raw), str(text)],
                capture_output=True,
                timeout=timeout_s,
                check=False,
                cwd=folder,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
            )
            head, mark, body = raw.read_bytes().partition(b"Binary:\n")
            values = np.frombuffer(body, dtype=np.complex128)
        except subprocess.TimeoutExpired:
            raise ToolError(f"ngspice: no capacitances in {timeout_s:g} s") from None
        except (OSError, ValueError) as error:
            raise ToolError(f"ngspice: no capacitances (exit code {done.returncode}, {error})") from None
    if not mark or b"complex" not in head or len(values) != count + 1:
        raise ToolError(f"ngspice: {len(values)} numbers for {count} capacitances (exit code {done.returncode})")
    # a source's current flows into it from the circuit: minus what the terminal takes
    found: Floats = -values[1:].imag / (2 * np.pi * FREQUENCY_HZ)
    return found
