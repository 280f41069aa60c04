"""The folder `final/`: what a user takes away from a run, with a manifest of everything in it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from somaforge.flow.checks.registry import LAYOUT_CHECKS
from somaforge.flow.checks.shuttle import table
from somaforge.flow.machinery.fingerprint import code_version
from somaforge.flow.machinery.lock import locked
from somaforge.flow.machinery.records import read_metrics
from somaforge.flow.machinery.stale import FINAL
from somaforge.flow.machinery.store import (
    RESOURCES,
    Done,
    added,
    commit,
    finished,
    new_temporary,
    read_done,
    sha256_file,
    sha256_json,
    vouched,
)
from somaforge.flow.runner import coherence, manifest
from somaforge.flow.runner.run import Runner
from somaforge.flow.signoff import findings, junit, sarif
from somaforge.flow.signoff.verdict import Signoff
from somaforge.flow.steps import drivers, hard_macro, tapeout
from somaforge.flow.steps.driver_blocks import folders
from somaforge.generator.spec import Spec
from somaforge.pdk.errors import ToolError
from somaforge.pdk.files import atomic_write
from somaforge.pdk.json_file import parse_json

TAKEN: tuple[tuple[str, str, str], ...] = (
    ("generate", "layout.gds", "gds/{name}.gds"),
    ("generate", "layout.oas", "gds/{name}.oas"),
    ("generate", "netlist.spice", "spice/{name}.spice"),
    ("generate", "netlist.cdl", "cdl/{name}.cdl"),
    ("generate", "macro.lef", "lef/{name}.lef"),
    ("generate", "verilog", "verilog"),
    ("generate", "schematic", "schematic"),
    ("generate", "matching.json", "report/matching.json"),
    *(("drc", check.report, f"report/{check.report}") for check in LAYOUT_CHECKS),
    ("lvs", "lvs.lvsdb", "report/lvs.lvsdb"),
    ("pex", "post_layout.spice", "pex/{name}.pex.spice"),
    ("pex", "nets.csv", "pex/{name}.nets.csv"),
    ("signoff", "report", "report"),
    ("signoff", "signoff.json", "signoff.json"),
    ("signoff", "chips.json", "chips.json"),
)
"""Step, file or folder in its folder, place in final/."""
FRAMED: tuple[tuple[str, str, str], ...] = (
    ("tapeout", tapeout.FOLDER, tapeout.FOLDER),
    ("tapeout", table.JSON, f"report/{table.JSON}"),
)
"""The same of a chip in a frame."""
DRIVERS = (("layout.gds", "gds"), ("netlist.spice", "spice"), ("netlist.cdl", "cdl"))
"""Files of each block of the drivers, and the folder in final/, which their endings are called after."""
HARD_MACRO: tuple[tuple[str, str, str], ...] = (("hard_macro", hard_macro.FOLDER, hard_macro.FOLDER),)
"""The same of a spec with a hard macro."""
PER_CHIP = (
    ("characterize", "calibration.json"),
    ("train", "weights.npz"),
    ("program", "weights.bit"),
    ("program", "weights.mem"),
)
"""Step and file below its chips/<seed>/."""


def publish(runner: Runner) -> dict[str, float]:
    """Fill `final/` from the finished steps (nothing to do if it is up to date); all metrics of the run."""
    with locked(runner.out):
        return _publish(runner)


def _publish(runner: Runner) -> dict[str, float]:
    final = runner.out / FINAL
    folders = {step.name: runner.folder(step.name) for step in runner.steps}
    coherence.require(folders, runner.spec, {step.name: step for step in runner.steps})
    records = {name: _record(folder) for name, folder in folders.items()}
    key = sha256_json({"code": code_version(__name__), "steps": {name: done.key for name, done in records.items()}})
    metrics = all_metrics(runner)
    if finished(final, key) and not added(final, _record(final).files):
        return metrics
    temporary = new_temporary(runner.out, FINAL)
    own = (
        *(FRAMED if tapeout.framed(runner.spec) else ()),
        *(_drivers(runner.spec) if drivers.applies(runner.spec) else ()),
        *(HARD_MACRO if hard_macro.applies(runner.spec) else ()),
    )
    for step, source, target in (*TAKEN, *own):
        _copy(folders[step], records[step], source, temporary / target.format(name=runner.spec.name))
    for seed in runner.spec.chips.seeds:
        for step, name in PER_CHIP:
            source = f"chips/{seed}/{name}"
            _copy(folders[step], records[step], source, temporary / source)
    signoff = Signoff.from_json(parse_json(vouched(folders["signoff"], "signoff.json")))
    checks = _checks(runner)
    sarif.write(temporary / "report/checks.sarif", checks, f"gds/{runner.spec.name}.gds")
    junit.write(temporary / "junit.xml", runner.spec.name, signoff, metrics, list(folders), checks)
    atomic_write(temporary / "metrics.json", json.dumps(metrics, indent=1, sort_keys=True) + "\n")
    record = manifest.make(runner.spec, list(folders.values()), temporary)
    atomic_write(temporary / manifest.NAME, json.dumps(record, indent=1, sort_keys=True) + "\n")
    commit(temporary, final, key)
    return metrics


def _drivers(spec: Spec) -> Iterator[tuple[str, str, str]]:
    """Step, file and place in final/ of the blocks of the drivers."""
    for folder in folders(spec):
        name = "{name}_drivers" + (f"_{folder}" if folder else "")
        for file, kind in DRIVERS:
            yield "drivers", str(Path(folder) / file), f"{kind}/{name}.{kind}"


def _checks(runner: Runner) -> tuple[findings.Check, ...]:
    folders = {name: runner.folder(name) for name in ("drc", "lvs")}
    rules = parse_json(vouched(folders["drc"], "rules.json"))
    return findings.load(folders, rules, runner.spec.name)


def all_metrics(runner: Runner) -> dict[str, float]:
    """Every metric of every step, with run times and peak memory."""
    metrics: dict[str, float] = {}
    for step in runner.steps:
        folder = runner.folder(step.name)
        metrics |= read_metrics(folder) | read_metrics(folder, RESOURCES)
    return metrics


def _record(folder: Path) -> Done:
    done = read_done(folder)
    if done is None:
        raise ToolError(f"{folder}: is not finished, so the run cannot be published; run somaforge run again")
    return done


def _copy(folder: Path, done: Done, source: str, target: Path) -> None:
    """A file, or every file below a folder, that the step's record names: what somebody added stays behind."""
    names = [name for name in done.files if name == source or name.startswith(f"{source}/")]
    if not names:
        raise ToolError(
            f"{folder / source}: was not made, so the run cannot be published; this is a fault of somaforge"
        )
    for name in names:
        place = target / name.removeprefix(f"{source}/") if name != source else target
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, place)
        if sha256_file(place) != done.files[name].sha256:
            raise ToolError(f"{folder / name}: has changed since it was written; run somaforge run again")
