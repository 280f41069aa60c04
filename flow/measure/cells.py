"""Single cells in libngspice, in process: transfer of soma and synapse for every code, and the latch's noise margin."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from somaforge.flow.memory.latch_margins import OPTIONS, noise_margin
from somaforge.flow.spice.deck import Deck, size_of
from somaforge.flow.spice.library import run_in_process
from somaforge.generator.circuit import Mos
from somaforge.generator.design import Design, latch_nets
from somaforge.generator.names import LATCH, SOMA, SYNAPSE, half_latch, in_latch
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError
from somaforge.pdk.models import OperatingPoint

DECADE_STEP = 0.05
"""Of a current sweep, about: 20 points per decade."""
BUTTERFLY_STEP_V = 0.005


@dataclass(frozen=True, eq=False)
class Transfer:
    """One soma that drives one synapse for each code, without mismatch; the output is held at half the supply."""

    inputs_A: Floats
    """[points] current into the soma."""
    codes: tuple[int, ...]
    """-full scale .. +full scale."""
    outputs_A: Floats
    """[codes, points] current out of the synapse; negative codes pull."""
    rail_p_V: Floats
    """[points] gate voltage of the p mirrors."""
    rail_n_V: Floats
    """[points] gate voltage of the n mirrors."""

    def gain(self, code: int) -> Floats:
        """Output over input current for one code, [points]."""
        found: Floats = self.outputs_A[self.codes.index(code)] / self.inputs_A
        return found


@dataclass(frozen=True, eq=False)
class Butterfly:
    """Transfer curves of the latch's two halves, each with its access device."""

    drive_V: Floats
    """[points] voltage on the input of either half."""
    response_V: Floats
    """[points] output of a half; both halves are the same cell, so the other wing is the mirror image."""
    noise_margin_V: float
    """Side of the largest square that fits into the smaller eye (Seevinck's static noise margin)."""


def transfer(
    design: Design,
    at: OperatingPoint,
    *,
    lowest_A: float = 1e-10,
    highest_A: float = 1e-6,
    output_V: float | None = None,
) -> Transfer:
    """DC transfer of the soma and its synapse for every code; ToolError if ngspice fails."""
    if not 0 < lowest_A < highest_A <= 1e-3:
        raise InputError(f"cells: currents from {lowest_A:g} to {highest_A:g} A; give 0 < lowest < highest <= 1e-3")
    supply, full = at.supply_V, design.weights.full_scale
    held = supply / 2 if output_V is None else output_V
    codes = tuple(range(-full, full + 1))
    soma = design.library.flatten(design.cell(SOMA)).mos
    core = [m for m in design.library.flatten(design.cell(SYNAPSE)).mos if not in_latch(m.name)]
    mos, sources = list(soma), [f"v_out_{i} out_{i} 0 {held:.9g}" for i in range(len(codes))]
    for i, code in enumerate(codes):
        bits = design.weights.encode(np.array(code))
        tied = {net: "vdd" if bit else "gnd" for net, bit in zip(latch_nets(design.weights.bits), bits, strict=True)}
        mos += _copy(core, str(i), tied, shared=("vp", "vn"))
    low, high = np.log10(lowest_A), np.log10(highest_A)
    step = (high - low) / max(1, round((high - low) / DECADE_STEP))
    sources += [f"v_decade decade 0 {high:.9g}", "b_in vdd in i=pow(10, v(decade))"]
    found = _sweep(
        design,
        at,
        "soma and synapses",
        mos,
        sources,
        ["v(decade)", "v(vp)", "v(vn)", *(f"i(v_out_{i})" for i in range(len(codes)))],
        # downwards, because an operating point is easier to find at high current; half a step more to meet the end
        f"v_decade {high:.9g} {low - step / 2:.9g} {-step:.9g}",
    )
    found = {name: values[::-1] for name, values in found.items()}
    outputs = np.stack([found[f"i(v_out_{i})"] for i in range(len(codes))])
    return Transfer(10.0 ** found["v(decade)"], codes, outputs, found["v(vp)"], found["v(vn)"])


def butterfly(design: Design, at: OperatingPoint, *, reading: bool) -> Butterfly:
    """The latch's butterfly while it holds, or while it is read (word line and bit line at the supply)."""
    supply = at.supply_V
    wells = {"vnb": "gnd", "vpb": "vdd"}
    latch = design.library.flatten(design.cell(LATCH)).mos
    half = [replace(m, b=wells[m.b]) for m in latch if m.name in half_latch(False)]
    word = supply if reading else 0.0
    sources = [f"v_wl wl 0 {word:.9g}", f"v_bl bl 0 {supply:.9g}", "v_drive qb 0 0"]
    sweep = f"v_drive 0 {supply:.9g} {BUTTERFLY_STEP_V}"
    found = _sweep(design, at, "half a latch", half, sources, ["v(qb)", "v(q)"], sweep)
    return Butterfly(found["v(qb)"], found["v(q)"], noise_margin(found["v(qb)"], found["v(q)"], found["v(q)"]))


def _copy(mos: Iterable[Mos], suffix: str, tied: dict[str, str], shared: tuple[str, ...]) -> Iterator[Mos]:
    """The transistors again under another name, with some nets tied, some shared and the others their own."""
    kept = {"vdd": "vdd", "gnd": "gnd", **{n: n for n in shared}, **tied}
    for m in mos:
        d, g, s, b = (kept.get(n, f"{n}_{suffix}") for n in (m.d, m.g, m.s, m.b))
        yield replace(m, name=f"synapse{suffix}_{m.name}", d=d, g=g, s=s, b=b)


def _sweep(
    design: Design, at: OperatingPoint, title: str, mos: list[Mos], sources: list[str], saves: list[str], sweep: str
) -> dict[str, Floats]:
    """The saved vectors of one DC sweep, by the name in `saves`."""
    deck = Deck(f"{design.spec.name}: {title}", design.pdk.models, at, OPTIONS, exact=False)
    deck.put(f"v_vdd vdd 0 {at.supply_V:.9g}")
    for m in mos:
        deck.transistor(m.name, size_of(m), (m.d, m.g, m.s, m.b))
    deck.put(*sources)
    return run_in_process(deck.text(f".save {' '.join(saves)}", f".dc {sweep}"), saves, f"{title} ({at.corner})")
