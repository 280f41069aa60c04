"""Values of the native rules against the shuttle's deck, which says its lengths in the texts of its rules."""

import re
from collections.abc import Mapping

import pytest

from somaforge.pdk.sky130.checks import PRECHECK
from somaforge.pdk.sky130.data import DATA
from somaforge.pdk.sky130.drc import RULES
from somaforge.pdk.sky130.process import SKY130

TEXT = re.compile(r'"([\w.]+) : ([^"]*?)([\d.]+) ?um(²?)"')
OTHERS = {"difftap.2", "li.7"}
"""Names that the deck has for rules of memory cores, the native table for others."""
CALLED: Mapping[str, str] = {
    "nwell.1": "MR_nwell.WID.1", "nwell.2a": "MR_nwell.SP.1", "nwell.6": "MR_nwell.ENC.1",
    "dnwell.3": "MRW_dnwell.SP.1",
    "hvtp.1": "MR_hvtp.WID.1", "hvtp.2": "MR_hvtp.SP.1", "hvdifftap.25": "MR_hv.SP.10",
    "poly.1a": "MR_poly.WID.2", "poly.2": "MR_poly.SP.1", "poly.3": "MR_poly.WID.3", "li.7": "MR_li.WID.4",
    "nsd.1": "MR_nsdm.WID.2", "nsd.2": "MR_nsdm.SP.1", "psd.1": "MR_psdm.WID.2", "psd.2": "MR_psdm.SP.1",
    "npc.1": "MR_npc.WID.1", "rpm.1a": "MR_rpm.WID.1", "rpm.2": "MR_rpm.SP.1", "urpm.1a": "MR_urpm.WID.1",
    "urpm.2": "MR_urpm.SP.1", "licon.1": "MR_licon.WID.1", "licon.1b": "MR_licon.WID.2", "licon.2b": "MR_licon.SP.2",
    "licon.2c": "MR_licon.SP.3", "licon.2d": "MR_licon.SP.4", "licon.5b": "MR_licon.SP.5", "licon.9": "MR_licon.SP.6",
    "licon.11": "MR_licon.SP.8", "ct.1": "MR_mcon.WID.1", "ct.2": "MR_mcon.SP.1",
    "m1.1": "MR_met1.WID.1", "m1.2": "MR_met1.SP.1", "m1.3ab": "MRW_met1.SP.2", "m1.4": "MR_met1.ENC.1",
    "m1.6": "MR_met1.AR.1", "m1.7": "MR_met1.AR.2", "via.1a": "via.1a_a", "via.4a": "MR_via1.ENC.1",
    "m2.1": "MR_met2.WID.1", "m2.3ab": "MRW_met2.SP.2", "m2.6": "MR_met2.AR.1", "m2.7": "MR_met2.AR.2",
    "via2.1a": "via2.1a_a", "m3.1": "MR_met3.WID.1", "m3.3cd": "MRW_met3.SP.2", "m3.6": "MR_met3.AR.1",
    "m3.7": "MR_met3.AR.2", "via3.1": "via3.1_a", "m4.1": "MR_met4.WID.1", "m4.4a": "MR_met4.AR.1",
    "m4.5ab": "MRW_met4.SP.2", "m4.7": "MR_met4.AR.2", "via4.1": "via4.1_a", "via4.2": "MR_via4.SP.1",
    "m5.1": "MR_met5.WID.1", "m5.2": "MR_met5.SP.1", "m5.4": "MR_met5.AR.1",
    "capm.1": "MR_capm.WID.1", "capm.2a": "MR_capm.SP.1", "capm.3": "MR_capm.ENC.1", "capm.4": "MR_capm.ENC.2",
    "capm.5": "MR_capm.SP.3", "cap2m.1": "MR_cap2m.WID.1", "cap2m.2a": "MR_cap2m.SP.1", "cap2m.3": "MR_cap2m.ENC.1",
    "cap2m.4": "MR_cap2m.ENC.2", "cap2m.5": "MR_cap2m.SP.3",
}  # fmt: skip
"""Native rule -> what the deck calls it, where it is not the same name."""


def texts(deck: str) -> dict[str, set[int]]:
    """Rule -> the lengths (nm) or areas (nm2) that its texts say: one, unless two rules share a name."""
    found: dict[str, set[int]] = {}
    for name, _, value, square in TEXT.findall(deck):
        found.setdefault(name, set()).add(round(float(value) * (1_000_000 if square else 1000)))
    return found


def differ(values: Mapping[str, int], deck: str) -> tuple[set[str], dict[str, tuple[int, set[int]]]]:
    """Native rules that the deck has too, and those of them with another value."""
    theirs = texts(deck)
    names = {name: CALLED.get(name, name) for name in values if CALLED.get(name) or name not in OTHERS}
    both = {name for name, called in names.items() if called in theirs and values[name] > 0}
    return both, {name: (values[name], theirs[names[name]]) for name in both if values[name] not in theirs[names[name]]}


VALUES = {rule.name: rule.value_nm for rule in RULES}


@pytest.mark.needs_pdk
def test_native_rules_have_the_deck_s_values() -> None:
    both, wrong = differ(VALUES, (DATA.folder("precheck") / PRECHECK.file).read_text(encoding="utf-8"))
    assert wrong == {}
    assert set(CALLED) <= both, "the deck has these under the names above"
    assert len(both) >= 90


@pytest.mark.needs_pdk
def test_what_is_drawn_by_is_compared() -> None:
    """Of the lengths of conductors and cuts, which the drawing reads, all but a few stand in the deck's texts."""
    both, _ = differ(VALUES, (DATA.folder("precheck") / PRECHECK.file).read_text(encoding="utf-8"))
    rules = SKY130.rules
    drawn = {length.origin for conductor in rules.conductors for length in (conductor.width, conductor.space)}
    drawn |= {length.origin for cut in rules.cuts for length in (cut.size, cut.space, *cut.below, *cut.above)}
    assert drawn - both - {"no rule"} == set()


def test_a_wrong_value_is_found() -> None:
    width = 'r.output("MR_met1.WID.1", "MR_met1.WID.1 : min. m1 width : 0.14um")'
    deck = f'{width}\nq.output("li.6", "li.6 : min. li area : 0.0561um²")'
    assert differ({"m1.1": 140, "li.6": 56_100}, deck) == ({"m1.1", "li.6"}, {})
    assert differ({"m1.1": 145, "li.6": 56_100}, deck)[1] == {"m1.1": (145, {140})}
    assert differ({"li.6": 56}, deck)[1] == {"li.6": (56, {56_100})}
