"""Step drivers: the block that makes input currents from codes, drawn, checked, compared and extracted on its own."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from somaforge.flow import datasets
from somaforge.flow.chips import VirtualChip
from somaforge.flow.drivers import capacitance, pattern
from somaforge.flow.drivers.bank import Bank
from somaforge.flow.drivers.inputs import Encoder
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.machinery.base import Context, JsonObject, Step, silicon
from somaforge.flow.machinery.records import write_json
from somaforge.flow.memory import leakage, port_energy, port_timing
from somaforge.flow.memory.port import clock_count
from somaforge.flow.readout.draws import measure
from somaforge.flow.steps.block_checks import REPORTS
from somaforge.flow.steps.data import data_of
from somaforge.flow.steps.driver_blocks import folders, lane_memory, made, of_inputs, pieces
from somaforge.generator import drivers
from somaforge.generator.control import Control
from somaforge.generator.design import Design
from somaforge.generator.spec import Spec
from somaforge.generator.submission import papers
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

DRIVES = "drives.json"
"""Capacitance that each driver adds to its input."""


def applies(spec: Spec) -> bool:
    """Whether there are drivers."""
    return spec.drivers is not None


def config(spec: Spec) -> JsonObject:
    """Nothing without drivers."""
    if not applies(spec):
        return {}
    keys = {"supply_V", "temperature_C", "corners", "input"}
    return {**silicon(spec), **data_of(spec), **spec.model_dump(mode="json", include=keys)}


def action(context: Context) -> Mapping[str, float]:
    """Layout, netlists, checks, and drives.json; only that, and empty, without drivers.

    CheckError for a layout that is not clean or not the netlist.
    """
    spec, folder = context.spec, context.folder
    if not applies(spec):
        write_json(folder / DRIVES, {"drives_F": []})
        return {}
    blocks = [made(piece, folder, spec) for piece in pieces(spec)]
    banks = [(b.piece.count, b.piece.design) for b in blocks if b.piece.design is not None]
    bank, dataset = Bank.of(ArrayEngine(), spec, VirtualChip(0, 0.0)), datasets.load(spec.network.dataset)
    assert bank is not None  # it applies
    highest = Encoder.of(bank.scale, dataset).full_A(dataset, spec)
    devices = capacitance.of_devices(spec, highest)
    drives = of_inputs(spec, blocks, devices)
    write_json(folder / DRIVES, {"drives_F": drives, "devices_F": devices})
    design, memory = banks[0][1], lane_memory(spec)
    plan = port_timing.plan_of(design)
    at = {"typical": replace(design.pdk.models.nominal, supply_V=spec.supply_V), "slow": port_timing.slow(design)}
    half = {name: port_timing.measure(design, plan, point).half_period_s for name, point in at.items()}
    shift = port_energy.shift_energy(design, plan, at["typical"])
    clocks = clock_count(pattern.load(memory), memory)
    context.log(f"half a period {half['typical']:.3g} s, slow {half['slow']:.3g} s")
    return {
        "drivers__violations__count": sum(block.clean.violations for block in blocks),
        "drivers__mismatches__count": sum(block.clean.mismatches for block in blocks),
        "drivers__transistors__count": sum(block.piece.count * block.piece.transistors for block in blocks),
        "drivers__die__um2": sum(block.piece.count * block.piece.area_um2 for block in blocks),
        "drivers__column__F": max(drives),
        "drivers__references__W": bank.supply_A(highest) * spec.supply_V,
        "drivers__leakage__W": sum(n * leakage.of_design(one, spec.at).total_W for n, one in banks),
        "drivers__clock__J": shift.staying_J,
        "drivers__load__J": shift.random_J * clocks * drivers.build(spec).memory.width,
        "present__load__s": pattern.load_s(memory, half["slow"]),
        **_of_chip(context.design, bank.scale.references_A(highest)),
        "present__load_typical__s": pattern.load_s(memory, half["typical"]),
        "present__load_after__s": pattern.after_decision_s(memory, half["slow"]),
    }


def _of_chip(design: Design, references_A: Floats) -> dict[str, float]:
    """What a control's pins take to load a pattern, and what bias and readout draw with these reference currents;
    nothing for an array that no control goes with."""
    try:
        control = Control.of(design)
    except InputError:
        return {}
    draws = measure(design, references_A)
    return {
        "present__load_pins__s": papers.per_pattern(control) / papers.CLOCK_HZ,
        "readout__bias__W": draws.bias_W,
        "readout__race__J": draws.race_J,
        "readout__held__W": draws.held_W,
    }


def files(spec: Spec) -> tuple[str, ...]:
    """What the step writes."""
    if not applies(spec):
        return (DRIVES,)
    own = ("layout.gds", "layout.png", "netlist.spice", "netlist.cdl", *REPORTS)
    return (DRIVES, *(str(Path(folder) / file) for folder in folders(spec) for file in own))


STEP = Step(
    "drivers",
    action,
    files,
    config=config,
    idle=lambda spec: "" if applies(spec) else "no `chip.drivers` in the spec",
    tools=("klayout", "klayout-application", "ngspice", "pdk", "numpy", "scikit-learn"),
    limit_s=lambda spec: spec.time_limits.drc_s,
)
