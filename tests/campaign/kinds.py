"""The kinds of damage of the campaign, one function each: a seeded trial in an empty folder, and what is wrong."""

import atexit
import csv
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from tests.campaign import damage, surroundings
from tests.campaign.damage import Random
from tests.campaign.trial import Ended, attempt, command
from tests.flow import fake_steps

from somaforge.flow.machinery import tools
from somaforge.flow.memory import bitfile
from somaforge.flow.runner.run import Runner
from somaforge.flow.spice.process import run_ngspice
from somaforge.generator.design import build
from somaforge.generator.spec import load_spec
from somaforge.pdk.errors import SomaforgeError, ToolError

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests/cases"
METRICS = {"first__size__count": 26, "parts__total__count": 30, "last__length__count": 28, "last__wrong__count": 0}
ANSWERS = (0, 1, 2)


def told(work: Callable[[], None]) -> Callable[[], int]:
    """Work that is no command: refusals end as the command line ends them."""

    def run() -> int:
        try:
            work()
        except SomaforgeError as error:
            print(f"somaforge: {error}", file=sys.stderr)
            return error.exit_code
        return 0

    return run


def specs(random: Random, folder: Path) -> str | None:
    """A mutated example is built or refused in one line; a command in it is not run."""
    names = ("iris", "mnist", "spoken-digits")
    text = (ROOT / f"examples/{names[int(random.integers(3))]}.yaml").read_text()
    path = folder / "spec.yaml"
    path.write_text(damage.of_text(text, random))

    def work() -> None:
        os.chdir(folder)
        build(load_spec(path))

    return _answered(attempt(told(work), folder), folder, {"spec.yaml"}, (0, 2))


@cache
def _bits() -> bytes:
    design = build(load_spec(ROOT / "examples/iris.yaml"))
    shapes = zip(design.layers, design.layers[1:], strict=False)
    return bitfile.pack([np.random.default_rng(1).integers(-7, 8, shape) for shape in shapes], design)


def bitfiles(random: Random, folder: Path) -> str | None:
    """A mutated bitfile is refused; only an unchanged one is read."""
    content = damage.of_bytes(_bits(), random)
    (folder / "x.bit").write_bytes(content)
    ended = attempt(command("bitfile", "verify", str(folder / "x.bit"), str(ROOT / "examples/iris.yaml")), folder)
    return _answered(ended, folder, {"x.bit"}, (0,) if content == _bits() else (2,))


@cache
def _drawn() -> tuple[tuple[str, str, str], ...]:
    """(layout, cell, netlist) of the cases of tests/cases: every layout once with each netlist that a case compares."""
    with (CASES / "cases.tsv").open(encoding="utf-8") as table:
        lines = [shlex.split(row["arguments"]) for row in csv.DictReader(table, delimiter="\t")]
    given = [dict(zip(words[1::2], words[2::2], strict=False)) for words in lines if "--layout" in words]
    return tuple(sorted({(g["--layout"], g.get("--top", ""), g.get("--netlist", "inv.spice")) for g in given}))


def _layout(random: Random, folder: Path) -> tuple[list[str], str]:
    """Options for one of the cases' layouts with flipped bits; its netlist."""
    layout, top, netlist = _drawn()[int(random.integers(len(_drawn())))]
    damaged = folder / f"x{Path(layout).suffix}"
    damaged.write_bytes(damage.flipped((CASES / layout).read_bytes(), random))
    return ["--layout", str(damaged), *(["--top", top] if top else [])], str(CASES / netlist)


def layouts_drc(random: Random, folder: Path) -> str | None:
    """Design rules of one of the cases' layouts with flipped bits."""
    options, _ = _layout(random, folder)
    return _answered(attempt(command("drc", *options), folder), folder, {"x.gds", "x.gz"}, ANSWERS)


def layouts_lvs(random: Random, folder: Path) -> str | None:
    """Comparison of one of the cases' layouts with flipped bits."""
    options, netlist = _layout(random, folder)
    ended = attempt(command("lvs", *options, "--netlist", netlist), folder)
    return _answered(ended, folder, {"x.gds", "x.gz"}, ANSWERS)


def layouts_pex(random: Random, folder: Path) -> str | None:
    """Extraction of one of the cases' layouts with flipped bits."""
    options, _ = _layout(random, folder)
    ended = attempt(command("pex", *options, "--output", str(folder / "x.spice")), folder)
    return _answered(ended, folder, {"x.gds", "x.gz", "x.spice", "x.csv"}, ANSWERS)


