"""The foundry's own cells: clean in both decks, matched against their own netlists, and found out when changed."""

import re
from pathlib import Path

import klayout.db as kdb
import pytest

from somaforge.flow.checks import drc, lvs, netgen, precheck
from somaforge.pdk.errors import InputError, ToolError
from somaforge.pdk.sky130.checks import PRECHECK
from somaforge.pdk.sky130.data import DATA
from somaforge.pdk.sky130.process import SKY130

pytestmark = pytest.mark.needs_pdk

CELLS = ("dlxtp_1", "dfxtp_1")


def files(cell: str) -> tuple[Path, Path, str]:
    """Layout, netlist and name of a foundry cell."""
    name = f"sky130_fd_sc_hd__{cell}"
    folder = DATA.folder("cells") / "cells" / cell.rsplit("_", 1)[0]
    return folder / f"{name}.gds", folder / f"{name}.spice", name


@pytest.mark.parametrize("cell", CELLS)
def test_native_drc_is_clean(cell: str, tmp_path: Path) -> None:
    layout, _, name = files(cell)
    counts = drc.run(SKY130, layout, name, tmp_path / "report.lyrdb")
    assert {rule: n for rule, n in counts.items() if n} == {}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("suffix", [".spice", ".cdl"])
def test_lvs_matches(cell: str, suffix: str, tmp_path: Path) -> None:
    layout, netlist, name = files(cell)
    result = lvs.run(SKY130, layout, netlist.with_suffix(suffix), name, tmp_path / "cell.lvsdb")
    assert result.mismatches == ()
    assert result.devices == {"dlxtp_1": 18, "dfxtp_1": 24}[cell]


CHANGES = {
    # 0.65 um becomes 1.5 % wider.
    "W": ("w=650000u", "w=659750u"),
    "missing": ("X12 ", "* X12 "),
    "swapped": ("X12 a_27_47# GATE", "X12 a_27_47# D"),
    "merged": ("a_193_47#", "a_27_47#"),
    "flavour": ("pfet_01v8_hvt", "pfet_01v8"),
    "pin": (" Q", " Z"),
}


def changed(change: str, target: Path) -> Path:
    """The netlist of dlxtp_1 with one change."""
    old, new = CHANGES[change]
    text = files("dlxtp_1")[1].read_text()
    target.write_text(re.sub(rf"{re.escape(old)}(?!\w)|{re.escape(old)}(?<=[ #])", new, text))
    assert target.read_text() != text
    return target


@pytest.mark.parametrize("change", CHANGES)
def test_lvs_finds(change: str, tmp_path: Path) -> None:
    layout, _, name = files("dlxtp_1")
    assert lvs.run(SKY130, layout, changed(change, tmp_path / "bad.spice"), name, None).mismatches


@pytest.mark.needs_netgen
@pytest.mark.parametrize("cell", CELLS)
def test_netgen_agrees(cell: str, tmp_path: Path) -> None:
    layout, netlist, name = files(cell)
    assert netgen.compare(SKY130, layout, netlist, name, tmp_path) == 0


@pytest.mark.needs_netgen
@pytest.mark.parametrize("change", CHANGES)
def test_netgen_finds(change: str, tmp_path: Path) -> None:
    layout, _, name = files("dlxtp_1")
    assert netgen.compare(SKY130, layout, changed(change, tmp_path / "bad.spice"), name, tmp_path) > 0


def test_netgen_result_that_reports_on_another_cell_is_refused(tmp_path: Path) -> None:
    (tmp_path / "netgen.json").write_text("[]")
    with pytest.raises(ToolError, match="its result does not report on cell"):
        netgen.count_mismatches(tmp_path / "netgen.json", "cell")


@pytest.mark.needs_klayout_app
@pytest.mark.parametrize("cell", ["dlxtp_1", "dfxtp_1"])
def test_precheck_is_clean(tmp_path: Path, cell: str) -> None:
    layout, _, name = files(cell)
    report = tmp_path / "report.lyrdb"
    counts = precheck.run(SKY130, layout, name, report, 120)
    assert len(counts) >= PRECHECK.least_rules
    assert sum(counts.values()) == 0
    assert report.is_file()


@pytest.mark.needs_klayout_app
def test_precheck_finds_and_stops(tmp_path: Path) -> None:
    layout = kdb.Layout()
    cell = layout.create_cell("bad")
    cell.shapes(layout.layer(68, 20)).insert(kdb.Box(0, 0, 135, 2000))
    layout.write(str(tmp_path / "bad.oas"))
    counts = precheck.run(SKY130, tmp_path / "bad.oas", None, tmp_path / "report.lyrdb", 120)
    assert counts["MR_met1.WID.1"] == 1
    with pytest.raises(ToolError, match=r"did not finish in 0\.01 s"):
        precheck.run(SKY130, tmp_path / "bad.oas", None, tmp_path / "late.lyrdb", 0.01)
    assert not (tmp_path / "late.lyrdb").exists()
    with pytest.raises(InputError, match="no cell 'other'"):
        precheck.run(SKY130, tmp_path / "bad.oas", "other", tmp_path / "late.lyrdb", 120)


@pytest.mark.parametrize("damage", ["group", "report", "empty", "half"])
def test_precheck_without_proof_is_refused(damage: str, tmp_path: Path) -> None:
    log = "FEOL section\nBEOL section\nOFFGRID-ANGLES section\nrelease 2026\n"
    report = tmp_path / "report.lyrdb"
    empty = "<?xml version='1.0'?><report-database><top-cell>cell</top-cell></report-database>"
    if damage == "group":
        log = log.replace("BEOL section", "")
    if damage != "report":
        report.write_text(empty[:40] if damage == "half" else empty)
    with pytest.raises(ToolError, match="precheck: "):
        precheck.read_report(PRECHECK, report, "cell", log)


def test_a_row_of_standard_cells_needs_taps(tmp_path: Path) -> None:
    """One cell may leave its taps to its neighbours; a row of three is as long as a latch-up path may be."""
    layout = kdb.Layout()
    for cell in ("dfxtp_1", "tapvpwrvgnd_1"):
        layout.read(str(files(cell)[0]))
    flop, tap = (layout.cell(files(cell)[2]) for cell in ("dfxtp_1", "tapvpwrvgnd_1"))
    for name, taps in (("without", 0), ("with", 1)):
        row = layout.create_cell(name)
        x = 0
        for cell in (flop, *[tap] * taps, flop, flop):
            row.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans(x, 0)))
            x += {flop.name: 7360, tap.name: 460}[cell.name]
    layout.write(str(tmp_path / "rows.gds"))
    without, with_tap = (
        drc.run(SKY130, tmp_path / "rows.gds", n, tmp_path / f"{n}.lyrdb") for n in ("without", "with")
    )
    assert {rule for rule, n in without.items() if n} == {"nwell.4", "LU.2", "LU.3"}
    assert {rule: n for rule, n in with_tap.items() if n} == {}
