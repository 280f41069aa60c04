"""Run folders as strangers, full disks and killed runs leave them: nothing outside is touched, nothing blocks a run."""

import fcntl
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.flow import fake_steps

from somaforge.flow import cli
from somaforge.flow.runner.run import Runner
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import HELD, SCRATCH, atomic_write, scratch, sweep

SPEC = Path(__file__).parents[3] / "examples/iris.yaml"


def run(out: Path, steps: int = 1) -> list[str]:
    """Names of the steps that had to work, of the first one (which starts no process) or of more."""
    return [o.step for o in Runner(fake_steps.spec(), out, fake_steps.steps()[:steps]).run() if not o.skipped]


def state(folder: Path) -> dict[str, bytes]:
    """Contents of every file below a folder."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("name", [".lock", ".parts", "01-first", "02-parts", "final", "points"])
@pytest.mark.parametrize("started", [False, True])
def test_no_link_is_followed(tmp_path: Path, name: str, started: bool) -> None:
    out, outside = tmp_path / "r", tmp_path / "outside"
    if started:
        run(out)
    (outside / "first@0123").mkdir(parents=True)
    (outside / "first@0123/file").write_text("mine")
    (outside / "file").write_text("mine")
    before = state(outside)
    out.mkdir(exist_ok=True)
    if (out / name).exists():
        (out / name).rename(tmp_path / "away")
    (out / name).symlink_to(outside / "file" if name == ".lock" else outside)
    with pytest.raises(InputError, match=r"is a link, and somaforge writes through none; remove it$"):
        run(out)
    assert state(outside) == before


def test_links_among_parts_are_not_followed(tmp_path: Path) -> None:
    out, outside = tmp_path / "r", tmp_path / "outside"
    (out / ".parts").mkdir(parents=True)
    outside.mkdir()
    (outside / "file").write_text("mine")
    (out / ".parts/first@0123").symlink_to(outside)
    with pytest.raises(InputError, match="is a link"):
        run(out)
    assert state(outside) == {"file": b"mine"}


def test_a_run_folder_may_be_reached_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "r").symlink_to(tmp_path / "disk")
    assert run(tmp_path / "r") == ["first"]
    assert run(tmp_path / "disk") == []


STRAYS: dict[str, Callable[[Path], None]] = {
    "a file": lambda path: path.write_text("x") and None,
    "a folder": lambda path: (path / "a").mkdir(parents=True),
    "a link": lambda path: path.symlink_to("/etc"),
    "a dangling link": lambda path: path.symlink_to("/nowhere"),
    "a pipe": lambda path: os.mkfifo(path),
}


@pytest.mark.parametrize("name", [".tmp-x", "01-first.failed", "07-first.failed"])
@pytest.mark.parametrize("kind", STRAYS)
def test_strays_go(tmp_path: Path, name: str, kind: str) -> None:
    out = tmp_path / "r"
    out.mkdir()
    STRAYS[kind](out / name)
    assert run(out) == ["first"]
    assert not os.path.lexists(out / name)


def test_a_folder_in_the_place_of_the_lock(tmp_path: Path) -> None:
    """An empty one is a stray; one with something in it stays, and the run is refused."""
    (tmp_path / "r/.lock").mkdir(parents=True)
    assert run(tmp_path / "r") == ["first"]
    (tmp_path / "s/.lock/mine").mkdir(parents=True)
    with pytest.raises(InputError, match=r"s: cannot be made a run folder \(Directory not empty\)"):
        run(tmp_path / "s")
    assert (tmp_path / "s/.lock/mine").is_dir()


def test_a_record_without_end_is_no_record(tmp_path: Path) -> None:
    run(tmp_path / "r")
    (tmp_path / "r/01-first/done.json").write_text("[" * 100_000)
    assert run(tmp_path / "r") == ["first"]


@pytest.mark.parametrize("mask", [0o002, 0o022, 0o077])
def test_the_umask_counts(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        run(tmp_path / "r", 3 if mask == 0o077 else 1)
        atomic_write(tmp_path / "r/alone", "x")
    finally:
        os.umask(before)
    for path in (tmp_path / "r").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o777 if path.is_dir() else 0o666) & ~mask, path


@pytest.mark.parametrize("arguments", [["run", str(SPEC), "--out", ""], ["drc", "--layout", ""], ["verify", ""]])
def test_an_empty_path_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(arguments) == 2
    assert "the path is empty; give one, . for this folder" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_end_of_a_file_is_no_interruption(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ends() -> None:
        raise EOFError("no data left")

    monkeypatch.setattr("somaforge.flow.runner.doctor.examine", ends)
    assert cli.run(["doctor"]) == 3
    assert "internal error, EOFError: no data left" in capsys.readouterr().err


def test_scratch_folders_of_killed_processes_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code = (
        "import time; from somaforge.pdk.files import scratch\n"
        "with scratch('test') as folder: (folder / 'half').touch(); print(folder, flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    left = Path(process.stdout.readline().strip())
    old = time.time() - 3600
    (tmp_path / f"{SCRATCH}older").mkdir()  # of a version that held nothing
    (tmp_path / f"{SCRATCH}link").symlink_to(tmp_path)
    (tmp_path / "mine").mkdir()
    for path in (left, tmp_path / f"{SCRATCH}older"):
        os.utime(path, (old, old))
    sweep(tmp_path)
    assert (left / "half").exists(), "its process lives"
    assert not (tmp_path / f"{SCRATCH}older").exists()
    process.kill()
    process.wait()
    with scratch("test") as folder:
        assert not left.exists()
        os.utime(folder, (old, old))
        sweep(tmp_path)
        assert (folder / HELD).exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine", f"{SCRATCH}link"]


@pytest.mark.parametrize("moment", ["mkdtemp", "flock"])
def test_a_process_that_slept_before_it_held_its_folder_makes_another(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process took the folder for left behind meanwhile."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    module = {"mkdtemp": "tempfile.mkdtemp", "flock": "fcntl.flock"}[moment]
    real = {"mkdtemp": tempfile.mkdtemp, "flock": fcntl.flock}[moment]
    slept: list[str] = []

    def sleeps(*arguments: object, **keys: object) -> object:
        found = real(*arguments, **keys)  # type: ignore[operator]
        if not slept:
            (folder,) = tmp_path.iterdir()
            slept.append(folder.name)
            old = time.time() - 3600
            os.utime(folder, (old, old))
            if moment == "flock":
                shutil.rmtree(folder)
            sweep(tmp_path)
        return found

    monkeypatch.setattr(module, sleeps)
    with scratch("test") as folder:
        assert slept
        assert [p.name for p in tmp_path.iterdir()] == [folder.name]
        assert folder.name.startswith(f"{SCRATCH}test-")
    assert list(tmp_path.iterdir()) == []