def netlists(random: Random, folder: Path) -> str | None:
    """Comparison with a mutated netlist."""
    names = ("inv.spice", "defaults.spice", "dollar.cdl", "global.spice", "include.spice", "quad_nf.spice")
    text = (CASES / names[int(random.integers(len(names)))]).read_text()
    path = folder / "x.spice"
    path.write_text(damage.of_text(text, random))
    layout = str(CASES / "inv.gds")
    ended = attempt(command("lvs", "--layout", layout, "--netlist", str(path), "--top", "inv"), folder)
    return _answered(ended, folder, {"x.spice"}, ANSWERS)


@cache
def _finished() -> Path:
    """A finished run of the small steps, to be copied."""
    folder = Path(tempfile.mkdtemp(prefix="campaign-run-"))
    atexit.register(shutil.rmtree, folder)
    Runner(fake_steps.spec(), folder / "r", fake_steps.steps()).run()
    return folder


def run_folders(random: Random, folder: Path) -> str | None:
    """A damaged run folder gives the same metrics again, or is refused for a link; nothing outside is touched."""
    out, outside = folder / "r", folder / "outside"
    shutil.copytree(_finished() / "r", out, symlinks=True)
    outside.mkdir()
    (outside / "file").write_text("mine")
    linked = False
    for _ in range(int(random.integers(1, 4))):
        paths = sorted(out.rglob("*"))
        path = paths[int(random.integers(len(paths)))]
        match int(random.integers(7)):
            case 0:
                _remove(path)
            case 1 if path.is_file():
                path.write_bytes(damage.of_bytes(path.read_bytes(), random))
            case 2 if path.is_file():
                path.write_bytes(b"")
            case 3:
                _remove(path)
                path.symlink_to(outside / "file" if random.integers(2) else outside)
                linked = True
            case 4:
                _remove(path)
                path.mkdir()
            case 5:
                (out / f".tmp-{random.integers(9)}").write_text("x")
            case _:
                path.rename(path.with_name(f"{path.name}.failed"))
    ended = attempt(told(lambda: _small_run(out, folder / "metrics.json")), folder)
    names = {"outside/file", "metrics.json", *(f"ran_{n}" for n in range(1, 5))}
    wrong = _answered(ended, folder, names, (0, 2) if linked else (0,), "r")
    if wrong is None and (outside / "file").read_text() != "mine":
        return "a file outside the run folder was written"
    if wrong is None and ended.code == 0 and json.loads((folder / "metrics.json").read_text()) != METRICS:
        return f"other metrics: {(folder / 'metrics.json').read_text()}"
    return wrong


def _small_run(out: Path, metrics: Path) -> None:
    outcomes = Runner(fake_steps.spec(), out, fake_steps.steps()).run()
    metrics.write_text(json.dumps({k: v for o in outcomes for k, v in o.metrics.items()}))


def kills(random: Random, folder: Path) -> str | None:
    """The whole process group is killed at a random time; the next run ends with the same metrics."""
    out = folder / "r"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    program = [sys.executable, str(ROOT / "tests/flow/fake_steps.py"), str(out)]
    process = subprocess.Popen(program, env=environment, start_new_session=True, stdout=subprocess.DEVNULL)
    while process.poll() is None and not (out / ".lock").exists():
        time.sleep(0.002)
    time.sleep(float(random.exponential(0.4)))
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    ended = attempt(told(lambda: _small_run(out, folder / "metrics.json")), folder)
    wrong = ended.problem((0,))
    if wrong is None and json.loads((folder / "metrics.json").read_text()) != METRICS:
        return f"other metrics: {(folder / 'metrics.json').read_text()}"
    left = [p.name for p in out.glob(".tmp-*")] + [p.name for p in (out / ".parts").glob("*")]
    return wrong or (f"left behind: {left}" if left else None)


PLACES = (
    "", "file", "file/under", "/dev/null", "/dev/full", "/proc/nowhere", "n" * 300, "loop", "dangling", "spaced out",
    "new\nline", "-dash", "\u202eumlaut-äö", "a/b/c/d/e/f", "existing", "..", "pipe",
)  # fmt: skip


