"""The step pex: every engine's run takes a post-layout netlist away."""

from pathlib import Path
from typing import Literal

import pytest
from tests.flow.pex.test_pex_hierarchical import circuits

from somaforge.flow.machinery.base import Context
from somaforge.flow.machinery.inputs import Inputs
from somaforge.flow.machinery.workers import PartStore
from somaforge.flow.pex import read_lumped
from somaforge.flow.steps import pex as step
from somaforge.generator import layout, netlist
from somaforge.generator.design import build
from somaforge.generator.spec import parse_spec

KIND = "sky130_fd_pr__"


@pytest.mark.parametrize("engine", ["ngspice", "array"])
def test_netlist_for_both_engines(tmp_path: Path, engine: Literal["ngspice", "array"]) -> None:
    spec = parse_spec(
        {
            "name": "small",
            "engine": engine,
            "array": {"layers": [4, 3], "bits": 1},
            "network": {"layers": [4, 3], "dataset": "iris"},
            "input": {"full_scale_A": 325e-9},
            "chips": {"seeds": [1]},
        },
        "test",
    )
    design = build(spec)
    made, out = tmp_path / "generate", tmp_path / "pex"
    made.mkdir()
    out.mkdir()
    layout.draw(design).write(made / "layout.gds")
    netlist.write_spice(design.library, made / "netlist.spice")
    inputs = Inputs({"generate": made, "lvs": tmp_path}, {})
    metrics = step.action(Context(spec, out, inputs, PartStore(tmp_path / "parts", "key")))
    assert {path.name for path in out.iterdir()} - {"log.txt"} == set(step.STEP.outputs(spec))
    found = circuits(out / "post_layout.spice")
    assert (len(found) == 1) == (engine == "ngspice")
    mos = {name: sum(KIND in " ".join(words) for words in body[1:]) for name, body in found.items()}
    top = found[design.library.top]
    calls = [words[-1] for words in top[1:] if words[-1] in found]
    assert mos[design.library.top] + sum(mos[name] for name in calls) == len(design.flat.mos)
    # 14 fF or so for each synapse with four latches, less with two; somas and latches have more of their own
    lumped = read_lumped(out / "lumped.json", design.flat)
    assert 5e-15 < metrics["pex__synapse__F"] < 20e-15
    assert sum(c.farad for c in lumped.capacitors) > 12 * metrics["pex__synapse__F"]
