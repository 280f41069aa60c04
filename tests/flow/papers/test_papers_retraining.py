"""Networks whose features are wrong: quick versions of both parts, on pictures that are drawn here."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from somaforge.flow.datasets import cifar10, mnist
from somaforge.flow.papers import book, convolution, stack
from somaforge.flow.papers.part import Part, Record
from somaforge.flow.papers.parts.conv import CONV
from somaforge.flow.papers.parts.dense import DENSE
from somaforge.flow.papers.wrong import Unit
from somaforge.pdk.errors import InputError

UNIT = Unit(0.49, 0.23, 3, "continuous")


def bars(count: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures [count, side, side] with a bright row, which says the class, and noise."""
    draw = np.random.default_rng(1)
    labels = (np.arange(count) % 10).astype(np.uint8)
    pictures = draw.integers(0, 60, (count, side, side)).astype(np.uint8)
    pictures[np.arange(count), 2 * labels.astype(int) + 3] = 255
    return pictures, labels


def made(part: Part, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    monkeypatch.setattr(Unit, "of", staticmethod(lambda spec: UNIT))
    assert book.make(part, folder, folder, None, True, lambda said: None) == "made"
    found = book.record(folder, part)
    assert found is not None
    assert not list(folder.glob("*.journal.json"))
    return found


def test_dense_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures, labels = bars(400, 28)
    raw = mnist.Raw(pictures, labels, pictures, labels)
    monkeypatch.setattr(mnist, "whole", lambda root: (raw, "bars"))
    found = made(DENSE, tmp_path, monkeypatch)
    entries = {(e["kind"], e["size"]): e for e in found.figures["results"]}
    assert [len(e["before"]) for e in entries.values()] == [1, 2, 1], "ideal, runs, codes alone"
    text = "".join(DENSE.section(found.figures))
    assert "784-25-10, last matrix" in text
    assert "<svg" in DENSE.plots(found.figures)[0].svg


def test_a_convolutional_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures, labels = bars(100, 32)
    coloured = np.repeat(pictures[:, None], 3, axis=1)
    data = cifar10.Pictures(coloured, labels, coloured, labels, "bars")
    monkeypatch.setattr(cifar10, "load", lambda root, train, test: data)
    found = made(CONV, tmp_path, monkeypatch)
    assert [(e["digital"], e["kind"], e["size"]) for e in found.figures["results"]][:2] == [
        (1, "alpha", 0),
        (2, "alpha", 0),
    ]
    assert "both dense layers" in "".join(CONV.section(found.figures))


def test_training_again_mends_wrong_features() -> None:
    """Features that are off by a factor each: the last matrix can undo it exactly, so it finds its way back."""
    x, labels = (torch.from_numpy(a) for a in bars(200, 28))
    x = x.reshape(200, -1).to(torch.float32) / 255
    recipe = stack.Recipe(epochs=12, batch=20, rate=0.01)
    ideal = stack.learn(x, labels.to(torch.int64), stack.start((784, 20, 10), 1, 1), torch.tanh, recipe, seed=1)
    hidden = stack.features(x, ideal[:1], torch.tanh) * torch.linspace(-2, 2, 20)
    before = stack.accuracy(hidden, labels, ideal[1:], torch.tanh)[0]
    again = stack.learn(hidden, labels.to(torch.int64), ideal[1:], torch.tanh, recipe, seed=1)
    assert before < 0.7
    assert stack.accuracy(hidden, labels, again, torch.tanh)[0] > 0.95


def test_a_convolution_by_hand() -> None:
    """A kernel that is 1 in its middle leaves a picture as it is: the largest of every 2 x 2 is left."""
    kernel = torch.zeros(10, 1)
    kernel[4], kernel[9] = 1.0, 0.5
    picture = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert convolution.features(picture, [kernel]).tolist() == [[5.5, 7.5, 13.5, 15.5]]
    assert torch.equal(convolution.seen(picture, [kernel]), convolution.features(picture, [kernel]))


def test_pictures_of_every_class_from_a_zip_and_from_records(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "cifar10-jpeg.zip", "w") as target:
        for kind in ("train", "test"):
            for label in range(10):
                for number in range(2):
                    stream = io.BytesIO()
                    Image.fromarray(np.full((32, 32, 3), 20 * label + number, np.uint8)).save(stream, "JPEG")
                    target.writestr(f"{kind}/{'abcdefghij'[label]}/{number:04d}.jpg", stream.getvalue())
    found = cifar10.load(tmp_path, 20, 10)
    assert (found.train.shape, found.test.shape) == ((20, 3, 32, 32), (10, 3, 32, 32))
    assert found.train_labels.tolist() == [k for k in range(10) for _ in range(2)]
    assert int(found.test[9].mean()) == 180
    with pytest.raises(InputError, match="a class has fewer than 3 pictures"):
        cifar10.load(tmp_path, 30, 10)
    for name in ("test_batch", *(f"data_batch_{k}" for k in range(1, 6))):
        records = np.zeros((10, cifar10.RECORD), np.uint8)
        records[:, 0] = np.arange(10)
        records[:, 1:1025] = 200
        (tmp_path / f"{name}.bin").write_bytes(records.tobytes())
    first = cifar10.load(tmp_path, 10, 10)
    assert first.train[3].mean(axis=(1, 2)).tolist() == [200, 0, 0], "red comes first"
    (tmp_path / "data_batch_2.bin").write_bytes(b"short")
    with pytest.raises(InputError, match="not records of 3073 bytes"):
        cifar10.load(tmp_path, 10, 10)


def test_no_pictures_is_one_line_that_says_how(tmp_path: Path) -> None:
    for root in (None, tmp_path):
        with pytest.raises(InputError, match=r"no pictures here; name with --data-dir"):
            cifar10.load(root, 10, 10)
