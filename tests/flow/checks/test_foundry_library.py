"""Every cell of sky130_fd_sc_hd through DRC, LVS against both of the foundry's netlists, and extraction.

A sample in every run, all of them nightly. What does not match is listed with its reason (docs/lvs.md has the counts).
"""

import functools
from pathlib import Path

import pytest

from somaforge.flow import pex
from somaforge.flow.checks import drc, lvs
from somaforge.pdk.errors import InputError
from somaforge.pdk.layout_file import open_layout
from somaforge.pdk.sky130.data import DATA
from somaforge.pdk.sky130.process import SKY130

PREFIX = "sky130_fd_sc_hd__"
SAMPLE = (
    "a2111oi_4", "a211oi_4", "a21bo_1", "a221oi_2", "a31o_1", "and2_0", "and4bb_1", "buf_1", "bufbuf_16",
    "clkdlybuf4s50_1", "conb_1", "decap_4", "dfbbn_1", "dfrtp_4", "dfxtp_1", "diode_2", "dlclkp_1", "dlxtp_1",
    "ebufn_1", "edfxtp_1", "einvp_2", "fa_1", "fill_2", "ha_1", "inv_4", "lpflow_bleeder_1",
    "lpflow_lsbuf_lh_isowell_4", "maj3_1", "mux4_1", "nand2_8", "nand3b_2", "nor2_2", "nor4bb_4", "o2111a_1",
    "o21ai_1", "o31ai_4", "probec_p_8", "sdfrtp_1", "tap_1", "xnor3_1",
)  # fmt: skip

TOO_SMALL, NO_TAP = "nsd.10a", "nwell.4"
DRC_BROKEN = {
    # Implants of a lone tap cell are too small: in a row those of the neighbours join them.
    **dict.fromkeys(("tap_1", "tapvgnd_1", "tapvgnd2_1", "tapvpwrvgnd_1"), TOO_SMALL),
    # A row of seven cells without a tap: it is no lone cell.
    "macro_sparecell": NO_TAP,
}
"""Rules that foundry cells break by themselves (docs/drc.md)."""
ISOLATED_TAP = "soft-connected"
LVS_DIFFERENT: dict[tuple[str, str], str] = {
    # Two nwells of one supply are joined by their taps and nowhere else inside the cell.
    **{
        (f"lpflow_lsbuf_{kind}_tap_{k}", suffix): ISOLATED_TAP
        for kind in ("lh_hl_isowell", "lh_isowell")
        for k in (1, 2, 4)
        for suffix in ("spice", "cdl")
    },
    # Its two ground rails meet in the row above, not in the cell.
    ("lpflow_lsbuf_lh_isowell_4", "spice"): "2 nets of the layout carry this label",
    ("lpflow_lsbuf_lh_isowell_4", "cdl"): "2 nets of the layout carry this label",
    # The foundry's CDL leaves the diode out ("Tap diode is not represented here").
    ("diode_2", "cdl"): "no transistor in it",
    # The CDL has a resistor where the .spice and the mask have a short of met5.
    ("probe_p_8", "cdl"): "layout label X vs schematic net29",
}
LVS_REFUSED = {
    # Its netlists call cells of other files.
    ("macro_sparecell", "spice"): "which nothing defines",
    ("macro_sparecell", "cdl"): "which nothing defines",
}
PEX_REFUSED: dict[str, str] = {}
"""None: resistors of tie cells and the diode of the antenna cell stand in the netlist."""


@functools.cache
def cells() -> dict[str, Path]:
    """Name without the prefix -> GDS."""
    files = DATA.folder("cells").glob(f"cells/*/{PREFIX}*.gds")
    return {path.stem.removeprefix(PREFIX): path for path in sorted(files)}


def check_drc(name: str, tmp_path: Path) -> None:
    broken = {
        rule for rule, count in drc.run(SKY130, cells()[name], PREFIX + name, tmp_path / "r.lyrdb").items() if count
    }
    expected = DRC_BROKEN.get(name)
    assert expected in broken if expected else not broken, broken
    assert drc.unchecked(SKY130, open_layout(cells()[name], PREFIX + name)) == ()


def check_lvs(name: str, suffix: str) -> None:
    layout = cells()[name]
    netlist = layout.with_suffix(f".{suffix}")
    refused = LVS_REFUSED.get((name, suffix))
    if refused is not None:
        with pytest.raises(InputError, match=refused):
            lvs.run(SKY130, layout, netlist, PREFIX + name, None)
        return
    lines = lvs.run(SKY130, layout, netlist, PREFIX + name, None).mismatches
    expected = LVS_DIFFERENT.get((name, suffix))
    if expected is None:
        assert not lines, lines
    else:
        assert any(expected in line for line in lines), lines


def check_pex(name: str, tmp_path: Path) -> None:
    written = tmp_path / "cell.spice", tmp_path / "cell.csv"
    refused = PEX_REFUSED.get(name)
    if refused is not None:
        with pytest.raises(InputError, match=refused):
            pex.write_layout(SKY130, cells()[name], PREFIX + name, *written)
        return
    pex.write_layout(SKY130, cells()[name], PREFIX + name, *written)
    assert written[0].read_text().count(".ends") == 1


@pytest.mark.needs_pdk
@pytest.mark.parametrize("name", SAMPLE)
def test_sample(name: str, tmp_path: Path) -> None:
    check_drc(name, tmp_path)
    check_lvs(name, "spice")
    check_lvs(name, "cdl")
    check_pex(name, tmp_path)


@pytest.mark.needs_pdk
def test_sample_is_part_of_the_library() -> None:
    assert len(SAMPLE) == 40
    assert set(SAMPLE) <= set(cells())
    assert len(cells()) == 437


@pytest.mark.nightly
@pytest.mark.needs_pdk
def test_library(tmp_path: Path) -> None:
    """All cells; the lists above are complete and hold nothing that matches."""
    for name in cells():
        check_drc(name, tmp_path)
        check_lvs(name, "spice")
        check_lvs(name, "cdl")
        check_pex(name, tmp_path)
