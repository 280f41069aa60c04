"""Chips of the fake process are simulated by its own models, at its own operating point."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from tests.fake_process import FAKE
from tests.fake_process.models import A_VT_V_UM
from tests.fake_process.specs import design, registered, spec

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.engines.ngspice import NgspiceEngine
from somaforge.flow.memory import latch_margins
from somaforge.generator.spec import parse_spec
from somaforge.pdk.errors import InputError
from somaforge.pdk.models import OperatingPoint, Size

CODES = (np.array([[4, 0], [4, -4]]), np.array([[7, 0], [0, 7]]))
INPUTS = np.array([[20e-9, 10e-9], [40e-9, 10e-9]])


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    with registered():
        yield


def chip(mismatch: float = 0.0) -> ProgrammedChip:
    made = design((2, 2, 2))
    return VirtualChip(1, mismatch).programmed(made, made.flat, CODES)


def test_a_spec_leaves_its_operating_point_to_the_process() -> None:
    assert spec().at == FAKE.models.nominal == OperatingPoint("typ", 25.0, 1.6)
    assert spec().chips.law == "area"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"corners": ["tt"]}, "corners: fake has no corner 'tt'; nearest: typ; known: fast, slow, typ"),
        ({"chips": {"seeds": [1], "law": "ares"}}, "chips.law: fake has no statistics called 'ares'; nearest: area; "),
    ],
)
def test_what_the_process_lacks_is_refused(given: dict[str, object], message: str) -> None:
    data = {**spec().model_dump(mode="json"), **given}
    with pytest.raises(InputError, match=f"^test: spec: {message}"):
        parse_spec(data, "test")


def test_mismatch_by_hand() -> None:
    flat = design((4, 4)).flat
    shifts = VirtualChip(1).shifts(flat, FAKE)
    units = [i for i, m in enumerate(flat.mos) if (m.w_nm, m.l_nm) == (800, 800)]
    assert len(units) > 100
    assert shifts[units].std() == pytest.approx(A_VT_V_UM / 0.8, rel=0.2)
    assert not VirtualChip(1, law="none").shifts(flat, FAKE).any()
    with pytest.raises(InputError, match="fake: nch has no model at 100 x 800 nm"):
        FAKE.models.bind(Size("nch", 100, 800), FAKE.models.nominal)


@pytest.mark.needs_ngspice
def test_currents_by_hand_and_in_both_engines() -> None:
    """A soma of four units copies a quarter of its current for each unit of a code; drain voltages add up to a third in
    each of three stages."""
    found = NgspiceEngine().dc(chip(), INPUTS)
    for x, outputs in zip(INPUTS, found.outputs, strict=True):
        hidden = x[0] + x[1]
        assert 7 / 16 * hidden < outputs[0] < 1.36**3 * 7 / 16 * hidden
        assert abs(outputs[1]) < 1e-3 * outputs[0]
    ours = ArrayEngine().dc(chip(), INPUTS)
    assert ours.outputs[:, 0] == pytest.approx(found.outputs[:, 0], rel=2e-3)
    other = NgspiceEngine().dc(chip(1.0), INPUTS).outputs[:, 0]
    assert (np.abs(other / found.outputs[:, 0] - 1) > 1e-3).all()


@pytest.mark.needs_ngspice
def test_its_corners_reach_the_deck() -> None:
    made = design((2, 2))
    margins = latch_margins.measure(made, latch_margins.nominal(FAKE.models.corners), 25.0, 1.6)
    typ, slow, fast = margins.read_current_A
    assert slow < typ < fast
    colder = latch_margins.measure(made, latch_margins.nominal(["typ"]), 25.0, 1.2)
    assert colder.read_current_A[0] < 0.7 * typ
    assert replace(FAKE.models.slow, supply_V=1.6).supply_V == made.spec.supply_V
