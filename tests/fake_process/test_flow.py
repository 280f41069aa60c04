"""The commands on the fake process: generate from a spec, then DRC, LVS and extraction, by its own values."""

import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path

import klayout.db as kdb
import pytest
import yaml
from tests.fake_process import FAKE
from tests.fake_process.layers import LABELS, NUMBERS
from tests.fake_process.specs import MIRROR, SWITCH, registered

from somaforge.flow import cli
from somaforge.flow.pex import annotate, extract, synapse_parts
from somaforge.generator.design import build
from somaforge.generator.spec import load_spec
from somaforge.pdk.errors import InputError

SPEC = {
    "name": "odd",
    "pdk": "fake",
    "array": {"layers": [4, 3, 3], "bits": 2, "mirror": {**MIRROR, "multiplier": 2}, "switch": SWITCH},
    "network": {"layers": [4, 3, 3], "dataset": "iris"},
    "input": {"full_scale_A": 325e-9},
    "chips": {"seeds": [1]},
}


@pytest.fixture(scope="module", autouse=True)
def known() -> Iterator[None]:
    with registered():
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of step generate."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / "odd.yaml").write_text(yaml.safe_dump(SPEC), encoding="utf-8")
    assert cli.run(["run", str(folder / "odd.yaml"), "--out", str(folder / "run"), "--until", "generate"]) == 0
    return folder / "run" / "01-generate"


def _json(arguments: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> dict[str, object]:
    assert cli.run([*arguments, "--pdk", "fake", "--json"]) == code
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_the_layout_is_clean_by_its_own_rules(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = _json(["drc", "--layout", str(made / "layout.gds"), "--deck", "native"], capsys)
    assert found["drc__native__count"] == 0
    assert found["drc__unchecked_layers__count"] == 0
    assert set(found["rules"]) >= {"M1.S", "CO.E.GC.end", "V5.W", "NW.E.OD"}  # type: ignore[call-overload]


def test_layout_and_netlist_match(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["--layout", str(made / "layout.gds"), "--netlist", str(made / "netlist.cdl"), "--top", "odd"]
    assert _json(["lvs", *names], capsys) == {"lvs__mismatches__count": 0}


def test_another_process_knows_nothing_of_it(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Read by sky130's numbers, layer 5/0 and the others are masks that no rule looks at."""
    assert cli.run(["drc", "--layout", str(made / "layout.gds"), "--deck", "native", "--pdk", "sky130"]) in (1, 2)
    assert "sky130" in capsys.readouterr().err


def test_extraction_writes_every_net(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "odd.spice"
    _json(["pex", "--layout", str(made / "layout.gds"), "--top", "odd", "--output", str(output)], capsys)
    with (tmp_path / "odd.csv").open(encoding="utf-8") as stream:
        rows = {row["net"]: float(row["c_total_F"]) for row in csv.DictReader(stream)}
    assert {"in_0", "out_2", "bl_0_0_2", "vdd", "gnd"} <= rows.keys()
    assert all(farad > 0 for farad in rows.values())
    text = output.read_text(encoding="utf-8")
    assert "nch" in text
    assert "pch" in text


def test_parasitics_have_the_schematics_names(made: Path) -> None:
    """A bit line is four rows long, 15 um each; a wire of this process has 0.1 to 0.5 fF/um."""
    design = build(load_spec(made.parents[1] / "odd.yaml"))
    found = extract(FAKE, made / "layout.gds", "odd", made / "netlist.spice")
    total = found.total_capacitance()
    assert set(design.flat.ports) <= set(total)
    assert 4 * 15 * 0.1e-15 < total["bl_0_0_0"] < 4 * 15 * 0.5e-15
    parts = synapse_parts(found)
    assert 1e-15 < parts.column < 30e-15
    flat = annotate(design.flat, found)
    assert len(flat.mos) == len(design.flat.mos)
    assert len(flat.capacitors) > len(total)


@pytest.mark.parametrize(("layer", "width_nm"), [("M1", 240), ("M4", 280), ("M6", 1200)])
def test_a_lone_wire_has_the_capacitance_of_its_tables(layer: str, width_nm: int, tmp_path: Path) -> None:
    """Plate under it, fringe of its edges as far as the halo reaches; nothing else is near."""
    layout = kdb.Layout()
    layout.dbu = 0.001
    cell = layout.create_cell("wire")
    length_nm = 100_000
    cell.shapes(layout.layer(*NUMBERS[layer])).insert(kdb.Box(0, 0, length_nm, width_nm))
    cell.shapes(layout.layer(*LABELS[layer])).insert(kdb.Text("a", kdb.Trans(1000, width_nm // 2)))
    layout.write(str(tmp_path / "wire.gds"))
    found = extract(FAKE, tmp_path / "wire.gds", "wire").total_capacitance()["a"]
    process = FAKE.wires.nominal
    plate, fringe = process.plate_F_per_m2[layer, "sub"], process.fringe_F_per_m[layer, "sub"]
    area, around = length_nm * width_nm * 1e-18, 2 * (length_nm + width_nm) * 1e-9
    reached = 2 / math.pi * math.atan(process.fringe_alpha_per_plate * plate * process.halo_nm * 1e-9)
    assert found == pytest.approx(plate * area + fringe * around * reached, rel=0.01)


def test_its_corners_are_its_own() -> None:
    nominal, worst = FAKE.wires.nominal, FAKE.wires.interconnect("worst")
    assert worst.plate_F_per_m2["M4", "sub"] == pytest.approx(1.2 * nominal.plate_F_per_m2["M4", "sub"])
    with pytest.raises(InputError, match="no extraction corner is called 'high'; use one of: typical, worst"):
        FAKE.wires.interconnect("high")
