"""Single cells in libngspice, in process: transfer of soma and synapse for every code, and the latch's noise margin."""

import logging
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
from PySpice.Spice.NgSpice.Shared import NgSpiceCommandError, NgSpiceShared

from somaforge.flow.memory.latch_margins import noise_margin
from somaforge.generator.circuit import Mos
from somaforge.generator.design import Design, latch_nets
from somaforge.generator.names import LATCH, SOMA, SYNAPSE
from somaforge.pdk.errors import InputError, ToolError
from somaforge.pdk.sky130.binding import SCALE_OPTION, bind
from somaforge.pdk.templating import render

Floats = npt.NDArray[np.float64]

DECADE_STEP = 0.05
"""Of a current sweep, about: 20 points per decade."""
BUTTERFLY_STEP_V = 0.005
_IN_USE = threading.Lock()
"""libngspice has one circuit at a time."""


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
    *,
    lowest_A: float = 1e-10,
    highest_A: float = 1e-6,
    corner: str = "tt",
    output_V: float | None = None,
) -> Transfer:
    """DC transfer of the soma and its synapse for every code; ToolError if ngspice fails."""
    if not 0 < lowest_A < highest_A <= 1e-3:
        raise InputError(f"cells: currents from {lowest_A:g} to {highest_A:g} A; give 0 < lowest < highest <= 1e-3")
    supply, full = design.spec.supply_V, design.weights.full_scale
    held = supply / 2 if output_V is None else output_V
    codes = tuple(range(-full, full + 1))
    soma = design.library.flatten(design.cell(SOMA)).mos
    core = [m for m in design.library.flatten(design.cell(SYNAPSE)).mos if not m.name.startswith("x_latch_")]
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
        "soma and synapses",
        mos,
        sources,
        ["v(decade)", "v(vp)", "v(vn)", *(f"i(v_out_{i})" for i in range(len(codes)))],
        # downwards, because an operating point is easier to find at high current; half a step more to meet the end
        f"v_decade {high:.9g} {low - step / 2:.9g} {-step:.9g}",
        corner,
    )
    found = {name: values[::-1] for name, values in found.items()}
    outputs = np.stack([found[f"i(v_out_{i})"] for i in range(len(codes))])
    return Transfer(10.0 ** found["v(decade)"], codes, outputs, found["v(vp)"], found["v(vn)"])


def butterfly(design: Design, *, reading: bool, corner: str = "tt") -> Butterfly:
    """The latch's butterfly while it holds, or while it is read (word line and bit line at the supply)."""
    supply = design.spec.supply_V
    wells = {"vnb": "gnd", "vpb": "vdd"}
    latch = design.library.flatten(design.cell(LATCH)).mos
    half = [replace(m, b=wells[m.b]) for m in latch if m.name in ("m_access", "m_down", "m_up")]
    word = supply if reading else 0.0
    sources = [f"v_wl wl 0 {word:.9g}", f"v_bl bl 0 {supply:.9g}", "v_drive qb 0 0"]
    sweep = f"v_drive 0 {supply:.9g} {BUTTERFLY_STEP_V}"
    found = _sweep(design, "half a latch", half, sources, ["v(qb)", "v(q)"], sweep, corner)
    return Butterfly(found["v(qb)"], found["v(q)"], noise_margin(found["v(qb)"], found["v(q)"], found["v(q)"]))


def _copy(mos: Iterable[Mos], suffix: str, tied: dict[str, str], shared: tuple[str, ...]) -> Iterator[Mos]:
    """The transistors again under another name, with some nets tied, some shared and the others their own."""
    kept = {"vdd": "vdd", "gnd": "gnd", **{n: n for n in shared}, **tied}
    for m in mos:
        d, g, s, b = (kept.get(n, f"{n}_{suffix}") for n in (m.d, m.g, m.s, m.b))
        yield replace(m, name=f"synapse{suffix}_{m.name}", d=d, g=g, s=s, b=b)


def _sweep(
    design: Design, title: str, mos: list[Mos], sources: list[str], saves: list[str], sweep: str, corner: str
) -> dict[str, Floats]:
    """The saved vectors of one DC sweep, by the name in `saves`."""
    kinds: dict[tuple[str, int, int], str] = {}
    lines = []
    for m in mos:
        key = (m.device, m.w_nm, m.l_nm)
        name = kinds.setdefault(key, f"model_{len(kinds)}")
        lines.append(f"m{m.name} {m.d} {m.g} {m.s} {m.b} {name}{bind(*key, corner).instance()}")
    deck = render(
        "cell.sp.j2",
        title=f"{design.spec.name}: {title}",
        scale_option=SCALE_OPTION,
        temperature=f"{design.spec.temperature_C:.6g}",
        cards=[bind(*key, corner).card(name, exact=False) for key, name in kinds.items()],
        supply=f"{design.spec.supply_V:.9g}",
        lines=[*lines, *sources],
        saves=" ".join(saves),
        sweep=sweep,
    )
    with _IN_USE:
        shared = _libngspice()
        try:
            shared.load_circuit(deck)
            shared.run()
            plot = shared.plot(None, shared.last_plot)
            found = {s: np.array(plot[_vector(s)].to_waveform().as_ndarray(), dtype=float) for s in saves}
        except (NgSpiceCommandError, KeyError) as error:
            raise ToolError(f"libngspice: {title} ({corner}): {' '.join(str(error).split())[:200]}") from None
    if any(len(v) < 2 or not np.all(np.isfinite(v)) for v in found.values()):
        raise ToolError(f"libngspice: {title} ({corner}): the sweep did not finish; simulate it with ngspice by hand")
    return found


def _vector(save: str) -> str:
    """libngspice's name of what was saved: v(a) is `a`, i(v_b) is `v_b#branch`."""
    inner = save[2:-1]
    return inner if save.startswith("v(") else f"{inner}#branch"


@cache
def _libngspice() -> NgSpiceShared:
    """The one instance of the process; ToolError if the library is missing."""
    # PySpice 1.5 warns that it does not know ngspice versions after its own; what is used here is stable.
    logging.getLogger("PySpice").setLevel(logging.ERROR)
    NgSpiceShared.LIBRARY_PATH = "libngspice.so.0"
    try:
        return NgSpiceShared.new_instance()
    except OSError as error:
        raise ToolError(
            f"libngspice: cannot be loaded ({error}); run make setup (Debian package libngspice0)"
        ) from None
