"""The folder `final/`: what a user takes away from a run, with a manifest of everything in it."""

import json
import shutil
from pathlib import Path

from somaforge.flow.runner import manifest
from somaforge.flow.runner.run import RESOURCES, Runner, locked, read_metrics
from somaforge.flow.signoff import findings, junit, sarif
from somaforge.flow.signoff.verdict import Signoff
from somaforge.flow.steps.code import code_version
from somaforge.flow.steps.store import commit, finished, new_temporary, read_done, sha256_json
from somaforge.pdk.errors import ToolError
from somaforge.pdk.files import atomic_write

FINAL = "final"
TAKEN: tuple[tuple[str, str, str], ...] = (
    ("generate", "layout.gds", "gds/{name}.gds"),
    ("generate", "layout.oas", "gds/{name}.oas"),
    ("generate", "netlist.spice", "spice/{name}.spice"),
    ("generate", "netlist.cdl", "cdl/{name}.cdl"),
    ("generate", "macro.lef", "lef/{name}.lef"),
    ("generate", "verilog", "verilog"),
    ("generate", "schematic", "schematic"),
    ("generate", "matching.json", "report/matching.json"),
    ("drc", "drc_native.lyrdb", "report/drc_native.lyrdb"),
    ("drc", "drc_precheck.lyrdb", "report/drc_precheck.lyrdb"),
    ("drc", "drc_antenna.lyrdb", "report/drc_antenna.lyrdb"),
    ("drc", "drc_density.lyrdb", "report/drc_density.lyrdb"),
    ("lvs", "lvs.lvsdb", "report/lvs.lvsdb"),
    ("pex", "post_layout.spice", "pex/{name}.pex.spice"),
    ("pex", "nets.csv", "pex/{name}.nets.csv"),
    ("signoff", "report", "report"),
    ("signoff", "signoff.json", "signoff.json"),
    ("signoff", "chips.json", "chips.json"),
)
"""Step, file or folder in its folder, place in final/."""
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
    records = {step.name: read_done(runner.folder(step.name)) for step in runner.steps}
    keys = {name: done.key if done is not None else None for name, done in records.items()}
    key = sha256_json({"code": code_version(__name__), "steps": keys})
    metrics = all_metrics(runner)
    if finished(final, key):
        return metrics
    temporary = new_temporary(runner.out, FINAL)
    fill = {"name": runner.spec.name}
    for step, source, target in TAKEN:
        _copy(runner.folder(step) / source, temporary / target.format(**fill))
    for seed in runner.spec.chips.seeds:
        for step, name in PER_CHIP:
            _copy(runner.folder(step) / "chips" / str(seed) / name, temporary / "chips" / str(seed) / name)
    signoff = Signoff.from_json(json.loads((runner.folder("signoff") / "signoff.json").read_text(encoding="utf-8")))
    checks = _checks(runner)
    sarif.write(temporary / "report/checks.sarif", checks, f"gds/{runner.spec.name}.gds")
    steps = [step.name for step in runner.steps]
    junit.write(temporary / "junit.xml", runner.spec.name, signoff, metrics, steps, checks)
    atomic_write(temporary / "metrics.json", json.dumps(metrics, indent=1, sort_keys=True) + "\n")
    folders = [runner.folder(step.name) for step in runner.steps]
    record = manifest.make(runner.spec, folders, temporary)
    atomic_write(temporary / manifest.NAME, json.dumps(record, indent=1, sort_keys=True) + "\n")
    commit(temporary, final, key)
    return metrics


def _checks(runner: Runner) -> tuple[findings.Check, ...]:
    folders = {name: runner.folder(name) for name in ("drc", "lvs")}
    rules = json.loads((folders["drc"] / "rules.json").read_text(encoding="utf-8"))
    return findings.load(folders, rules, runner.spec.name)


def all_metrics(runner: Runner) -> dict[str, float]:
    """Every metric of every step, with run times and peak memory."""
    metrics: dict[str, float] = {}
    for step in runner.steps:
        folder = runner.folder(step.name)
        metrics |= read_metrics(folder) | read_metrics(folder, RESOURCES)
    return metrics


def _copy(source: Path, target: Path) -> None:
    if not source.exists():
        raise ToolError(f"{source}: was not made, so the run cannot be published; this is a fault of somaforge")
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)
