"""Step cells: soma and synapse alone, without mismatch, simulated in process with PySpice; margins of the latch over
corners, temperatures and mismatch, in ngspice."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from somaforge.flow.machinery.base import Context, JsonObject, Step, mismatch, silicon
from somaforge.flow.machinery.records import read_json, write_json
from somaforge.flow.measure import cells
from somaforge.flow.memory import latch_margins, leakage, port_pins, port_timing
from somaforge.flow.steps.chip import MemoryJob, Piece, memory_margins, work, worst_of
from somaforge.generator.design import build
from somaforge.generator.spec import Spec
from somaforge.pdk import load

TEMPERATURES_C = (-40.0, 27.0, 85.0)
"""Industrial range, where the margins of the latch must hold."""
PORT = "port.json"
MISMATCH_SAMPLES = 200
MARGINS = {"hold_snm": "hold_V", "read_snm": "read_V", "write_margin": "write_V", "read_current": "read_current_A"}
"""Name in metrics -> field of latch_margins.Margins."""


def config(spec: Spec) -> JsonObject:
    """The silicon, its supply and its mismatch."""
    keys = {"supply_V", "temperature_C", "corners"}
    return {**silicon(spec), **mismatch(spec), **spec.model_dump(mode="json", include=keys)}


def simulate(folder: Path, spec: Spec) -> None:
    """In a worker process: libngspice keeps its state, and a crash of it must not end the run."""
    design = build(spec)
    transfer = cells.transfer(design, spec.at)
    wings = {name: cells.butterfly(design, spec.at, reading=name == "read") for name in ("hold", "read")}
    write_json(
        folder / "cells.json",
        {
            "inputs_A": transfer.inputs_A,
            "codes": transfer.codes,
            "outputs_A": transfer.outputs_A,
            "rail_p_V": transfer.rail_p_V,
            "rail_n_V": transfer.rail_n_V,
            "latch": {
                name: {"drive_V": b.drive_V, "response_V": b.response_V, "noise_margin_V": b.noise_margin_V}
                for name, b in wings.items()
            },
        },
    )


@dataclass(frozen=True)
class LatchJob:
    """Latches at one temperature: all corners without mismatch, or one corner with it."""

    spec: Spec
    temperature_C: float
    corner: str | None = None

    @property
    def id(self) -> str:
        """Its name, for example latch_all_m40."""
        return f"latch_{self.corner or 'all'}_{self.temperature_C:g}".replace("-", "m")


def latch(folder: Path, job: LatchJob) -> None:
    """latch.json with every margin of every sample."""
    design = build(job.spec)
    if job.corner is None:
        samples = latch_margins.nominal(design.pdk.models.corners)
    else:
        samples = latch_margins.with_mismatch(design, job.corner, MISMATCH_SAMPLES)
    found = latch_margins.measure(design, samples, job.temperature_C, job.spec.supply_V, folder / "ngspice")
    write_json(folder / "latch.json", vars(found))


ByCorner = Mapping[LatchJob, JsonObject]
"""Latches without mismatch: latch.json of every temperature."""


def latch_over_corners(context: Context, by_corner: ByCorner) -> tuple[JsonObject, Mapping[str, float]]:
    """What goes into latch.json, and its metrics. Mismatch: at the typical corner and, for the smallest value, at
    the corner and temperature that is the worst without it."""
    models = load(context.spec.pdk).models
    typical = (models.nominal.corner, models.nominal.temperature_C)
    places = {}
    for name, field in MARGINS.items():
        places[name] = min(
            ((corner, job.temperature_C) for job in by_corner for corner in models.corners),
            key=lambda place, field=field: _at(by_corner, *place)[field],  # type: ignore[misc]
        )
    wanted = dict.fromkeys([typical, *places.values()])
    jobs = [LatchJob(context.spec, t, c) for c, t in wanted]
    folders = context.each(latch, {job.id: job for job in jobs})
    spread = {(job.corner, job.temperature_C): read_json(folders[job.id] / "latch.json") for job in jobs}
    metrics: dict[str, float] = {}
    for name, field in MARGINS.items():
        unit = field.rsplit("_", 1)[1]
        usual, worst = np.array(spread[typical][field]), np.array(spread[places[name]][field])
        metrics |= {
            f"memory__{name}_min__{unit}": _at(by_corner, *places[name])[field],
            f"memory__{name}_mismatch_mean__{unit}": float(usual.mean()),
            f"memory__{name}_mismatch_sigma__{unit}": float(usual.std(ddof=1)),
            f"memory__{name}_mismatch_min__{unit}": float(worst.min()),
        }
    metrics["memory__bad_latches__count"] = sum(
        bad_latches(values) for values in (*by_corner.values(), *spread.values())
    )
    table = [
        {"corner": c, "temperature_C": j.temperature_C, **_at(by_corner, c, j.temperature_C)}
        for j in by_corner
        for c in models.corners
    ]
    samples = [{"corner": c, "temperature_C": t, **values} for (c, t), values in spread.items()]
    return {"corners": table, "mismatch": samples}, metrics


def port_speed(folder: Path, spec: Spec) -> None:
    """port.json: delays of the programming port, typical and slow; of a hard macro fast too, its pins and leakage."""
    design = build(spec)
    plan = port_timing.plan_of(design)
    models = design.pdk.models
    points = {"typical": replace(models.nominal, supply_V=spec.supply_V), "slow": port_timing.slow(design)}
    if spec.hard_macro:
        points["fast"] = models.fast
    found: dict[str, JsonObject] = {}
    for name, at in points.items():
        timing = port_timing.measure(design, plan, at)
        found[name] = {"at": vars(at), **vars(timing), "half_period_s": timing.half_period_s}
        if spec.hard_macro:
            pins = port_pins.measure(design, plan, at)
            seen = {"input_F": pins.input_F, "data_out": [vars(follows) for follows in pins.data_out]}
            found[name] = {**found[name], **seen, "leakage_W": leakage.of_design(design, at).total_W}
    write_json(folder / PORT, found)


def port_metrics(context: Context, folder: Path) -> Mapping[str, float]:
    """How long the clock of the port must be low, from what `port_speed` wrote into `folder`."""
    found = read_json(folder / PORT)
    write_json(context.folder / PORT, found)
    return {
        "port__half_period_typical__s": found["typical"]["half_period_s"],
        "port__half_period_slow__s": found["slow"]["half_period_s"],
        "port__bit_line_slow__s": found["slow"]["read_s"],
    }


def _at(by_corner: ByCorner, corner: str, temperature_C: float) -> Mapping[str, float]:
    """The margins without mismatch of one corner and temperature."""
    spec, values = next((job.spec, v) for job, v in by_corner.items() if job.temperature_C == temperature_C)
    corners = load(spec.pdk).models.corners
    return {field: values[field][corners.index(corner)] for field in MARGINS.values()}


def bad_latches(values: Mapping[str, Any]) -> int:
    """Latches that cannot hold a bit, lose it when they are read, or cannot be written."""
    margins = np.array([values[field] for field in ("hold_V", "read_V", "write_V")])
    return int((margins <= 0).any(axis=0).sum())


def action(context: Context) -> Mapping[str, float]:
    """Gain and symmetry at 15 nA (the paper's mean input), margins of the latch."""
    spec = context.spec
    memory, latches = MemoryJob(spec, spec.at), [LatchJob(spec, t) for t in TEMPERATURES_C]
    pieces: dict[str, Piece[Any]] = {"port": (port_speed, spec)} if spec.array.has_port else {}
    pieces |= {"cells": (simulate, spec), memory.id: (memory_margins, memory)}
    pieces |= {job.id: (latch, job) for job in latches}
    folders = context.each(work, pieces)
    data = read_json(folders["cells"] / "cells.json")
    write_json(context.folder / "cells.json", data)
    at = int(np.abs(np.array(data["inputs_A"]) - 15e-9).argmin())
    gain = {
        code: current[at] / data["inputs_A"][at] for code, current in zip(data["codes"], data["outputs_A"], strict=True)
    }
    full = max(data["codes"])
    by_corner = {job: read_json(folders[job.id] / "latch.json") for job in latches}
    table, margins = latch_over_corners(context, by_corner)
    worst = worst_of(folders[memory.id])
    if worst.problem:
        context.log(worst.problem)
    write_json(context.folder / "latch.json", table)
    return {
        "cells__unit_gain__ratio": gain[1],
        "cells__code_error_max__ratio": max(abs(gain[c] / (c * gain[1]) - 1) for c in range(1, full + 1)),
        "cells__asymmetry_max__ratio": max(abs(-gain[-c] / gain[c] - 1) for c in range(1, full + 1)),
        "cells__latch_hold_margin__V": data["latch"]["hold"]["noise_margin_V"],
        "cells__latch_read_margin__V": data["latch"]["read"]["noise_margin_V"],
        **margins,
        "memory__bad_latches__count": margins["memory__bad_latches__count"] + bool(worst.problem),
        **worst.metrics(),
        **(port_metrics(context, folders["port"]) if "port" in folders else {}),
    }


STEP = Step(
    "cells",
    action,
    lambda spec: ("cells.json", "latch.json", *((PORT,) if spec.array.has_port else ())),
    config=config,
    tools=("PySpice", "ngspice", "pdk"),
    checks=("memory__bad_latches__count",),
)
