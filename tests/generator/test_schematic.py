"""Schematic pictures: every device of the circuit is on its page, joined as in the circuit, or there is no page."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from specs import design, free_design

from somaforge.generator.schematic import CELLS, svg
from somaforge.generator.sheet import Sheet


@pytest.mark.parametrize("bits", range(1, 7))
def test_every_cell_has_a_picture_of_all_its_devices(bits: int) -> None:
    made = free_design((2, 1), bits=bits)
    for cell in CELLS:
        page = svg(made, cell)
        assert page == svg(made, cell)
        texts = {t.text for t in ET.fromstring(page).iter() if t.tag.endswith(("text", "tspan"))}
        assert set(made.library.circuits[made.cell(cell)].ports) - {"vpb", "vnb", "vdd", "gnd"} <= texts
        assert f"{made.sizes.unit.w / 1000:g}/{made.sizes.unit.l / 1000:g}" in " ".join(t or "" for t in texts) or (
            cell == "latch"
        )


@pytest.mark.parametrize(
    ("device", "change", "message"),
    [
        ("m1_0", {"g": "vp"}, "vp meets in"),
        ("m3_1", {"name": "m9"}, "m9 is not drawn"),
        ("m4_2", {"w_nm": 420}, "m4_2 is not drawn"),
    ],
)
def test_a_circuit_that_is_not_the_pictures_is_refused(device: str, change: dict[str, str], message: str) -> None:
    made = design([4, 3, 3])
    soma = made.library.circuits[made.cell("soma")]
    if "g" in change:  # all four in parallel, so that they stay one symbol
        device = device.split("_")[0]
    changed = tuple(replace(m, **change) if m.name.startswith(device) else m for m in soma.mos)  # type: ignore[arg-type]
    circuits = {**made.library.circuits, soma.name: replace(soma, mos=changed)}
    with pytest.raises(ValueError, match=message):
        svg(replace(made, library=replace(made.library, circuits=circuits)), "soma")


def test_wires_of_two_nets_do_not_meet() -> None:
    made = design([4, 3, 3])
    page = Sheet(replace(made.library.circuits[made.cell("latch")], mos=()), frozenset())
    page.wire("a", (0, 0), (2, 0))
    page.wire("b", (1, 0), (1, 2))
    assert list(page.problems()) == ["b meets a at (1, 0)"]


def test_parts_of_a_net_carry_its_name() -> None:
    made = design([4, 3, 3])
    page = Sheet(replace(made.library.circuits[made.cell("latch")], mos=()), frozenset())
    page.wire("a", (0, 0), (2, 0), label="a")
    page.wire("a", (0, 3), (2, 3))
    assert list(page.problems()) == ["a is in 2 parts and not all carry its name"]
