"""Data sets from files: the IDX reader, MNIST as in the paper, spoken digits, and errors that say how to get them."""

import gzip
import io
import os
import re
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from somaforge.flow import cli, datasets
from somaforge.flow.datasets import files, fsdd, mnist
from somaforge.flow.datasets.idx import read_idx
from somaforge.generator.spec import Input
from somaforge.pdk.errors import InputError

DATA = Path(__file__).resolve().parents[3].parent / "shared/data"
needs_mnist = pytest.mark.skipif(not (DATA / "mnist").is_dir(), reason="no MNIST files in ../shared/data")
needs_fsdd = pytest.mark.skipif(not (DATA / "fsdd").is_dir(), reason="no recordings in ../shared/data")


def idx(values: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.astype(np.uint8).tobytes()


def small_mnist(folder: Path, count: int = 40) -> np.ndarray:
    """Four files of random images with all digits; the training images."""
    generator = np.random.default_rng(1)
    images = generator.integers(0, 256, (count, 28, 28))
    images[:, :4], images[:, -4:], images[:, :, :4], images[:, :, -4:] = 0, 0, 0, 0
    for part in ("train", "t10k"):
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx(np.arange(count) % 10))
    return images


def test_idx_round_trip_and_damage(tmp_path: Path) -> None:
    values = np.arange(24).reshape(2, 3, 4)
    whole = idx(values)
    path = tmp_path / "a-idx3-ubyte"
    path.write_bytes(whole)
    assert np.array_equal(read_idx(path, 3), values)
    bad = {
        whole[:-1]: "holds fewer bytes than the 24 that its header announces",
        whole + b"x": "holds more bytes than the 24 that its header announces",
        b"\x00\x00\x0d\x03" + whole[4:]: "not an IDX file of bytes with 3 dimensions",
        whole[:9]: "not an IDX file of bytes with 3 dimensions",
        whole[:4] + b"\xff" * 12: "is not plausible",
        b"": "not an IDX file of bytes with 3 dimensions",
    }
    for content, message in bad.items():
        path.write_bytes(content)
        with pytest.raises(InputError, match=f"^{re.escape(str(path))}: .*{message}"):
            read_idx(path, 3)
    packed = tmp_path / "a.gz"
    packed.write_bytes(gzip.compress(whole)[:-12])
    with pytest.raises(InputError, match="cannot be read"):
        read_idx(packed, 3)


def test_mnist_from_small_files(tmp_path: Path) -> None:
    images = small_mnist(tmp_path)
    data = datasets.load("mnist", data_dir=tmp_path)
    assert data.train_x.shape == (40, 196)
    assert np.allclose(data.train_x.mean(axis=1), 0.04)
    assert "not the original data" in data.provenance
    row, column = (int(v) for v in data.features[0].split()[1:])
    ratio = images[:, row, column] / np.maximum(data.train_x[:, 0], 1e-12)
    bright = images[:, row, column] > 50
    chosen = [tuple(int(v) for v in f.split()[1:]) for f in data.features]
    total = np.array([sum(image[r, c] for r, c in chosen) for image in images])
    assert np.allclose(ratio[bright], total[bright] / (196 * 0.04))
    assert data.to_currents(data.train_x, Input(mean_A=15e-9)).mean() == pytest.approx(15e-9)


def test_augmented_images_are_like_the_originals(tmp_path: Path) -> None:
    small_mnist(tmp_path)
    data = datasets.load("mnist", data_dir=tmp_path)
    assert data.augmented is not None
    once, again = (data.augmented(np.random.default_rng(s)) for s in (1, 1))
    assert np.array_equal(once, again)
    assert once.shape == data.train_x.shape
    assert np.allclose(once.mean(axis=1), 0.04)
    assert not np.allclose(once, data.train_x)
    assert once.max() <= 1.0


