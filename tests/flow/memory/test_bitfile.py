"""Bitfiles: round trips, every damage found, every wrong design refused."""

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from somaforge.flow.memory import bitfile
from somaforge.generator.address import Codes
from somaforge.generator.design import Design, build
from somaforge.generator.spec import load_spec
from somaforge.pdk.errors import InputError

IRIS = load_spec(Path(__file__).parents[3] / "examples" / "iris.yaml")
BAD = Path(__file__).parents[2] / "bad" / "bitfile"


@cache
def design(layers: tuple[int, ...] = (3, 2, 4), bits: int = 3, name: str = "small") -> Design:
    """Arrays too small for any network: the spec's array is changed after its validation."""
    array = IRIS.array.model_copy(update={"layers": layers, "bits": bits})
    return build(IRIS.model_copy(update={"name": name, "array": array}))


def random_codes(target: Design, seed: int) -> list[Codes]:
    random, top = np.random.default_rng(seed), target.weights.full_scale
    shapes = zip(target.layers, target.layers[1:], strict=False)
    return [random.integers(-top, top + 1, shape) for shape in shapes]


sizes = st.lists(st.integers(1, 5), min_size=2, max_size=4).map(tuple)


@given(layers=sizes, bits=st.integers(1, 6), seed=st.integers(0, 2**32 - 1))
def test_round_trip(layers: tuple[int, ...], bits: int, seed: int) -> None:
    target = design(layers, bits)
    codes = random_codes(target, seed)
    data = bitfile.pack(codes, target)
    back = bitfile.unpack(data, target)
    assert all(np.array_equal(a, b) for a, b in zip(codes, back, strict=True))
    assert bitfile.parse(data, "again").to_bytes() == data


@given(data=st.data())
def test_any_flipped_bit_is_found(data: st.DataObject) -> None:
    good = bytearray(bitfile.pack(random_codes(design(), 1), design()))
    place = data.draw(st.integers(0, len(good) * 8 - 1))
    good[place // 8] ^= 1 << (place % 8)
    with pytest.raises(InputError, match=r"^chip 1: [^\n]*$"):
        bitfile.unpack(bytes(good), design(), "chip 1")


@given(length=st.integers(0, 300), junk=st.binary(max_size=200))
def test_cut_and_lengthened_files_and_junk_are_refused(length: int, junk: bytes) -> None:
    good = bitfile.pack(random_codes(design(), 1), design())
    for bad in (good[: min(length, len(good) - 1)], good + b"\n", junk, good + junk if junk else b""):
        with pytest.raises(InputError):
            bitfile.parse(bad, "bad")


def test_one_way_to_write_a_content() -> None:
    good = bitfile.pack(random_codes(design(), 1), design())
    body = good[: good.rindex(b"sha256")]
    for changed in (body.replace(b"payload 7", b"payload 07"), body[:-1] + b"\n\n"):
        assert changed != body
        data = changed + b"sha256 " + hashlib.sha256(changed).hexdigest().encode() + b"\n"
        with pytest.raises(InputError, match="not written the way somaforge writes it"):
            bitfile.parse(data, "odd")


def test_another_design_is_refused() -> None:
    data = bitfile.pack(random_codes(design(), 1), design())
    with pytest.raises(
        InputError, match=r"^bitfile: bitfile for design \w{12} \(small\), this one is \w{12} \(other\)"
    ):
        bitfile.unpack(data, design(name="other"))
    with pytest.raises(InputError, match=r"bitfile for \(3, 2, 4\) with 3 bits, the design has \(3, 2, 5\) with 3"):
        bitfile.unpack(data, design((3, 2, 5)))


def test_codes_that_do_not_fit_are_refused() -> None:
    codes = random_codes(design(), 1)
    with pytest.raises(InputError, match="train this design"):
        bitfile.pack(codes[:1], design())
    codes[1][0, 0] = 8
    with pytest.raises(InputError, match=r"codes do not fit 3 bits: a code lies outside -7\.\.7; train this design"):
        bitfile.pack(codes, design())


def test_diff_names_the_latch() -> None:
    one = random_codes(design(), 1)
    two = [c.copy() for c in one]
    one[1][1, 2], two[1][1, 2] = 5, -4
    first, second = (bitfile.parse(bitfile.pack(c, design()), "x") for c in (one, two))
    assert bitfile.diff(first, first) == []
    assert [str(d) for d in bitfile.diff(first, second)] == [
        "layer 1 row 1 column 2 bit 0: 1 -> 0",
        "layer 1 row 1 column 2 bit 3: 0 -> 1",
    ]
    with pytest.raises(InputError, match=r"^bitfiles of different designs"):
        bitfile.diff(first, bitfile.parse(bitfile.pack(one, design(name="other")), "x"))


def test_dump_shows_the_codes() -> None:
    text = bitfile.dump(bitfile.parse(bitfile.pack([np.array([[5, -7]])], design((1, 2))), "x"))
    assert text.splitlines()[-2:] == ["layer 0: 1 rows, 2 columns", "  5 -7"]


def test_known_bad_files(tmp_path: Path) -> None:
    """The good file of tests/bad/bitfile is read; each bad one differs from it by what its name says."""
    assert bitfile.read(BAD / "good.bit").layers == (3, 2, 4)
    expected = {
        "one_bit.bit": "the checksum of the bitfile does not match its content; copy or pack it again",
        "cut.bit": "the bitfile ends before its checksum; copy or pack it again",
        "version.bit": "bitfile version 2, this somaforge reads 1; pack again",
        "header.bit": "not a bitfile (its header is damaged); program from a file that somaforge wrote",
        "payload.bit": "the payload is not that of a 3-2-5 array; pack it again",
    }
    assert {p.name for p in BAD.glob("*.bit")} == {*expected, "good.bit"}
    for name, message in expected.items():
        with pytest.raises(InputError) as caught:
            bitfile.read(BAD / name)
        assert str(caught.value) == f"{BAD / name}: {message}"
    with pytest.raises(InputError, match="cannot read the bitfile: No such file"):
        bitfile.read(tmp_path / "none.bit")
