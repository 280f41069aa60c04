"""Implants decide what an active area is, fill and redistribution conduct: what LVS would read otherwise is refused."""

from pathlib import Path

import klayout.db as kdb
import pytest

from somaforge.flow.checks import lvs
from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130.gds import DRAWN, LABELS
from somaforge.pdk.sky130.process import SKY130

CASES = Path(__file__).resolve().parents[2] / "cases"
N_TAP, P_TAP, N_FET = (-2350, 5000, -1650, 5800), (-2750, -150, -2050, 650), (-500, -200, 2100, 850)
Change = tuple[str, str | tuple[int, int], tuple[int, int, int, int]]
"""Draw or erase, layer, box in nm."""
Y_TO_A = (3000, 2350, 3200, 3050)
FILL = {"poly": (28, 28), "li": (56, 28), "met1": (36, 28), "met2": (41, 28), "diff": (23, 28)}


def on_y(x: int, y: int) -> list[Change]:
    """Contact and wire from a place up or down to the track of `y`."""
    cut = (x - 85, y - 85, x + 85, y + 85)
    wire = (x - 100, min(y, 2950) - 100, x + 100, max(y, 2950) + 100)
    return [
        *(("draw", layer, cut) for layer in ("licon", "mcon")),
        ("draw", "li", (x - 100, y - 180, x + 100, y + 180)),
        ("draw", "met1", wire),
        ("draw", "via", (x - 75, 2875, x + 75, 3025)),
    ]


REFUSED: dict[str, tuple[list[Change], str]] = {
    "an n+ tap in the substrate": (
        [("erase", "psdm", P_TAP), ("draw", "nsdm", P_TAP)], "nsdm over a tap in the substrate makes a junction"),
    "a p+ tap in the well": (
        [("erase", "nsdm", N_TAP), ("draw", "psdm", N_TAP)], "psdm over a tap in an nwell makes a junction"),
    "taps of no kind": ([("erase", "nsdm", N_TAP)], r"active area without nsdm or psdm .* \(-2\.000, 5\.400\)"),
    "a transistor of no kind": ([("erase", "nsdm", N_FET)], "a transistor's active area without nsdm or psdm"),
    "a transistor of which a half has no implant": (
        [("erase", "nsdm", (1000, -200, 2100, 850))], "active area without nsdm or psdm"),
    "a wire on the well, which its taps do not tie": (
        [("draw", "diff", (3000, 5200, 3500, 5700)), ("draw", "nsdm", (2900, 5100, 3600, 5800)), *on_y(3250, 5450)],
        "nsdm over diff makes a tie of an nwell"),
    "a wire on the substrate": (
        [("draw", "diff", (3000, 200, 3500, 700)), ("draw", "psdm", (2900, 100, 3600, 800)), *on_y(3250, 450)],
        "psdm over diff makes a tie of the substrate"),
    "a drain out of its well": (
        [("draw", "diff", (2300, 5150, 5600, 6150)), ("draw", "psdm", (2300, 4950, 5800, 6350))],
        "psdm over diff makes a tie of the substrate"),
    "a drain into the other's well": (
        [("draw", "diff", (1900, 0, 2800, 5000)), ("draw", "nsdm", (1800, 0, 2900, 5100))],
        "nsdm over diff makes a tie of an nwell|nsdm over source"),
    "both implants": ([("draw", "psdm", (1100, -200, 2100, 850))], "psdm over diff makes a tie of the substrate"),
    "fill of met2": ([("draw", FILL["met2"], Y_TO_A)], r"fill \(41/28\) that touches met2"),
    "fill of met1": ([("draw", FILL["met1"], (0, 1500, 800, 1700))], r"fill \(36/28\) that touches met1"),
    "fill of poly": ([("draw", FILL["poly"], (-200, 300, 100, 500))], r"fill \(28/28\) that touches poly"),
    "fill of diffusion": ([("draw", FILL["diff"], (1900, 0, 2900, 650))], r"fill \(23/28\) that touches diffusion"),
    "redistribution": (
        [("draw", layer, (0, 0, 5000, 5000)) for layer in ((74, 20), (76, 20), "met5")],
        r"redistribution \(74/20\) on a pad of met5"),
}  # fmt: skip


def compare(tmp_path: Path, changes: list[Change], labels: dict[str, str] | None = None) -> tuple[str, ...]:
    layout = kdb.Layout()
    layout.read(str(CASES / "inv.gds"))
    cell = layout.top_cell()
    for what, layer, box in changes:
        shapes = cell.shapes(layout.layer(*(DRAWN[layer] if isinstance(layer, str) else layer)))
        if what == "draw":
            shapes.insert(kdb.Box(*box))
        else:
            left = kdb.Region(shapes) - kdb.Region(kdb.Box(*box))
            shapes.clear()
            shapes.insert(left)
    places = {"a": (4000, 2450), "y": (4000, 2950)}
    for text, net in (labels or {}).items():
        cell.shapes(layout.layer(*LABELS["met2"])).insert(kdb.Text(text, kdb.Trans(*places[net])))
    layout.write(str(tmp_path / "m.gds"))
    return lvs.run(SKY130, tmp_path / "m.gds", CASES / "inv.spice", "inv", None).mismatches


@pytest.mark.parametrize("name", REFUSED)
def test_refused(tmp_path: Path, name: str) -> None:
    changes, message = REFUSED[name]
    with pytest.raises(InputError, match=message):
        compare(tmp_path, changes)


def test_fill_that_keeps_away_is_none_of_lvs_business(tmp_path: Path) -> None:
    assert compare(tmp_path, [("draw", numbers, (7000, 0, 8000, 1000)) for numbers in FILL.values()]) == ()


def test_one_area_across_the_edge_of_a_well_is_one_net(tmp_path: Path) -> None:
    """n+ from the drain into the well, drawn as tap there: y is on vdd."""
    changes: list[Change] = [
        ("draw", "diff", (1900, 0, 2800, 4550)),
        ("draw", "tap", (1900, 4550, 2800, 4800)),
        ("draw", "nsdm", (1800, -100, 2900, 4900)),
    ]
    assert compare(tmp_path, changes)


@pytest.mark.parametrize(("text", "matched"), [("Y", True), ("sub", False)])
def test_a_second_label(tmp_path: Path, text: str, matched: bool) -> None:
    """In capitals it is the same name; the substrate's former name is a name like any other."""
    assert (not compare(tmp_path, [], {text: "y"})) is matched
