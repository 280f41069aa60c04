"""What the drivers add to the array's input nodes: the wires of a column, and the drains of its open switches.

Where the array is simulated with currents in place of its drivers, that capacitance stays. What is behind the switches
is left out: it lies at the supply while they are open, and helps to charge the input when they close. So inputs that
are currents come later than those of drivers, never earlier (tests/flow/drivers/test_drivers_in_time.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from somaforge.flow.drivers.bank import with_inputs
from somaforge.flow.drivers.scale import Scale
from somaforge.flow.engines.array.capacitance import FREQUENCY_HZ, OPTIONS, farads
from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.engines.lines import Nets, transistor_lines
from somaforge.flow.spice.deck import Deck
from somaforge.generator.circuit import Capacitor, FlatNetlist
from somaforge.generator.names import GROUND, SUPPLY, drive_net, input_net, place, sum_net
from somaforge.generator.spec import Spec

COLUMN = 0.25
"""Voltage of a column over the supply: that of an input soma at some 100 nA."""


def of_devices(spec: Spec, full_scale_A: float, timeout_s: float = 300.0) -> float:
    """Of a column's transistors in F with all switches open; the drivers are nominal. ValueError without drivers."""
    scale = Scale.of(spec)
    if scale is None:
        raise ValueError(f"{spec.name} has no drivers")
    design = with_inputs(spec)
    flat = design.flat_without_memory
    chip = ProgrammedChip(design, flat, (np.zeros(design.layers, dtype=np.int64),), np.zeros(len(flat.mos)), spec.at)
    nets, column = Nets(chip), sum_net(1, 0)
    deck = Deck("a driver's column", design.pdk.models, spec.at, OPTIONS, exact=False)
    deck.put(f"v_{SUPPLY} {SUPPLY} {GROUND} {spec.at.supply_V:.9g}")
    for r, current in enumerate(scale.references_A(full_scale_A)):
        deck.put(f"i_ref_{r} {SUPPLY} {input_net(r)} {current:.9e}")
    deck.put(f"v_column {column} {GROUND} dc {COLUMN * spec.at.supply_V:.9g} ac 1")
    mine = ((m, shift) for m, shift in chip.transistors if _is_of_column(m.name))
    deck.put(*transistor_lines(deck.cards, chip, mine, nets.node))
    text = deck.text(".save i(v_column)", f".ac lin 1 {FREQUENCY_HZ:g} {FREQUENCY_HZ:g}")
    return float(farads(text, 1, timeout_s)[0])


def _is_of_column(name: str) -> bool:
    """The reference somas and the synapses of the first column."""
    at = place(name)
    return at is not None and at.layer == 0 and (at.cell == "soma" or (at.cell == "synapse" and at.column == 0))


def of_inputs(wires: Mapping[str, float], devices_F: float, inputs: int) -> list[float]:
    """Of every input in F; `wires` are totals of the drivers' extracted nets."""
    return [wires[drive_net(i)] + devices_F for i in range(inputs)]


def loaded(flat: FlatNetlist, drives_F: Sequence[float]) -> FlatNetlist:
    """The array's netlist with what its drivers add."""
    more = (Capacitor(f"c_{drive_net(i)}", input_net(i), GROUND, farad) for i, farad in enumerate(drives_F))
    return replace(flat, capacitors=(*flat.capacitors, *more))