def test_mnist_files_missing_or_wrong(tmp_path: Path) -> None:
    small_mnist(tmp_path)
    before = datasets.fingerprint("mnist", tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(np.arange(39) % 10))
    assert datasets.fingerprint("mnist", tmp_path) != before
    with pytest.raises(InputError, match=r"\(40, 28, 28\) images for 39 labels"):
        datasets.load("mnist", data_dir=tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(np.arange(40) % 9))
    with pytest.raises(InputError, match="labels are not the digits 0 to 9"):
        datasets.load("mnist", data_dir=tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(InputError, match=r"MNIST lacks t10k-labels-idx1-ubyte \(or .*; put all four files there$"):
        datasets.load("mnist", data_dir=tmp_path)


@pytest.mark.parametrize("folder", ["", "mnist", "MNIST/raw"])
@pytest.mark.parametrize("dot", ["-", "."])
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("own", [True, False])
def test_mnist_under_any_usual_name(tmp_path: Path, folder: str, dot: str, packed: bool, own: bool) -> None:
    given = tmp_path / "given"
    given.mkdir()
    small_mnist(given)
    for name in mnist.NAMES:
        file = next(given.glob(f"{name}*"))
        content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        spelled = name.replace("-idx", f"{dot}idx")
        place = tmp_path / "other" / folder / (spelled if own else "") / f"{spelled}{'.gz' if packed else ''}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(gzip.compress(content) if packed else content)
    mine, theirs = (datasets.load("mnist", data_dir=tmp_path / f) for f in ("given", "other"))
    assert np.array_equal(mine.train_x, theirs.train_x)
    assert np.array_equal(mine.test_y, theirs.test_y)


@pytest.mark.parametrize("variable", [True, False])
def test_a_folder_without_mnist_is_an_error_and_never_a_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: bool
) -> None:
    asked: list[object] = []
    monkeypatch.setattr("sklearn.datasets.fetch_openml", lambda *a, **k: asked.append(a))
    monkeypatch.delenv("SOMAFORGE_DATA", raising=False)
    if variable:
        monkeypatch.setenv("SOMAFORGE_DATA", str(tmp_path))
    folder = None if variable else tmp_path
    wanted = rf"^--data-dir {re.escape(str(tmp_path))}: MNIST lacks {', '.join(mnist.NAMES)} \(or .*put all four"
    for use in (datasets.load, datasets.fingerprint):
        with pytest.raises(InputError, match=wanted):
            use("mnist", data_dir=folder)
    assert asked == []


