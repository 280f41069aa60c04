"""Cached tables: whatever happened to a file, the numbers are those that were found."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from somaforge.flow.engines.cache import kept

VALUES = np.arange(1000.0)


DIRECTORY = b"PK\x01\x02-\x03-\x00\x01"
"""Of a zip file: an entry with the flag that asks for a password."""


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "flipped": flipped,
    "said to be encrypted": lambda content: content.replace(b"PK\x01\x02-\x03-\x00\x00", DIRECTORY),
    "another file": lambda content: b"half a file",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_made_again(tmp_path: Path, damage: str) -> None:
    found = []

    def find() -> dict[str, np.ndarray]:
        found.append(1)
        return {"values": VALUES}

    def ask() -> None:
        assert np.array_equal(kept("deck", tmp_path, ("values",), find)["values"], VALUES)

    ask()
    (path,) = tmp_path.iterdir()
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    ask()
    ask()
    assert len(found) == 2, "made once, made again after the damage, and then kept"


@pytest.mark.parametrize(
    "other", [{"values": np.array([np.nan])}, {"values": np.array(["x"])}, {"other": VALUES}, {"values": np.zeros(0)}]
)
def test_a_file_with_something_else_in_it_is_made_again(tmp_path: Path, other: dict[str, np.ndarray]) -> None:
    kept("deck", tmp_path, ("values",), lambda: {"values": VALUES})
    (path,) = tmp_path.iterdir()
    np.savez(path, **other)  # type: ignore[arg-type]
    assert np.array_equal(kept("deck", tmp_path, ("values",), lambda: {"values": VALUES})["values"], VALUES)


def test_a_folder_that_cannot_be_made_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = kept("deck", tmp_path / "file/tables", ("values",), lambda: {"values": VALUES})
    assert np.array_equal(found["values"], VALUES)


def test_a_folder_in_the_place_of_the_file_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    kept("deck", tmp_path / "here", ("values",), lambda: {"values": VALUES})
    (path,) = (tmp_path / "here").iterdir()
    path.unlink()
    path.mkdir()
    found = kept("deck", tmp_path / "here", ("values",), lambda: {"values": VALUES})
    assert np.array_equal(found["values"], VALUES)
