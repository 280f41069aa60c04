"""Kinds of damage around the program: another user, read-only homes, full disks, shared caches, hostile names."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tests.campaign.damage import Random
from tests.campaign.trial import Ended, attempt, command

from somaforge.flow.engines.cache import kept

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests/cases"
NOBODY = 65534


def _commands(folder: Path) -> tuple[tuple[str, ...], ...]:
    """What a stranger runs first."""
    layout, netlist = str(CASES / "inv.gds"), str(CASES / "inv.spice")
    return (
        ("drc", "--layout", layout, "--out", str(folder / "drc")),
        ("lvs", "--layout", layout, "--netlist", netlist, "--top", "inv", "--out", str(folder / "lvs")),
        ("pex", "--layout", layout, "--top", "inv", "--output", str(folder / "pex/x.spice")),
    )


def _as(arguments: tuple[str, ...], change: Callable[[], None]) -> Callable[[], int]:
    def work() -> int:
        change()
        return command(*arguments)()

    return work


def full_disks(random: Random, folder: Path) -> str | None:
    """Files may not grow beyond a few kB, or the folder for temporary files is gone or no folder: one line, no half."""
    work = folder / "work"
    work.mkdir()
    arguments = _commands(work)[int(random.integers(3))]
    kind = int(random.integers(4))
    largest = int(random.choice([512, 4096, 65_536, 300_000]))

    def change() -> None:
        tempfile.tempdir = None
        if kind == 0:
            os.environ["TMPDIR"] = str(folder / "nowhere")
            tempfile.tempdir = str(folder / "nowhere")
        elif kind == 1:
            tempfile.tempdir = "/dev/null"
        else:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    ended = attempt(_as(arguments, change), folder)
    wrong = ended.problem((0, 1, 2, 3))
    halves = [p.name for p in work.rglob("*") if p.is_file() and p.name.startswith(".") and p.name != ".lock"]
    if wrong is None and halves and ended.code != 0:
        return f"{arguments[0]}: left {halves[0]}"
    if (
        wrong is None
        and ended.code == 0
        and arguments[0] == "pex"
        and ".ends" not in (work / "pex/x.spice").read_text()
    ):
        return "pex: exit 0 with half a netlist"
    return (
        f"{arguments[0]}, {('no TMPDIR', 'TMPDIR no folder')[kind] if kind < 2 else largest}: {wrong}"
        if wrong
        else None
    )


def other_users(random: Random, folder: Path) -> str | None:
    """Another user, whose home is missing or read-only, gets the same results as root; only root can try."""
    # The machine's programs and data lie in root's folders: they may be read, and nothing else is allowed.
    drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    drop += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", "--bounding-set=-all,+dac_read_search"]
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return None
    if subprocess.run([*drop, "true"], capture_output=True, check=False).returncode != 0:  # a container may forbid it
        return None
    work, home = folder / "work", folder / "home"
    for made in (work, home):
        made.mkdir()
    folder.chmod(0o755)
    os.chown(work, NOBODY, NOBODY)
    home.chmod(0o555)
    homes = (str(home), str(folder / "none"), "/", "/proc/1")
    arguments = _commands(work)[int(random.integers(3))]
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("XDG_")},
        "HOME": homes[int(random.integers(len(homes)))],
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
        "SOMAFORGE_PDK_ROOT": str(_pdk_root()),
        "TMPDIR": str(work),
    }
    program = [sys.executable, "-B", "-m", "somaforge.flow.cli", *arguments]
    done = subprocess.run(
        [*drop, *program], env=environment, cwd=work, capture_output=True, text=True, timeout=300, check=False
    )
    ended = Ended(done.returncode, done.stdout, done.stderr, 0.0)
    wrong = ended.problem((1,) if arguments[0] == "drc" else (0,))  # the layout breaks rules
    return f"{arguments[0]} with HOME={environment['HOME']}: {wrong}" if wrong else None


def _pdk_root() -> Path:
    from somaforge.pdk.sky130.data import DATA

    return DATA.root()


NAMES = (
    "new\nline", "quote'\"", "..", "a/../b", "n" * 255, b"\xff\xfe latin", "<script>alert(1)</script>",
    "$(touch pwned)", "-dash", " ", "\u202e", "%s{}", "`touch pwned`", "#;|&", "x" * 300, "tab\tbell\x07", "\x1b[2J",
)  # fmt: skip


def data_folders(random: Random, folder: Path) -> str | None:
    """A data folder of any name, with strange files in it, is read or refused in one line; a missing one is refused."""
    from somaforge.flow.runner import pipeline  # loaded here once: a trial is not about how long that takes

    assert pipeline.STEPS
    name = NAMES[int(random.integers(len(NAMES)))]
    place = os.fsdecode(os.path.join(os.fsencode(folder), os.fsencode(name)))  # noqa: PTH118  names that are no UTF-8
    there = int(random.integers(2)) == 1
    if there:
        try:
            os.makedirs(place, exist_ok=True)  # noqa: PTH103
            for inside in ("train-images-idx3-ubyte", "t10k-labels-idx1-ubyte.gz", "recordings"):
                Path(place, inside).write_bytes(random.bytes(40))
            Path(place, os.fsdecode(b"\xff.wav")).write_bytes(b"x")
        except OSError:  # this file system cannot hold the name
            there = False
    spec = ROOT / f"examples/{('mnist', 'spoken-digits')[int(random.integers(2))]}.yaml"
    ended = attempt(command("run", str(spec), "--out", str(folder / "run"), f"--data-dir={place}"), folder)
    wrong = ended.problem((2,))
    if wrong is None and (folder / "run").exists():
        wrong = "a run folder was made"
    if wrong is None and list(folder.rglob("pwned")):
        wrong = "a command in a name was executed"
    return f"{name!r} ({'there' if there else 'missing'}): {wrong}" if wrong else None


def shared_caches(random: Random, folder: Path) -> str | None:
    """Several processes fill one cache at once, and some are killed: what is read is always whole."""
    cache, processes = folder / "cache", []
    values = np.random.default_rng(1).normal(size=200_000)
    for _ in range(4):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                for k in range(40):
                    found = kept(f"table {k % 3}", cache, ("v",), lambda: {"v": values})
                    assert np.array_equal(found["v"], values)
                    if k % 8 == 7:
                        for path in cache.glob("*.npz"):
                            path.unlink(missing_ok=True)
                code = 0
            finally:
                os._exit(code)
        processes.append(pid)
    killed = set(random.choice(processes, size=2, replace=False).tolist())
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    codes = {pid: os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in processes}
    wrong = [code for pid, code in codes.items() if pid not in killed and code != 0]
    if wrong:
        return f"a process read something else or failed (exit {wrong[0]})"
    for k in range(3):
        if not np.array_equal(kept(f"table {k}", cache, ("v",), lambda: {"v": values})["v"], values):
            return "the cache holds something else"
    return None
