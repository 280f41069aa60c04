"""Transistors of a flat netlist with their mismatch between sources of one's own, in time, on ngspice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.lines import check_value, resistor_lines
from somaforge.flow.spice.batch import run_batch
from somaforge.flow.spice.deck import Deck, drawn, safe, size_of
from somaforge.generator.circuit import FlatNetlist
from somaforge.pdk import Pdk
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import ToolError
from somaforge.pdk.models import OperatingPoint, Shift

OPTIONS = "klu method=gear reltol=1e-4 abstol=1e-15 vntol=1e-6 chgtol=1e-17 itl1=500 itl4=100"
TIMEOUT_S = 600.0


@dataclass(frozen=True)
class Bench:
    """A netlist as one chip has it, ready to be simulated."""

    pdk: Pdk
    flat: FlatNetlist
    chip: VirtualChip
    where: OperatingPoint
    evidence: Path | None = None
    """Gets decks and logs."""
    options: str = OPTIONS
    """Of the solver."""
    timeout_s: float = TIMEOUT_S
    """Of one run."""

    def run(
        self,
        analysis: str,
        sources: Sequence[str],
        saves: Sequence[str],
        what: str,
        supply: str | None = None,
        gmin: float = 1e-15,
    ) -> Mapping[str, Floats]:
        """Vectors of one run by name; the first is named `time` or for the sweep. `analysis` is a line such as
        `.tran 1n 1u`; nets `vdd` and `gnd` are there, `gnd` is the deck's ground. `supply` replaces the constant supply
        by another source value, a ramp for example; `gmin` is what the simulator adds to every junction, in S.

        ToolError if ngspice fails or leaves a vector out.
        """
        deck = Deck(safe(self.flat.name), self.pdk.models, self.where, f"{self.options} gmin={gmin:g}", body=False)
        constant = f"{self.where.supply_V:.9g}"
        deck.put(f"v_vdd vdd gnd {constant if supply is None else supply}")
        shifts = self.chip.shifts(self.flat, self.pdk).tolist()
        weak = self.chip.weak(self.flat, self.pdk).tolist()
        for m, *both in zip(self.flat.mos, shifts, weak, strict=True):
            nets = [safe(net) for net in (m.d, m.g, m.s, m.b)]
            deck.transistor(safe(m.name), size_of(m), nets, Shift(*both), **drawn(m))
        deck.put(*self._wires(), *sources)
        text = deck.text(f".save {' '.join(saves)}", analysis)
        names, values = run_batch(text, self.evidence, what, self.timeout_s)
        found = {name: values[:, k] for k, name in enumerate(names)}
        missing = [s for s in saves if s not in found]
        if missing or not np.all(np.isfinite(values)):
            raise ToolError(f"ngspice: {what} gave no value for {(missing or ['a vector'])[0]}; see its deck and log")
        return found

    def _wires(self) -> list[str]:
        lines = resistor_lines(self.flat.resistors, safe)
        for i, c in enumerate(self.flat.capacitors):
            check_value(c.name, c.farad)
            lines.append(f"c_wire_{i} {safe(c.a)} {safe(c.b)} {c.farad:.6e}")
        return lines


def crossings(time: Floats, voltage: Floats, level: float, *, rising: bool = True) -> Floats:
    """Times at which a voltage passes a level, interpolated."""
    above = voltage > level
    before = np.flatnonzero(~above[:-1] & above[1:] if rising else above[:-1] & ~above[1:])
    share = (level - voltage[before]) / (voltage[before + 1] - voltage[before])
    found: Floats = time[before] + share * (time[before + 1] - time[before])
    return found
