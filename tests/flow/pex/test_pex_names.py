"""Names of extracted nets: what differs in the layout differs in SPICE, and a label that names no one net is told."""

from pathlib import Path

import klayout.db as kdb
import pytest

from somaforge.flow import pex
from somaforge.flow.pex.naming import distinct, doubtful_labels
from somaforge.pdk.errors import InputError
from somaforge.pdk.extraction import SUBSTRATE, extract
from somaforge.pdk.sky130.process import SKY130

CASES = Path(__file__).parents[2] / "cases"


def test_names_that_spice_takes_for_one_are_made_different() -> None:
    assert distinct(["p", "P", "q", "p__2", "0"]) == ["p", "P__2", "q", "p__2__2", "0__2"]


def test_labels_that_do_not_name_one_net() -> None:
    assert doubtful_labels([("a", "a"), ("b,c", "b_c")]) == []
    assert doubtful_labels([("y", "y"), ("y", "y__2")]) == [
        "label y stands on 2 separate wires; they are written as y, y__2"
    ]
    assert doubtful_labels([("p", "p"), ("P", "P__2")]) == [
        "labels p and P are one name in SPICE and not connected; written as p, P__2"
    ]


def test_cleaned_names_that_collide_stay_different_nets(tmp_path: Path) -> None:
    """`a!` and `a?` are both written with an underscore; `in+` and `in-` are names as they are."""
    layout = kdb.Layout()
    cell = layout.create_cell("top")
    for k, label in enumerate(("a!", "a?", "in+", "in-", "unconnected", "floating_1", "vsubs")):
        cell.shapes(layout.layer(68, 20)).insert(kdb.Box(0, 1000 * k, 5000, 1000 * k + 200))
        cell.shapes(layout.layer(68, 5)).insert(kdb.Text(label, kdb.Trans(kdb.Vector(100, 1000 * k + 100))))
    layout.write(str(tmp_path / "t.gds"))
    said: list[str] = []
    pex.write_layout(SKY130, tmp_path / "t.gds", "top", tmp_path / "t.spice", tmp_path / "t.csv", warn=said.append)
    ports = next(line for line in (tmp_path / "t.spice").read_text().splitlines() if line.startswith(".subckt")).split()
    assert ports[2:9] == ["a_", "a___2", "in+", "in-", "unconnected__2", "floating_1", "vsubs"]
    assert len(ports) == 10  # the substrate is a node of its own
    assert said == []


def _with_wire(label: str, path: Path) -> None:
    """A case's inverter beside a met1 wire with that label."""
    layout = kdb.Layout()
    layout.read(str(CASES / "inv.gds"))
    cell = layout.cell("inv")
    cell.shapes(layout.layer(68, 20)).insert(kdb.Box(0, 20_000, 5000, 20_200))
    cell.shapes(layout.layer(68, 5)).insert(kdb.Text(label, kdb.Trans(kdb.Vector(100, 20_100))))
    layout.write(str(path))


def test_a_wire_called_sub_is_not_the_substrate(tmp_path: Path) -> None:
    """The substrate keeps the name of its tap, and the transistors stand in it."""
    _with_wire("SUB", tmp_path / "t.gds")
    said: list[str] = []
    pex.write_layout(SKY130, tmp_path / "t.gds", "inv", tmp_path / "t.spice", tmp_path / "t.csv", warn=said.append)
    lines = [line.split() for line in (tmp_path / "t.spice").read_text().splitlines()]
    assert next(words for words in lines if words[0] == ".subckt")[2:] == ["vdd", "a", "gnd", "y", "SUB"]
    assert [words[4] for words in lines if words[0].startswith("Xm_")] == ["gnd", "vdd"]
    assert said == []


def test_a_label_that_is_the_substrates_own_name_is_refused(tmp_path: Path) -> None:
    _with_wire(SUBSTRATE, tmp_path / "t.gds")
    with pytest.raises(InputError, match=r"cell inv: a wire is labelled 'SUB \(substrate\)', as the substrate is"):
        extract(tmp_path / "t.gds", "inv", by=SKY130.checks.connectivity)
