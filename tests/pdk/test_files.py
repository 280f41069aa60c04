"""Whole files or none, and never in the place of what is none."""

import os
import socket
from pathlib import Path

import pytest

from somaforge.pdk.errors import InputError
from somaforge.pdk.files import atomic_write


def test_a_file_is_replaced_and_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("mine")
    (tmp_path / "link").symlink_to("other")
    atomic_write(tmp_path / "link", "new")
    assert (tmp_path / "link").read_text() == "new"
    assert (tmp_path / "other").read_text() == "mine"
    atomic_write(tmp_path / "below/a.txt", b"\x00")
    assert (tmp_path / "below/a.txt").read_bytes() == b"\x00"


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    """As root, a netlist written to /dev/null took the place of the device for every program of the machine."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/null")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "socket"))
    before = {p.name: p.lstat().st_mode for p in tmp_path.iterdir()}
    for name in before:
        with pytest.raises(InputError, match=f"{name}: is no place for a file"):
            atomic_write(tmp_path / name, "new")
    listening.close()
    assert {p.name: p.lstat().st_mode for p in tmp_path.iterdir()} == before


@pytest.mark.parametrize("place", ["/proc/self/new", "/dev/new-file", "/sys/new-file"])
def test_folders_of_the_kernel_are_no_place(place: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no place for a file"):
        atomic_write(Path(place), "new")
    (tmp_path / "way").symlink_to(Path(place).parent)
    with pytest.raises(InputError, match="is no place for a file"):
        atomic_write(tmp_path / "way" / Path(place).name, "new")


def test_memory_is_a_place() -> None:
    place = Path("/dev/shm/somaforge-test-of-files")
    if place.parent.is_dir():
        atomic_write(place, "new")
        place.unlink()
