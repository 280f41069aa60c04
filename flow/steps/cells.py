"""Step cells: soma, synapse and latch alone, without mismatch, simulated in process with PySpice."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from somaforge.flow import cells
from somaforge.flow.steps.base import Context, JsonObject, Step, silicon
from somaforge.flow.steps.chip import read_json, write_json
from somaforge.generator.design import build
from somaforge.generator.spec import Spec


def config(spec: Spec) -> JsonObject:
    """The silicon and its supply."""
    keys = {"supply_V", "temperature_C", "corners"}
    return {**silicon(spec), **spec.model_dump(mode="json", include=keys)}


def simulate(folder: Path, spec: Spec) -> None:
    """In a process of its own: libngspice keeps its state, and a crash of it must not end the run."""
    design, corner = build(spec), spec.corners[0]
    transfer = cells.transfer(design, corner=corner)
    wings = {name: cells.butterfly(design, reading=name == "read", corner=corner) for name in ("hold", "read")}
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


def action(context: Context) -> Mapping[str, float]:
    """Gain and symmetry at 15 nA (the paper's mean input), noise margins of the latch."""
    found = context.each(simulate, {"cells": context.spec})["cells"]
    data = read_json(found / "cells.json")
    write_json(context.folder / "cells.json", data)
    at = int(np.abs(np.array(data["inputs_A"]) - 15e-9).argmin())
    gain = {
        code: current[at] / data["inputs_A"][at] for code, current in zip(data["codes"], data["outputs_A"], strict=True)
    }
    full = max(data["codes"])
    return {
        "cells__unit_gain__ratio": gain[1],
        "cells__code_error_max__ratio": max(abs(gain[c] / (c * gain[1]) - 1) for c in range(1, full + 1)),
        "cells__asymmetry_max__ratio": max(abs(-gain[-c] / gain[c] - 1) for c in range(1, full + 1)),
        "cells__latch_hold_margin__V": data["latch"]["hold"]["noise_margin_V"],
        "cells__latch_read_margin__V": data["latch"]["read"]["noise_margin_V"],
    }


STEP = Step(
    "cells",
    action,
    lambda spec: ("cells.json",),
    config=config,
    tools=("PySpice", "ngspice", "pdk-sky130"),
)
