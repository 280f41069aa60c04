"""A chip of a run folder: behind a virtual board it must do what the run says of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from somaforge.flow.bench.chip import Known, tested
from somaforge.flow.bench.report import Row
from somaforge.flow.engines.base import Program
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.machinery.records import read_json
from somaforge.flow.machinery.store import CONFIG, read_done
from somaforge.flow.memory import bitfile
from somaforge.generator.design import build
from somaforge.generator.spec import Spec, parse_spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

STEPS = ("characterize", "program", "evaluate")


@dataclass(frozen=True, eq=False)
class RunChip:
    """What a run simulated for one of its chips."""

    spec: Spec
    seed: int
    calibration: Calibration
    codes: Program
    """Of its bitfile."""
    outputs: Floats
    """[patterns, outputs] in A at the end of each test pattern."""

    @classmethod
    def read(cls, folder: Path, seed: int | None = None) -> "RunChip":
        """Of that seed, by default the first. InputError if steps are missing or damaged, or there is no such chip."""
        places = {step: _place(folder, step) for step in STEPS}
        spec = parse_spec(read_json(places["characterize"] / CONFIG)["spec"], str(folder))
        which = spec.chips.seeds[0] if seed is None else seed
        if which not in spec.chips.seeds:
            seeds = ", ".join(map(str, spec.chips.seeds))
            raise InputError(f"{folder}: has no chip {which}; its chips are {seeds}")
        own = {step: place / "chips" / str(which) for step, place in places.items()}
        calibration, weights = own["characterize"] / "calibration.json", own["program"] / "weights.bit"
        return cls(
            spec,
            which,
            Calibration.from_json(calibration.read_text(encoding="utf-8"), str(calibration)),
            bitfile.unpack(weights.read_bytes(), build(spec), str(weights)),
            np.array(read_json(own["evaluate"] / "evaluation.json")["outputs_A"]),
        )

    def rows(self, found: Known) -> list[Row]:
        """The chip behind the board beside what the run says of it."""
        _, labels = tested(self.spec)
        winners = self.outputs[:, : self.spec.network.layers[-1]].argmax(axis=1)
        right = float((winners == labels).mean())
        listed = [Row("accuracy of this chip in the run, on its own weights", f"{right:.2%}", "simulated")]
        if found.calibration is not None:
            every, behind = self.slopes_away(found.calibration), self.slopes_away(found.calibration, 1)
            listed.append(Row("slopes against those of the run, rms", f"{every:.2%}", "measured"))
            listed.append(Row("the same without the inputs and their drivers", f"{behind:.2%}", "measured"))
        if found.compared:
            equal = sum(a == int(b) for a, b in zip(found.compared, winners, strict=True))
            told = f"{equal} of {len(winners)}"
            listed.append(Row("decisions on the run's weights that are the run's winners", told, "measured"))
        return listed

    def slopes_away(self, calibration: Calibration, first: int = 0) -> float:
        """RMS distance of ln slope from the run's, of layers from `first` on; one factor common to all is the reference
        current's. Slopes of inputs have their drivers' in them."""
        both = (calibration.slopes[first:], self.calibration.slopes[first:])
        mine, own = (np.log(np.concatenate([np.array(s) for s in slopes])) for slopes in both)
        return float(np.std(mine - own))


def _place(folder: Path, step: str) -> Path:
    """The finished folder of a step, whole."""
    found = sorted(folder.glob(f"[0-9][0-9]-{step}"))
    done = read_done(found[0]) if found else None
    if done is None:
        raise InputError(f"{folder}: has no finished step {step}; give a folder of somaforge run, run until evaluate")
    if not done.whole(found[0]):
        raise InputError(f"{found[0]}: is not what the run wrote; run it again")
    return found[0]
