"""A new engine is one value: made here, without a change in the package."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tests.flow.small import small_design

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.base import DcResult, Effort, Named, Program, ProgrammedChip, TransientResult
from somaforge.flow.engines.named import ENGINES, named
from somaforge.flow.learning.characterize import characterize
from somaforge.flow.runner.known import require_engine
from somaforge.generator.spec import parse_spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

PERFECT = Effort(0.0, ("by hand",), ("by hand",))


class PerfectMirrors:
    """Every unit gives its share of the soma's current, whatever the voltages; somas rectify."""

    name = "mirrors"

    def dc(self, chip: ProgrammedChip, inputs: Floats, programs: Sequence[Program] | None = None) -> DcResult:
        rows = [self._one(chip, p, x) for p, x in zip(programs or [chip.codes] * len(inputs), inputs, strict=True)]
        outputs = np.array(rows)
        return DcResult(outputs, outputs.sum(axis=1), np.zeros(len(inputs)), PERFECT)

    def _one(self, chip: ProgrammedChip, program: Program, current: Floats) -> Floats:
        mirror = chip.design.spec.array.mirror
        units = [mirror.input_units, *[mirror.multiplier] * len(program)]
        for codes, before in zip(program, units, strict=False):
            current = np.maximum(0.0, current / before @ codes)
        full: Floats = current * chip.design.weights.full_scale / units[-1]
        return full

    def transient(self, *_: object) -> TransientResult:
        raise NotImplementedError


MIRRORS = Named("mirrors", "perfect mirrors", False, lambda _: PerfectMirrors())


def test_a_new_engine_is_named_by_a_spec_and_characterizes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(ENGINES, "mirrors", MIRRORS)
    design = small_design((4, 4, 3))
    spec = parse_spec({**design.spec.model_dump(mode="json"), "engine": "mirrors"}, "toy.yaml")
    require_engine(spec, "toy.yaml")
    assert (named(spec).words, named(spec).metric) == ("perfect mirrors", "array")
    chip = VirtualChip(1, mismatch=0.0).programmed(design, design.flat)
    engine = named(spec).make(tmp_path)
    codes = tuple(np.full(shape, 2, dtype=np.int64) for shape in pairwise(design.layers))
    found = engine.dc(replace(chip, codes=codes), np.full((1, 4), 10e-9)).outputs[0]
    # by hand: 4 x 10 nA x 2/4, then 4 x 20 nA x 2/4, then 7/4
    assert found == pytest.approx([40e-9 * 7 / 4] * 3)
    slopes = np.concatenate(characterize(engine, chip, 100e-9).calibration.slopes)
    assert slopes == pytest.approx(slopes.mean(), rel=1e-6)


def test_one_that_is_not_there_is_refused_with_the_nearest() -> None:
    spec = parse_spec({**small_design((4, 4, 3)).spec.model_dump(mode="json"), "engine": "arrey"}, "toy.yaml")
    with pytest.raises(
        InputError, match=r"^toy.yaml: engine: there is no arrey; nearest: array; known: array, ngspice$"
    ):
        require_engine(spec, "toy.yaml")


def test_what_a_spec_can_name_is_imported_in_one_place() -> None:
    assert sorted(ENGINES) == ["array", "ngspice"]
    assert [named.metric for _, named in sorted(ENGINES.items())] == ["array", "spice"]
