"""Cells of the port in a deck: gates of the library by function, transistors, and when a node crosses a level."""

from collections.abc import Mapping
from typing import Unpack

import numpy as np

from somaforge.flow.spice.deck import Deck, Instance, size_of
from somaforge.generator.circuit import Mos
from somaforge.generator.design import Design
from somaforge.generator.periphery.cells import cell_circuit
from somaforge.generator.periphery.measures import library
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import ToolError
from somaforge.pdk.library import Function
from somaforge.pdk.models import OperatingPoint

OPTIONS = "klu method=gear reltol=1e-3 abstol=1e-12 vntol=1e-6 gmin=1e-15 itl4=100"
WIRE_F = 1.2e-15
"""Of a control bus's wire per bit slice: 5 um of it, at 0.2 fF/um and some."""


class PortDeck:
    """A deck of a design at an operating point, with its supply."""

    def __init__(self, design: Design, title: str, at: OperatingPoint) -> None:
        self.design, self.supply = design, at.supply_V
        self.cells = library(design.pdk)
        self.deck = Deck(f"{design.spec.name}: {title}", design.pdk.models, at, OPTIONS, exact=False)
        self.deck.put(f"v_vdd vdd 0 {self.supply:.9g}")

    def gate(self, name: str, function: Function, drive: int, **pins: str) -> None:
        """A cell with these nets at its pins."""
        cell = self.cells.cell(function, drive)
        nets = {pin: "0" if rail == "gnd" else "vdd" for pin, rail in self.cells.power.items()}
        nets |= {cell.pins[pin]: net for pin, net in pins.items()}
        for mos in cell_circuit(self.cells, cell.name).mos:
            inner = {n: nets.get(n, f"{name}_{n.lower()}") for n in (mos.d, mos.g, mos.s, mos.b)}
            self.put(mos, inner, name)

    def put(self, mos: Mos, nets: Mapping[str, str], tag: str, **more: Unpack[Instance]) -> None:
        """One transistor; `nets` says what each of its nodes is."""
        ends = [nets[n] for n in (mos.d, mos.g, mos.s, mos.b)]
        size = self.design.pdk.models.simulated(size_of(mos))
        self.deck.transistor(f"{mos.name.lower()}_{tag}", size, ends, **more)

    def pin_F(self, function: Function, drive: int, pin: str) -> float:  # noqa: N802 (a unit)
        """Gate capacitance of an input of a cell."""
        cell = self.cells.cell(function, drive)
        gates = (m for m in cell_circuit(self.cells, cell.name).mos if m.g == cell.pins[pin])
        area_nm2 = sum(m.w_nm * m.l_nm for m in gates)
        return area_nm2 * 1e-18 * self.design.pdk.models.gate_F_per_m2


def crossing(
    node: str, time: Floats, wave: Floats, level: float, first_s: float = 0.0, last_s: float = np.inf
) -> float:
    """When a wave last passes a level between two times; ToolError if it never does."""
    within = (time[:-1] >= first_s) & (time[1:] <= last_s)
    passed = np.flatnonzero(((wave[:-1] - level) * (wave[1:] - level) <= 0) & within)
    if len(passed) == 0:
        raise ToolError(f"ngspice: timing of the port: {node} does not reach {level:.2f} V in {time[-1]:g} s")
    k = int(passed[-1])
    part = (level - wave[k]) / (wave[k + 1] - wave[k]) if wave[k + 1] != wave[k] else 0.0
    return float(time[k] + part * (time[k + 1] - time[k]))
