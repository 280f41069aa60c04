"""The first day of a person with the wheel and without the repository, on a small network; test_whole_day.py has the
long proof. Nothing here may import somaforge: it would be the repository's."""

import shutil
from pathlib import Path

import nbformat
import pytest
from tests.acceptance.notebook import with_settings
from tests.wheel import ROOT, Place

GDSFACTORY = """\
import gdsfactory as gf
import somaforge

first, second = (somaforge.Project(name).component() for name in ("first.yaml", "second.yaml"))
both = gf.Component("both")
left, right = both << first, both << second
right.xmin = left.xmax + 20
both.write_gds("both.gds", with_metadata=False)
print(*sorted({p.name for p in left.ports} & {p.name for p in right.ports}))
"""


def test_the_modules_are_those_of_the_wheel(place: Place) -> None:
    found = place.script("import sys, somaforge; print(somaforge.__file__, *sys.path, sep='\\n')").splitlines()
    assert found[0].startswith(str(place.python.parents[1]))
    assert not [path for path in found if Path(path) in (ROOT, ROOT / "src")]


def test_a_table_becomes_a_macro_that_is_its_schematic(place: Place) -> None:
    done = place.somaforge("lvs", "first.yaml", "--out", "first")
    assert (done.returncode, done.stderr) == (0, "")
    assert (place.folder / "first/01-generate/layout.gds").is_file()


@pytest.mark.nightly
def test_two_macros_lie_beside_each_other_in_gdsfactory(place: Place) -> None:
    ports = place.script(GDSFACTORY).split()
    assert {"in_0", "out_2", "vdd", "gnd"} <= set(ports)
    done = place.somaforge("drc", "--layout", "both.gds", "--top", "both", "--deck", "native")
    assert done.returncode == 0, done.stderr


@pytest.mark.nightly
@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_a_notebook_trains(place: Place) -> None:
    """The one that comes with the spec, shortened, on the small network."""
    folder = place.folder / "notebook"
    folder.mkdir()
    for name in ("flowers.csv", "first.yaml"):
        shutil.copy(place.folder / name, folder / name.replace("first", "own"))
    assert place.somaforge("init", "own", "--out", "comes").returncode == 0
    shutil.copy(place.folder / "comes/train.ipynb", folder)
    notebook = str(Path(__file__).with_name("notebook.py"))
    short = ("CHIPS=1", "EPOCHS=30", "STARTS=1")
    done = place.run(str(place.python), notebook, str(folder / "train.ipynb"), *short)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "chip  1:" in done.stdout
    assert "image/png" in done.stdout, "the plot"
    assert (folder / "chip_1.bit").is_file()


def test_a_setting_that_a_notebook_does_not_have_is_an_error() -> None:
    cell = nbformat.v4.new_code_cell("CHIPS = 10  # a comment\nprint(CHIPS)")
    made = nbformat.v4.new_notebook(cells=[cell])
    with_settings(made, {"CHIPS": "1"})
    assert made.cells[0].source == "CHIPS = 1\nprint(CHIPS)"
    with pytest.raises(SystemExit, match=r"^CHIP: 0 lines set it$"):
        with_settings(made, {"CHIP": "1"})