def test_no_data_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr("sklearn.datasets.fetch_openml", offline)
    monkeypatch.delenv("SOMAFORGE_DATA", raising=False)
    with pytest.raises(
        InputError, match=r"^mnist: no data here and OpenML did not answer \(OSError\); get the four IDX"
    ):
        datasets.load("mnist")
    with pytest.raises(InputError, match=r"^fsdd: no recordings in .*name their folder with --data-dir or SOMAFORGE"):
        datasets.load("fsdd", data_dir=tmp_path)
    monkeypatch.setenv("SOMAFORGE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match=r"^--data-dir .*nowhere: there is no such folder"):
        datasets.load("fsdd")


def test_openml_images_must_be_the_original_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOMAFORGE_DATA", raising=False)
    pixels, labels = np.zeros((10_040, 784)), np.array([str(k % 10) for k in range(10_040)])
    monkeypatch.setattr("sklearn.datasets.fetch_openml", lambda *_, **__: (pixels, labels))
    with pytest.raises(InputError, match=r"^mnist: OpenML delivered other images than the original ones"):
        datasets.load("mnist")


def wav(samples: np.ndarray, rate: int = 8000) -> bytes:
    stream = io.BytesIO()
    wavfile.write(stream, rate, samples)
    return stream.getvalue()


def recordings(numbers: range = range(7)) -> dict[str, bytes]:
    """Tones: the digit sets the pitch."""
    generator, time = np.random.default_rng(1), np.arange(2400) / 8000
    return {
        f"recordings/{digit}_anna_{number}.wav": wav(
            (8000 * np.sin(2 * np.pi * (200 + 300 * digit) * time) + generator.normal(0, 300, 2400)).astype(np.int16)
        )
        for digit in range(10)
        for number in numbers
    }


def packed(path: Path, contents: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def test_spoken_digits_from_zip_and_folder_are_equal(tmp_path: Path) -> None:
    contents = recordings()
    packed(tmp_path / "recordings.zip", contents)
    (tmp_path / "other/recordings").mkdir(parents=True)
    for name, content in contents.items():
        (tmp_path / "other" / name).write_bytes(content)
    one, two = (datasets.load("fsdd", data_dir=place) for place in (tmp_path, tmp_path / "other"))
    assert one.train_x.shape == (20, 132)  # numbers 5 and 6
    assert one.test_x.shape == (50, 132)
    assert np.array_equal(one.test_x, two.test_x)
    assert one.train_x.min() >= 0
    assert one.train_x.max() <= 1
    near = np.linalg.norm(one.test_x[:, None] - one.train_x[None], axis=2).argmin(axis=1)
    assert np.array_equal(one.train_y[near], one.test_y)  # tones of one pitch are alike
    assert one.augmented is not None
    drawn = one.augmented(np.random.default_rng(1))
    assert drawn.shape == one.train_x.shape
    assert np.array_equal(drawn, one.augmented(np.random.default_rng(1)))
    assert not np.allclose(drawn, one.train_x)


def test_short_recording_and_bad_files(tmp_path: Path) -> None:
    assert fsdd.coefficients(np.zeros(10)).shape == (1, 12)
    path = tmp_path / "recordings.zip"
    bad = {
        "not a WAV file": b"nonsense",
        "must be 8 kHz, mono, 16 bit": wav(np.zeros(100, dtype=np.int16), 16000),
    }
    for message, content in bad.items():
        packed(path, recordings() | {"recordings/3_anna_9.wav": content})
        with pytest.raises(InputError, match=f"3_anna_9.wav: {message}"):
            datasets.load("fsdd", data_dir=tmp_path)
    packed(path, {})
    with pytest.raises(InputError, match=r"holds no <digit>_<speaker>_<number>\.wav"):
        datasets.load("fsdd", data_dir=tmp_path)
    path.write_bytes(b"PK")
    with pytest.raises(InputError, match="cannot be read"):
        datasets.load("fsdd", data_dir=tmp_path)


@needs_mnist
def test_mnist_is_the_original_in_its_order() -> None:
    data = datasets.load("mnist", data_dir=DATA)
    assert "(the original data)" in data.provenance
    assert (data.train_x.shape, data.test_x.shape) == ((60_000, 196), (10_000, 196))
    assert data.test_y[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]  # the well-known first test images
    assert np.allclose(data.train_x.mean(axis=1), 0.04)
    assert 0.3 < data.train_x.max() < 1


@needs_fsdd
def test_spoken_digits_have_the_authors_split() -> None:
    data = datasets.load("fsdd", data_dir=DATA)
    assert (data.train_x.shape, data.test_x.shape) == ((2700, 132), (300, 132))
    assert np.bincount(data.test_y).tolist() == [30] * 10


def test_a_run_without_data_fails_before_it_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOMAFORGE_DATA", raising=False)
    spec = Path(__file__).resolve().parents[3] / "examples/spoken-digits.yaml"
    assert cli.run(["run", str(spec), "--out", str(tmp_path / "out"), "--data-dir", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("somaforge: fsdd: no recordings in ")
    assert not (tmp_path / "out").exists()


def test_names_of_files_need_not_be_utf_8(tmp_path: Path) -> None:
    """The digest of a folder holds their bytes."""
    (tmp_path / os.fsdecode(b"\xff.wav")).write_bytes(b"x")
    first = files.sha256(tmp_path)
    (tmp_path / os.fsdecode(b"\xff.wav")).rename(tmp_path / os.fsdecode(b"\xfe.wav"))
    assert files.sha256(tmp_path) != first


@pytest.mark.parametrize("name", ["mnist", "spoken-digits"])
def test_a_run_with_damaged_data_fails_before_it_starts(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files of the right names with something else in them: the run began, and failed after DRC, LVS and extraction."""
    monkeypatch.setenv("SOMAFORGE_DATA", "")  # set back afterwards
    data = tmp_path / "data"
    data.mkdir()
    for file in (*mnist.NAMES, "recordings"):
        (data / file).write_bytes(b"something else")
    spec = Path(__file__).parents[3] / f"examples/{name}.yaml"
    assert cli.run(["run", str(spec), "--data-dir", str(data), "--out", str(tmp_path / "r")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "r").exists()
