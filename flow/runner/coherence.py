"""Whether the finished steps of a run folder belong to one spec and to each other: only then is there a verdict.

A step wrote down the spec that it ran with and the SHA-256 of every file that it read (config.json, which its own
record vouches for). Two specs are the same to a step if they agree in what its result depends on.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from somaforge.flow.machinery.base import Step, everything
from somaforge.flow.machinery.store import CONFIG, Done, read_done, vouched
from somaforge.generator.spec import Spec, parse_spec
from somaforge.pdk.errors import InputError, SomaforgeError
from somaforge.pdk.json_file import parse_json


def require(folders: Mapping[str, Path], spec: Spec, steps: Mapping[str, Step]) -> None:
    """InputError with the first step that does not belong to this run."""
    for folder, problem in problems(folders, spec, steps):
        raise InputError(f"{folder}: {problem}, so there is no verdict; run somaforge run again")


def problems(folders: Mapping[str, Path], spec: Spec, steps: Mapping[str, Step]) -> Iterator[tuple[Path, str]]:
    """Every folder (by step name, in order) that is not what `spec` and the other folders ask for, and why."""
    records = {name: read_done(folder) for name, folder in folders.items()}
    for name, folder in folders.items():
        done = records[name]
        if done is None or not done.whole(folder):
            yield folder, "is not a finished step, or has changed since"
            continue
        try:
            config = parse_json(vouched(folder, CONFIG))
            problem = _foreign(config["spec"], spec, steps.get(name)) or _unlinked(config["inputs"], records)
        except (ValueError, KeyError, TypeError, AttributeError):
            problem = "was made by a version of somaforge that did not write down what it read"
        if problem:
            yield folder, problem


def _foreign(recorded: Mapping[str, Any], spec: Spec, step: Step | None) -> str:
    """Why a step that ran with the recorded spec does not belong to `spec`; "" if it does."""
    ours = spec.model_dump(mode="json")
    if recorded == ours:
        return ""
    differ = ", ".join(key for key in ours if recorded.get(key) != ours[key])
    if step is not None:
        try:
            other = parse_spec(recorded, step.name, spec.folder)
            if _same(step, other, spec):
                return ""
        except SomaforgeError as error:
            return f"was made for a spec that cannot be read any more ({error})"
    return f"was made for another spec (other {differ or 'keys'})"


def _same(step: Step, one: Spec, other: Spec) -> bool:
    try:
        return step.config(one) == step.config(other)
    except SomaforgeError:  # the files of a data set are not on this machine
        return everything(one) == everything(other)


def _unlinked(inputs: Mapping[str, Mapping[str, str]], records: Mapping[str, Done | None]) -> str:
    """The first file that the step read and that is another one now; "" if there is none."""
    for name, files in inputs.items():
        done = records.get(name)
        for file, sha256 in files.items():
            if done is None or file not in done.files or done.files[file].sha256 != sha256:
                return f"was made from another {name}/{file}"
    return ""
