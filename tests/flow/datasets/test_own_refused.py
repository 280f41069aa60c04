"""What is wrong in a user's own data files has a place in the message, and hostile files are bounded."""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.flow.datasets.own_files import csv_text, own, spec_text

from somaforge.flow import cli, datasets
from somaforge.flow.datasets.own import npz, table
from somaforge.pdk.errors import InputError

WRONG = {
    "a,b,colour\n1,2,x\n3,oops,y\n": "line 3, column b: 'oops' is no number; correct it or leave the line out",
    "a,b,colour\n1,2,x\n3,,y\n": "line 3, column b: '' is no number; correct it or leave the line out",
    "a,b,colour\n1,nan,x\n": "line 2, column b: nan is no usable number; correct or leave it out",
    "a,b,colour\n1,-inf,x\n": "line 2, column b: -inf is no usable number; correct or leave it out",
    "a,b,colour\n1,1e200,x\n": "line 2, column b: 1e+200 is no usable number; correct or leave it out",
    'a,b,colour\n1,2,"x\ny"\n3,4,z\n': "line 3, column colour: 'x\\ny' is no name of a class; give 1 to 60 printable "
    "characters",
    "a,b,colour\n1,2,\n": "line 2, column colour: '' is no name of a class; give 1 to 60 printable characters",
    "a,b,colour\n1,2\n": "line 2: has 2 columns, line 1 has 3; correct it",
    "a,b,shade\n1,2,x\n": "column 'colour' is not there; columns: a, b, shade",
    "a,a,colour\n1,2,x\n": "column 'a' is named twice; columns: a, a, colour",
    ",b,colour\n1,2,x\n": "column 1 has no name; name it, or list network.dataset.features",
    "1,2,3\n1,2,x\n": "line 1 holds numbers; the first line has to name the columns",
    "a,b,colour\n": "has 0 patterns of 2 features; give some of both",
    "": "column 'colour' is not there; columns: ",
    "a,b,colour\n1,2,x\n2,3,x\n": "1 different classes, 2 to 512 are possible; is network.dataset.label the right "
    "column?",
    "a,b,colour\n1,2,x\n2,3,y\n": "class 'x' has fewer than 5 patterns, so none can be held out; give more, or "
    "network.dataset.test",
}


@pytest.mark.parametrize("text", WRONG, ids=list(WRONG.values()))
def test_what_is_wrong_in_a_table_has_a_place(text: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InputError, match=f"^{re.escape(f'{tmp_path}/t.csv: {WRONG[text]}')}$"):
        datasets.load(own(tmp_path))


def test_negative_values_are_refused_where_the_spec_says_so(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(csv_text())
    said = r"t.csv: line 2, column b: -3 is not 0 or more, as encoding: positive with scaling: feature demands; choose"
    with pytest.raises(InputError, match=said):
        datasets.source(own(tmp_path, encoding="positive"))
    (tmp_path / "u.csv").write_text("a,b,colour\n0.5,1,red\n0.2,0.1,green\n")
    (tmp_path / "t.csv").write_text("a,b,colour\n0.5,1,red\n0.2,0.1,blue\n")
    with pytest.raises(InputError, match=r"u.csv: line 3, column colour: class 'green' is in no training pattern"):
        datasets.source(own(tmp_path, test="u.csv"))
    (tmp_path / "u.csv").write_text("a,b,colour\n0.5,1.5,red\n")
    with pytest.raises(InputError, match=r"u.csv: line 2, column b: 1.5 is not 0 to 1, as encoding: positive"):
        datasets.source(own(tmp_path, test="u.csv", encoding="positive", scaling="none"))
    (tmp_path / "u.csv").write_text("b,a,colour\n0.5,1.5,red\n")
    with pytest.raises(InputError, match=r"u.csv: has other features than .*t.csv"):
        datasets.source(own(tmp_path, test="u.csv"))


def test_hostile_files_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"t.csv is not in"):
        datasets.source(own(tmp_path))
    (tmp_path / "t.csv").symlink_to("/dev/zero")
    with pytest.raises(InputError, match=r"t.csv: no such file; give the data file"):
        datasets.source(own(tmp_path))
    (tmp_path / "u.csv").write_text(csv_text())
    monkeypatch.setattr(table, "LARGEST_FILE", 10)
    with pytest.raises(InputError, match=r"u.csv: larger than 0 MB; leave patterns or features out"):
        datasets.source(own(tmp_path, train="u.csv"))
    with pytest.raises(InputError, match=r"u.csv: larger than"):
        datasets.fingerprint(own(tmp_path, train="u.csv"))


