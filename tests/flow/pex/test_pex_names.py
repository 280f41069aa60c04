"""Names of extracted nets: what differs in the layout differs in SPICE, and a label that names no one net is told."""

from pathlib import Path

import klayout.db as kdb

from somaforge.flow import pex
from somaforge.flow.pex.naming import distinct, doubtful_labels
from somaforge.pdk.sky130.process import SKY130


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
