"""Where parts find what was measured before: results of the benches, the published folder of a finished run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from somaforge.pdk.errors import InputError
from somaforge.pdk.json_file import read_json


def kept(folder: Path, name: str) -> dict[str, Any] | None:
    """An object of the benches' results; None if that bench has none. InputError if the file is damaged."""
    path = folder / name
    return _object(path) if path.is_file() else None


def _object(path: Path) -> dict[str, Any]:
    try:
        found = read_json(path)
    except ValueError as error:
        raise InputError(f"{path}: no JSON ({error}); make it again") from None
    if not isinstance(found, dict):
        raise InputError(f"{path}: no JSON object; make it again")
    return found


@dataclass(frozen=True)
class Finished:
    """What a finished run has published."""

    spec: Mapping[str, Any]
    metrics: Mapping[str, float]
    plots: Path

    @staticmethod
    def of(run: Path, dataset: str) -> "Finished":
        """InputError if `run` is not a finished run of that data set."""
        final = run / "final"
        if not (final / "metrics.json").is_file() or not (final / "report/plots").is_dir():
            raise InputError(f"--run {run}: not a finished run (no final/report); somaforge run makes one")
        config = next(iter(sorted(run.glob("[0-9][0-9]-signoff/config.json"))), None)
        if config is None:
            raise InputError(f"--run {run}: has no step signoff; somaforge run makes it")
        spec = _object(config)["spec"]
        if spec["network"]["dataset"] != dataset:
            raise InputError(f"--run {run}: a run of {spec['network']['dataset']}; give one of {dataset}")
        return Finished(spec, _object(final / "metrics.json"), final / "report/plots")

    def plot(self, name: str) -> dict[str, Any]:
        """The numbers behind a figure of its report; InputError if the report lacks it."""
        path = self.plots / f"{name}.json"
        if not path.is_file():
            raise InputError(f"{path}: not there; somaforge report writes it again")
        data: dict[str, Any] = _object(path)["data"]
        return data

    @property
    def about(self) -> dict[str, Any]:
        """What says which array, chips and training these are."""
        array, training = self.spec["array"], self.spec["training"]
        return {
            "array": array,
            "law": self.spec["chips"]["law"],
            "chips": len(self.spec["chips"]["seeds"]),
            "costs": {name: training[name] for name in ("close", "l1_synapses")},
        }