def archive(path: Path, **members: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        for name, content in members.items():
            stream.writestr(f"{name}.npy", content)


def array(values: object) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.asarray(values), allow_pickle=True)
    return stream.getvalue()


def test_an_npz_asks_for_no_more_memory_than_it_fills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A header of 10^12 numbers, a pickle, an archive that unpacks to too much."""
    path = tmp_path / "t.npz"
    plain = array(np.zeros(4))
    huge = plain.replace(b"(4,), }" + b" " * 12, b"(1000000000000,), }")
    assert len(huge) == len(plain)
    archive(path, x=huge, colour=array(["r", "b"]))
    with pytest.raises(InputError, match=r"t.npz: (not an .npz|x.npy: )"):
        npz.load(path)
    archive(path, x=array([{}, {}]), colour=array(["r", "b"]))
    with pytest.raises(InputError, match=r"not an .npz of plain arrays \(it holds Python objects\)"):
        npz.load(path)
    monkeypatch.setattr(npz, "LARGEST_FILE", 1000)
    archive(path, x=array(np.zeros(4000)))
    assert path.stat().st_size < 1000
    with pytest.raises(InputError, match="unpacks to more than"):
        npz.load(path)
    path.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(InputError, match=r"not an .npz"):
        npz.load(path)


@pytest.mark.parametrize(
    ("dataset", "ends", "message"),
    [
        ("{train: t.csv, label: colour}", (3, 2), "network: t.csv has 2 inputs and 2 classes: layers must "
         "be [2, ..., 2]"),
        ("{train: t.csv, label: colour, encoding: two_inputs}", (2, 2), "network: t.csv has 4 inputs and 2 classes: "
         "layers must be [4, ..., 2]"),
        ("{train: t.csv}", (2, 2), "{folder}/t.csv: network.dataset.label is missing; name the column of the classes: "
         "a, b, colour"),
        ("{train: t.csv, lable: colour}", (2, 2), "network.dataset.lable: unknown key; see docs/spec.md for the keys"),
        ("{label: colour}", (2, 2), "network.dataset.train: Field required"),
        ("{train: 3}", (2, 2), "network.dataset.train: must be a valid string, not 3"),
        ("3", (2, 2), "network.dataset: must be a valid string, not 3"),
        ("{train: t.csv, label: colour, scaling: none}", (2, 2), "network.dataset: scaling: none leaves values as they "
         "are, encoding: offset moves them; use positive"),
        ("{train: t.txt, label: colour}", (2, 2), "{folder}/t.txt: not a data file that is known; give .csv, .tsv, "
         ".npz, .parquet or a folder of images"),
    ],
)  # fmt: skip
def test_a_spec_with_wrong_data_is_one_line(
    dataset: str, ends: tuple[int, int], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.csv").write_text(csv_text())
    (tmp_path / "t.txt").write_text(csv_text())
    path = tmp_path / "s.yaml"
    path.write_text(spec_text(dataset, ends))
    assert cli.run(["run", str(path), "--out", str(tmp_path / "r")]) == 2
    assert capsys.readouterr().err == f"somaforge: {path}: {message.format(folder=tmp_path)}\n"
    assert not (tmp_path / "r").exists()
