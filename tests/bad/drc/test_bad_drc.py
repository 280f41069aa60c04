"""Every coded rule finds its known-bad drawing and is silent on the same drawing 5 nm better."""

from pathlib import Path

import klayout.rdb as rdb
import pytest
from cases import CASES
from drawing import Case, opened, transistor, write

from somaforge.flow.checks import drc
from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130.drc import RULES, Layers
from somaforge.pdk.sky130.process import SKY130

BY_NAME = {rule.name: rule for rule in RULES}


def test_every_rule_has_a_name_of_its_own_and_a_bad_drawing() -> None:
    assert len(BY_NAME) == len(RULES)
    assert {case.rule for case in CASES} == set(BY_NAME)


@pytest.mark.parametrize("case", CASES, ids=[f"{case.rule}-{i}" for i, case in enumerate(CASES)])
def test_rule(case: Case, tmp_path: Path) -> None:
    find = BY_NAME[case.rule].find
    assert find(Layers(opened(tmp_path / "good.gds", case.good))).count() == 0, "fires on the good drawing"
    assert find(Layers(opened(tmp_path / "bad.gds", case.bad))).count() > 0, "does not fire on the bad drawing"


def test_report_and_counts(tmp_path: Path) -> None:
    layout = write(tmp_path / "bad.oas.gz", transistor(w=415))
    report = tmp_path / "bad.lyrdb"
    counts = drc.run(SKY130, layout, None, report)
    assert set(counts) == set(BY_NAME)
    assert counts["difftap.2"] == 2
    database = rdb.ReportDatabase("read")
    database.load(str(report))
    assert {c.name(): c.num_items() for c in database.each_category()} == counts


def test_a_layout_without_any_process_layer_is_refused(tmp_path: Path) -> None:
    import klayout.db as kdb

    layout = kdb.Layout()
    layout.create_cell("other").shapes(layout.layer(1, 0)).insert(kdb.Box(0, 0, 1000, 1000))
    layout.write(str(tmp_path / "other.gds"))
    with pytest.raises(InputError, match="cell other: nothing is drawn on any sky130 layer"):
        drc.run(SKY130, tmp_path / "other.gds", None, tmp_path / "other.lyrdb")
    assert not (tmp_path / "other.lyrdb").exists()
