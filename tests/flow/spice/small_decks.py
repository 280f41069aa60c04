"""Every kind of deck of somaforge for a small design, as it would be simulated.

    python tests/flow/spice/small_decks.py

keeps what they mean in tests/golden/decks.json.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
from tests.flow.small import small_design
from tests.flow.spice.deck_meaning import RecordedError, digest, recorded

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines import spread
from somaforge.flow.engines.array import capacitance, tables, weak
from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.engines.columns import ColumnReference
from somaforge.flow.engines.ngspice import NgspiceEngine
from somaforge.flow.engines.synapses import SynapseReference
from somaforge.flow.measure import cells
from somaforge.flow.measure.noise_row import Point, Row, Settled
from somaforge.flow.memory import latch_margins, leakage, port_timing, port_transistors, program
from somaforge.flow.memory.port import clocks, read_all, write_all
from somaforge.generator.circuit import Capacitor, Junctions, Resistor
from somaforge.generator.design import Design, build
from somaforge.pdk.errors import ToolError
from somaforge.pdk.models import OperatingPoint, Size

KEPT = Path(__file__).parents[2] / "golden" / "decks.json"
CODES = (np.array([[3, -2], [0, 1]]), np.array([[-7, 5], [4, 0]]))
INPUTS = np.array([[30e-9, 0.0], [5e-9, 40e-9]])


def chip(design: Design) -> ProgrammedChip:
    """With shifts of both kinds, wires, and drawn junctions on some transistors."""
    draw = np.random.default_rng(7)
    flat = design.flat
    mos = tuple(
        replace(m, junctions=Junctions(310_000 + i, 1700, 250_000, 1500 + i)) if i % 3 == 0 else m
        for i, m in enumerate(flat.mos)
    )
    wires = tuple(Capacitor(f"c_{net}", net, "gnd", 3e-15) for net in ("sum_1_0", "vp_1_1", "vdd"))
    wires += (Capacitor("c_2", "vp_0_0", "vn_0_0", 1e-15),)
    ohms = (Resistor("r_1", "vdd", "vdd__s1", 2.5),)
    flat = replace(flat, mos=mos, capacitors=wires, resistors=ohms)
    shifts, steps = draw.normal(0, 0.01, len(mos)), draw.integers(-2, 3, len(mos)) * 0.005
    return ProgrammedChip(design, flat, CODES, shifts, OperatingPoint("ss", -10.0, 1.7), weak=steps.astype(float))


def _with_port() -> Design:
    design = small_design()
    array = design.spec.array.model_copy(update={"port": "scan"})
    return build(design.spec.model_copy(update={"array": array}))


def _noise(folder: Path) -> Row:
    return Row(small_design(), Point(OperatingPoint("ff", 40.0, 1.6), 5e-15), np.linspace(1e-8, 3e-7, 4), 10.0, folder)


def simulations(folder: Path) -> dict[str, Callable[[], object]]:
    """Name -> what simulates."""
    design, port = small_design(), _with_port()
    models, nfet = design.pdk.models, design.pdk.device("n", "standard").name
    one, full = chip(design), replace(chip(design), memory="transistor")
    plain = replace(one, flat=replace(one.flat, resistors=(Resistor("r_1", "sum_1_0", "sum_1_0__s1", 30.0),)))
    samples = [latch_margins.Sample(corner, 0.01 * np.arange(6.0), 0.005 * np.arange(6.0)) for corner in ("tt", "sf")]
    memory = design.memory
    kind = tables.Kind(
        Size(design.pdk.device("p", "standard").name, 420, 1000), OperatingPoint("fs", 85.0, 1.7), models
    )
    flat_table = tables.Table(kind, np.zeros((1, 1, 1)), np.zeros(1), np.zeros(1))
    rest, row = np.array([[0.3, 1.2, 0.4], [0.4, 1.1, 0.5]]), _noise(folder)
    still = Settled({"v(vp)": np.full(4, 1.1), "v(vn)": np.full(4, 0.4)}, np.zeros(4), {})
    bits = design.weights.encode(np.array([5, -6]))
    return {
        "array at rest": lambda: NgspiceEngine().dc(one, INPUTS),
        "array in time": lambda: NgspiceEngine().transient(one, INPUTS, 1e-6, ("vp_1_0",)),
        "array with latches": lambda: NgspiceEngine().dc(full, INPUTS),
        "array, exact": lambda: NgspiceEngine().dc(replace(one, exact=True), INPUTS),
        "columns": lambda: ColumnReference(plain, workers=1).solve(INPUTS),
        "synapses": lambda: SynapseReference(one, workers=1).solve(INPUTS),
        "device table": lambda: tables.table(kind),
        "weak shifts": lambda: weak.worth(flat_table),
        "current over gate": lambda: spread.sigma_ln_I(models, Size(nfet, 420, 540), 1e-8, models.laws[0]),
        "capacitances": lambda: capacitance.loads(one, np.array([1e-9, 1e-8]), rest, (("node_0", "vdd", 1e-16),)),
        "leakage": lambda: leakage.of_design(port, OperatingPoint("ff", 85.0, 1.7)),
        "port, timing": lambda: port_timing.measure(port, port_timing.plan_of(port), OperatingPoint("ss", -40.0, 1.8)),
        "port, transistors": lambda: port_transistors.play(
            design.flat,
            models,
            OperatingPoint("sf", 27.0, 1.8),
            {"bl_0_0_0": 5e-15},
            [*clocks([*write_all(memory), *read_all(memory)], np.zeros((memory.rows, memory.width), dtype=np.int8))],
            [],
        ),
        "latches, eyes": lambda: latch_margins.measure(design, samples, 85.0, 1.6),
        "latches, writing": lambda: latch_margins._Bench(design, samples, 85.0, 1.6, None).write(),
        "programming": lambda: program.simulate(
            design, bits, 0, 0, flat=one.flat, shifts=one.shifts, at=OperatingPoint("fs", 27.0, 1.8)
        ),
        "cells": lambda: cells.transfer(design, OperatingPoint("sf", 27.0, 1.8)),
        "half a latch": lambda: cells.butterfly(design, OperatingPoint("ff", 27.0, 1.8), reading=True),
        "noise, at rest": lambda: row.settled(3),
        "noise, a chip": lambda: row.mean(-2, VirtualChip(3)),
        "noise, spectrum": lambda: row.spectrum(3, 1, still, {"vp": 4e-15, "vn": 3e-15}),
    }  # fmt: skip


def decks(folder: Path) -> Iterator[tuple[str, str]]:
    """Name and text of the first deck of each simulation; those that run side by side elsewhere run one by one here."""
    for name, simulate in simulations(folder).items():
        with recorded(folder) as texts, patch("os.cpu_count", return_value=1), suppress(RecordedError, ToolError):
            simulate()
        yield name, texts[0]


if __name__ == "__main__":
    with TemporaryDirectory() as place:
        found = {name: digest(text) for name, text in decks(Path(place))}
    KEPT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
