"""Transistors of a flat netlist with their mismatch between sources of one's own, in time, on ngspice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.base import Floats
from somaforge.flow.engines.batch import run_batch
from somaforge.flow.engines.lines import check_value, safe
from somaforge.generator.circuit import FlatNetlist, Mos
from somaforge.pdk import Pdk
from somaforge.pdk.errors import ToolError
from somaforge.pdk.sky130 import mismatch
from somaforge.pdk.sky130.binding import SCALE_OPTION, BoundModel, Diffusion, bind
from somaforge.pdk.templating import render

TIMEOUT_S = 600.0


@dataclass(frozen=True)
class Where:
    """Corner, temperature and supply."""

    corner: str = "tt"
    temperature_C: float = 27.0
    supply_V: float = 1.8


@dataclass(frozen=True)
class Bench:
    """A netlist as one chip has it, ready to be simulated."""

    pdk: Pdk
    flat: FlatNetlist
    chip: VirtualChip
    where: Where = Where()
    evidence: Path | None = None
    """Gets decks and logs."""

    def run(
        self, analysis: str, sources: Sequence[str], saves: Sequence[str], what: str, supply: str | None = None
    ) -> Mapping[str, Floats]:
        """Vectors of one run by name; the first is named `time` or for the sweep. `analysis` is a line such as
        `.tran 1n 1u`; nets `vdd` and `gnd` are there, `gnd` is the deck's ground. `supply` replaces the constant supply
        by another source value, a ramp for example.

        ToolError if ngspice fails or leaves a vector out.
        """
        deck = render(
            "readout.sp.j2",
            title=safe(self.flat.name),
            scale_option=SCALE_OPTION,
            temperature=f"{self.where.temperature_C:.6g}",
            supply=f"{self.where.supply_V:.9g}" if supply is None else supply,
            lines=[*self._transistors(), *self._wires(), *sources],
            saves=" ".join(saves),
            analysis=analysis,
        )
        names, values = run_batch(deck, self.evidence, what, TIMEOUT_S)
        found = {name: values[:, k] for k, name in enumerate(names)}
        missing = [s for s in saves if s not in found]
        if missing or not np.all(np.isfinite(values)):
            raise ToolError(f"ngspice: {what} gave no value for {(missing or ['a vector'])[0]}; see its deck and log")
        return found

    def _transistors(self) -> list[str]:
        """Model cards and lines."""
        shifts = self.chip.shifts(self.flat, self.pdk).tolist()
        weak = self.chip.weak(self.flat, self.pdk).tolist()
        cards: dict[BoundModel, str] = {}
        lines = []
        for m, vth_V, weak_V in zip(self.flat.mos, shifts, weak, strict=True):
            model = bind(m.device, m.w_nm, m.l_nm, self.where.corner, weak_V)
            card = cards.setdefault(model, f"model_{len(cards)}")
            delvto = mismatch.sign(m.device) * vth_V
            nets = " ".join(safe(net) for net in (m.d, m.g, m.s, m.b))
            lines.append(f"m{safe(m.name)} {nets} {card}{_instance(model, m)} delvto={delvto:.9g}")
        return [*(model.card(name, body=False).rstrip() for model, name in cards.items()), *lines]

    def _wires(self) -> list[str]:
        lines = []
        for i, r in enumerate(self.flat.resistors):
            check_value(r.name, r.ohm)
            lines.append(f"r_wire_{i} {safe(r.a)} {safe(r.b)} {r.ohm:.6e}")
        for i, c in enumerate(self.flat.capacitors):
            check_value(c.name, c.farad)
            lines.append(f"c_wire_{i} {safe(c.a)} {safe(c.b)} {c.farad:.6e}")
        return lines


def _instance(model: BoundModel, m: Mos) -> str:
    j = m.junctions
    if j is None:
        return model.instance()
    return model.instance(
        Diffusion(j.drain_area_nm2, j.drain_perimeter_nm), Diffusion(j.source_area_nm2, j.source_perimeter_nm)
    )


def crossings(time: Floats, voltage: Floats, level: float, *, rising: bool = True) -> Floats:
    """Times at which a voltage passes a level, interpolated."""
    above = voltage > level
    before = np.flatnonzero(~above[:-1] & above[1:] if rising else above[:-1] & ~above[1:])
    share = (level - voltage[before]) / (voltage[before + 1] - voltage[before])
    found: Floats = time[before] + share * (time[before + 1] - time[before])
    return found
