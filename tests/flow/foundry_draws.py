"""Spread of ln I as the foundry's own subcircuits draw it, and as our chips do: the same biases, both in ngspice."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tests.pdk.side_by_side import Array, simulate

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.array.device import HALF, Device, moved
from somaforge.flow.engines.array.tables import Kind, table
from somaforge.flow.engines.response import curves
from somaforge.generator.circuit import FlatNetlist, Mos
from somaforge.pdk import load
from somaforge.pdk.models import Law, OperatingPoint, Size
from somaforge.pdk.sky130 import binned
from somaforge.pdk.sky130.binding import bind
from somaforge.pdk.sky130.data import DATA

N, P = "sky130_fd_pr__nfet_01v8", "sky130_fd_pr__pfet_01v8"
UNITS = ((420, 360), (420, 540), (840, 790), (1680, 1580))
"""W and L in nm: the foundry's smallest unit that we use, the paper's, and those of the examples."""
CURRENTS_A = (1e-9, 15e-9, 100e-9)
DRAIN_V = 0.9
MODELS = load("sky130").models
OPTIONS = [".option klu gmin=1e-16 abstol=1e-16 reltol=1e-6", ".temp 27"]


def theirs(folder: Path, sizes: Sequence[Size], law: Law, draws: int) -> dict[Size, Array]:
    """ln I [currents, draws] of the foundry's own transistors, its random expressions switched on, nothing of ours.

    First without mismatch, for the gate voltages at which they carry CURRENTS_A.
    """
    step, first = 0.01, 0.2
    steps = round((1.4 - first) / step) + 1
    sweep = [f"vplace place 0 {first}", f"dc vplace {first} {first + (steps - 0.5) * step} {step}"]
    gates = {size: "v(place)" for size in sizes}
    nominal = _foundry(folder, sizes, law, 1, gates, sweep, switch=0)
    at = first + step * np.arange(steps)
    for size, log in nominal.items():
        wanted = np.interp(np.log(CURRENTS_A), log[:, 0], at)
        gates[size] = "pwl(v(place)," + ",".join(f"{i},{v:.9g}" for i, v in enumerate(wanted)) + ")"
    return _foundry(folder, sizes, law, draws, gates, ["vplace place 0 0", "dc vplace 0 2 1"], switch=1)


def _foundry(
    folder: Path, sizes: Sequence[Size], law: Law, draws: int, gates: dict[Size, str], sweep: Sequence[str], switch: int
) -> dict[Size, Array]:
    deck = ["* the foundry's own draws"]
    if law == "continuous":
        deck += [f".lib {DATA.folder('models')}/sky130.lib.spice {'tt_mm' if switch else 'tt'}"]
    else:
        files = dict.fromkeys(file for size in sizes for file in binned.files(size[0], law))  # type: ignore[arg-type]
        deck += [f".param mc_mm_switch={switch}", ".option scale=1u", *(f".include {file}" for file in files)]
    elements = [f"x{{i}} {{d}} {{g}} 0 0 {size[0]} w={size[1] / 1e3:g} l={size[2] / 1e3:g}" for size in sizes]
    return _run(folder, deck, sizes, elements, draws, gates, sweep)


def _run(
    folder: Path,
    deck: list[str],
    sizes: Sequence[Size],
    elements: Sequence[str],
    draws: int,
    gates: dict[Size, str],
    sweep: Sequence[str],
) -> dict[Size, Array]:
    """ln of the drain currents; a `{i}`, `{d}` and `{g}` in an element are its number, drain and gate."""
    lines, vectors = [], []
    for k, (size, element) in enumerate(zip(sizes, elements, strict=True)):
        sign = bind(*size, "tt").sign
        lines += [f"b_gate{k} g{k} 0 v={sign}*({gates[size]})", f"v_drain{k} d{k} 0 {sign * DRAIN_V}"]
        for i in range(draws):
            name = f"{k}_{i}"
            lines += [f"v{name} d{k} d{name} 0", element.format(i=name, d=f"d{name}", g=f"g{k}")]
            vectors.append(f"i(v{name})")
    control = ["set wr_singlescale", "set numdgt=12", sweep[1], f"wrdata out.txt {' '.join(vectors)}"]
    text = [*deck, *OPTIONS, sweep[0], *lines, ".control", *control, ".endc", ".end"]
    (found,) = simulate(folder, text, ["out.txt"])
    values = np.log(np.abs(found)).reshape(-1, len(sizes), draws)
    return {size: values[:, k] for k, size in enumerate(sizes)}


def drawn(size: Size, law: Law, draws: int, seed: int = 1) -> tuple[Array, Array]:
    """Threshold and weak shifts of transistors of one size, as a virtual chip draws them."""
    device, w_nm, l_nm = size
    mos = tuple(Mos(f"m{i}", device, "d", "g", "s", "b", w_nm, l_nm) for i in range(draws))
    flat = FlatNetlist("draws", ("d", "g", "s", "b"), mos)
    chip = VirtualChip(seed, 1.0, law)
    return chip.shifts(flat, load("sky130")), chip.weak(flat, load("sky130"))


def our_gates(size: Size) -> Array:
    """Gate voltages at which our card carries CURRENTS_A."""
    found = curves(MODELS, [bind(*size, "tt")], DRAIN_V, 27.0)
    log = found.log[:, 0]
    rising = int(np.argmin(log)) + 1
    return np.interp(np.log(CURRENTS_A), np.maximum.accumulate(log[rising:]), found.gates[rising:])


def ours(folder: Path, size: Size, law: Law, draws: int) -> Array:
    """ln I [currents, draws] of our cards with our draws, in ngspice."""
    shifts, weak = drawn(size, law, draws)
    names = {value: f"card_{k}" for k, value in enumerate(dict.fromkeys(weak.tolist()))}
    sign = bind(*size, "tt").sign
    deck = ["* our draws", ".option scale=1u", *(bind(*size, "tt", value).card(name) for value, name in names.items())]
    deck += [*OPTIONS, "vplace place 0 0", f"v_drain d 0 {sign * DRAIN_V}"]
    table_ = ",".join(f"{i},{v:.9g}" for i, v in enumerate(our_gates(size)))
    deck += [f"b_gate g 0 v={sign}*pwl(v(place),{table_})"]
    for i, (shift, value) in enumerate(zip(shifts.tolist(), weak.tolist(), strict=True)):
        model = f"{names[value]}{bind(*size, 'tt').instance()} delvto={sign * shift:.9g}"
        deck += [f"v{i} d d{i} 0", f"m{i} d{i} g 0 0 {model}"]
    vectors = " ".join(f"i(v{i})" for i in range(draws))
    control = ["set wr_singlescale", "set numdgt=12", "dc vplace 0 2 1", f"wrdata out.txt {vectors}"]
    (found,) = simulate(folder, [*deck, ".control", *control, ".endc", ".end"], ["out.txt"])
    return np.log(np.abs(found))


def by_table(size: Size, law: Law, draws: int) -> Array:
    """The same from the array engine's table."""
    device = Device(table(Kind(Size(*size), OperatingPoint("tt", 27.0, 1.8), MODELS)))
    shifts = moved(*(values[:, None] for values in drawn(size, law, draws)))
    gate = torch.tensor(our_gates(size), dtype=torch.float64).unsqueeze(1).expand(-1, draws).contiguous()
    found = gate - device.pooled(gate, shifts, HALF)
    current = device(found, torch.full_like(gate, DRAIN_V), torch.zeros_like(gate)).current
    return current.log().numpy()