def places(random: Random, folder: Path) -> str | None:
    """An odd place for output is used or refused; what lay there before stays."""
    work = folder / "work"
    work.mkdir()
    (work / "file").write_text("mine")
    (work / "loop").symlink_to("loop")
    (work / "dangling").symlink_to("nowhere")
    (work / "existing").mkdir()
    (work / "existing/kept").write_text("mine")
    os.mkfifo(work / "pipe")
    place = PLACES[int(random.integers(len(PLACES)))]
    layout = str(CASES / "inv.gds")
    arguments = (
        ("drc", "--layout", layout, f"--out={place}"),
        ("pex", "--layout", layout, "--top", "inv", f"--output={place}"),
        ("run", str(ROOT / "examples/iris.yaml"), f"--out={place}", "--until", "nothing"),
    )[int(random.integers(3))]

    def inside() -> int:
        os.chdir(work)
        return command(*arguments)()

    wrong = attempt(inside, folder).problem((0, 1, 2, 3))
    for device in ("/dev/null", "/dev/full"):
        if not Path(device).is_char_device():
            return f"{arguments[0]} --out {place!r}: {device} was replaced"
    replaced = arguments[0] == "pex" and place in ("file", "file/under")  # a file that the user named is replaced
    if not replaced and (work / "file").read_text() != "mine":
        return f"{arguments[0]} --out {place!r}: a file was overwritten"
    if (work / "existing/kept").read_text() != "mine":
        return f"{arguments[0]} --out {place!r}: a file in the folder was overwritten"
    return f"{arguments[0]} at {place!r}: {wrong}" if wrong else None


BEHAVIOURS = {
    "missing": None,
    "silent": "exit 0",
    "garbage": "head -c 3000 /dev/urandom; exit 0",
    "fails": "echo broken >&2; exit 1",
    "killed": "kill -KILL $$",
    "hangs": "sleep 60",
    "old": "echo 'ngspice-39.3 KLayout 0.1 Netgen 0.1 Icarus Verilog version 1'",
}


def fake_tools(random: Random, folder: Path) -> str | None:
    """A program that is missing or lies is a failure that names it."""
    fakes = folder / "bin"
    fakes.mkdir()
    name = str(random.choice(["ngspice", "klayout", "netgen-lvs", "iverilog"]))
    behaviour = str(random.choice(sorted(BEHAVIOURS)))
    for program in ("sh", "sleep", "head", "ngspice", "klayout", "netgen-lvs", "iverilog"):
        real = shutil.which(program)
        if real is not None and program != name:
            (fakes / program).symlink_to(real)
    script = BEHAVIOURS[behaviour]
    if script is not None:
        (fakes / name).write_text(f"#!/bin/sh\n{script}\n")
        (fakes / name).chmod(0o755)

    def work() -> int:
        os.environ["PATH"] = str(fakes)
        tools.TIMEOUT_S = 2.0
        tools._printed.cache_clear()
        if name == "ngspice" and random.integers(2):
            return told(_simulated)()
        if name == "klayout" and behaviour != "hangs" and random.integers(2):  # its own limit is 40 minutes
            return command("drc", "--layout", str(CASES / "inv.gds"), "--deck", "precheck")()
        return command("doctor")()

    ended = attempt(work, folder)
    fine = behaviour == "old" and name != "ngspice"  # only the version of ngspice is held against a limit
    wrong = ended.problem((0, 3) if fine else (3,))
    return f"{name} {behaviour}: {wrong}" if wrong else None


def _simulated() -> None:
    """What every caller of ngspice does with a run without numbers."""
    run = run_ngspice("* deck\n.end\n", 2.0)
    if not run.raw:
        raise ToolError(f"ngspice: no numbers, exit code {run.code}")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _answered(ended: Ended, folder: Path, names: set[str], allowed: tuple[int, ...], own: str = "") -> str | None:
    """Also wrong: a file that nobody asked for (a command in an input that was executed)."""
    wrong = ended.problem(allowed)
    files = (p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    more = sorted(f for f in files if f not in {"out", "err", *names} and not (own and f.startswith(f"{own}/")))
    return wrong or (f"made {', '.join(more[:3])}" if more else None)


@dataclass(frozen=True)
class Kind:
    """One kind of damage."""

    name: str
    run: Callable[[Random, Path], str | None]
    trials: int
    """Of a nightly campaign."""


KINDS = (
    Kind("kills of the whole process group", kills, 24),
    Kind("mutated specs", specs, 538),
    Kind("mutated bitfiles", bitfiles, 100),
    Kind("layouts with flipped bits through DRC", layouts_drc, 60),
    Kind("layouts with flipped bits through LVS", layouts_lvs, 60),
    Kind("layouts with flipped bits through pex", layouts_pex, 60),
    Kind("mutated netlists through LVS", netlists, 60),
    Kind("damaged run folders", run_folders, 58),
    Kind("odd places for output", places, 51),
    Kind("missing and fake tools", fake_tools, 28),
    Kind("full disks, no place for temporary files", surroundings.full_disks, 40),
    Kind("another user, a home that is read-only or missing", surroundings.other_users, 16),
    Kind("hostile names of data folders", surroundings.data_folders, 60),
    Kind("one cache for several processes", surroundings.shared_caches, 12),
)
"""As many trials as the review that found issue 15 made, or more."""
