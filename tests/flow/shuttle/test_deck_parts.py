"""The parts of the shuttle's deck, by the names of its rules, against the deck itself with one group on at a time."""

from pathlib import Path

import klayout.db as kdb
import klayout.rdb as rdb
import pytest
from tests.flow.shuttle.tile import PDK

from somaforge.flow.checks import precheck
from somaforge.pdk.layout_file import write_layout
from somaforge.pdk.sky130 import gds

TURNED_ON = {"feol": ("feol",), "beol": ("beol",), "offgrid": ("offgrid",), "floating metal": ("beol", "floating_met")}


@pytest.mark.nightly
@pytest.mark.needs_pdk
@pytest.mark.needs_klayout_app
def test_rules_belong_to_the_group_that_runs_them(tmp_path: Path) -> None:
    deck = PDK.checks.deck
    assert deck is not None
    layout = kdb.Layout()
    layout.create_cell("top").shapes(layout.layer(*gds.DRAWN["met1"])).insert(kdb.Box(0, 0, 1000, 1000))
    write_layout(layout, tmp_path / "layout.gds")
    ran: dict[str, set[str]] = {}
    for part, groups in TURNED_ON.items():
        report = tmp_path / "report.lyrdb"
        variables: dict[str, object] = {"input": tmp_path / "layout.gds", "top_cell": "top", "report": report}
        variables |= {group: str(group in groups).lower() for group in deck.groups}
        command = deck.command(precheck.application("precheck"), PDK.data, variables)
        precheck.run_application("precheck", command, report, 600.0)
        database = rdb.ReportDatabase("precheck")
        database.load(str(report))
        ran[part] = {category.name() for category in database.each_category()}
    ran["floating metal"] -= ran["beol"]
    assert {part: {rule for rule in rules if deck.part_of(rule) != part} for part, rules in ran.items()} == {
        part: set() for part in ran
    }
    assert len(ran["floating metal"]) == 5


def test_rules_of_every_part() -> None:
    deck = PDK.checks.deck
    assert deck is not None
    assert [deck.part_of(rule) for rule in ("m1_OFFGRID", "m4.x", "via2.5", "MR_licon.CON.1")] == [
        "offgrid",
        "floating metal",
        "beol",
        "feol",
    ]
