"""What mismatch costs, and what measuring it and paying for it in area are worth: virtual chips of the schematic.

    SOMAFORGE_DATA=../shared/data python bench/learning.py --chips 2 --patterns 1000 --epochs 4 --ideal-epochs 20
    SOMAFORGE_DATA=../shared/data python bench/learning.py --data fsdd --chips 10 --patterns 0
    python bench/learning.py --plot        draws docs/images/learning.png from bench/results/learning.json again

For every chip, law of mismatch and unit mirror: three networks, `blind` (the ideal one), `slopes` (trained for the
chip's slopes), `synapses` (trained for the strength of every bit of every synapse), each with the array engine's chip
on the first test images. Every result is written when it is there, and a later call goes on where this one was stopped.
The ideal network is trained once, by the recipe of the data's example (--ideal-epochs: fewer, one start, no teacher),
and kept in the user's cache folder. Spoken digits (fsdd) are done for the example's own unit mirror only.
Chips are measured by a perfect tester: bench/tester.py says what another costs.
"""

import argparse
import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from somaforge.flow import datasets
from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.learning import check, minibatch, strengths, training
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.characterize import characterize
from somaforge.flow.learning.tester import Bench
from somaforge.generator.design import Design, build
from somaforge.generator.spec import Spec, load_spec
from somaforge.pdk.files import atomic_write
from somaforge.pdk.models import Law

ROOT = Path(__file__).parents[1]
RESULTS = {"mnist": ROOT / "bench/results/learning.json", "fsdd": ROOT / "bench/results/learning-fsdd.json"}
EXAMPLES = {"mnist": ROOT / "examples/mnist.yaml", "fsdd": ROOT / "examples/spoken-digits.yaml"}
PLOT = ROOT / "docs/images/learning.png"
UNITS = {"mnist": ((0.42, 0.36), (0.42, 0.54), (0.84, 0.79), (1.68, 1.58)), "fsdd": ((0.84, 0.79),)}
LAWS: tuple[Law, ...] = ("continuous", "subthreshold")
METHODS = ("blind", "slopes", "synapses")
TICKS = (2, 3, 5, 10, 20, 50)


@dataclass(frozen=True)
class Case:
    """One chip with one size of unit mirrors."""

    spec: Spec
    design: Design
    seed: int

    @classmethod
    def of(cls, base: Spec, unit: tuple[float, float], seed: int, law: Law | None = None) -> "Case":
        mirror = base.array.mirror.model_copy(update={"w_um": unit[0], "l_um": unit[1]})
        chips = base.chips.model_copy(update={"law": law or base.chips.law})
        array = base.array.model_copy(update={"mirror": mirror})
        spec = base.model_copy(update={"array": array, "chips": chips})
        return cls(spec, build(spec), seed)

    def chip(self, codes: tuple[np.ndarray, ...] | None = None) -> ProgrammedChip:
        drawn = VirtualChip.of(self.spec.chips, self.seed)
        return drawn.programmed(self.design, self.design.flat_without_memory, codes)


def short(spec: Spec, ideal_epochs: int | None, epochs: int | None) -> Spec:
    """With fewer epochs of the ideal network (one start, no teacher) and of each chip, where they are given."""
    ours: dict[str, int] = {}
    if ideal_epochs is not None:
        ours |= {"epochs": ideal_epochs, "restarts": 1, "teacher": 0}
    if epochs is not None:
        ours["chip_epochs"] = epochs
    return spec.model_copy(update={"training": spec.training.model_copy(update=ours)})


def ideal(spec: Spec, data: datasets.Dataset, given: Path | None) -> minibatch.Shadow:
    """The ideal network before rounding: given, kept from an earlier call, or trained now."""
    kept = Path(platformdirs.user_cache_dir("somaforge")) / f"learning-{fingerprint(spec)}.npz"
    if given is None and not kept.is_file():
        trained = minibatch.pretrain(spec, data, progress=lambda a, b: print(f"ideal network: {a} of {b}", flush=True))
        kept.parent.mkdir(parents=True, exist_ok=True)
        trained.shadow.save(kept)
    return minibatch.Shadow.load(given or kept)


def fingerprint(spec: Spec) -> str:
    """Of what the ideal network depends on."""
    parts = spec.model_dump(mode="json", include={"network", "training", "array"})
    training_of = {k: v for k, v in parts["training"].items() if not k.startswith("chip_")}
    wanted = json.dumps(parts | {"training": training_of}, sort_keys=True)
    return hashlib.sha256(wanted.encode()).hexdigest()[:16]


def codes_of(shadow: minibatch.Shadow) -> tuple[np.ndarray, ...]:
    """Rounded."""
    return tuple(v.round().numpy().astype(np.int64) for v in shadow.values)


def highest_of(case: Case) -> float:
    """Input current of the characterization in A; the examples that are benched name it."""
    assert case.spec.characterization.current_A is not None
    return case.spec.characterization.current_A


def calibrations(case: Case, engine: ArrayEngine) -> dict[str, tuple[Calibration, int, float]]:
    """By method: calibration, patterns measured, seconds."""
    slopes = characterize(engine, case.chip(), highest_of(case))
    whole = strengths.measure(engine, case.chip(), slopes.calibration, highest_of(case))
    return {
        "slopes": (slopes.calibration, slopes.patterns, slopes.seconds),
        "synapses": (whole.calibration, slopes.patterns + whole.patterns, slopes.seconds + whole.seconds),
    }


def results(
    case: Case, data: datasets.Dataset, start: minibatch.Shadow, patterns: int, methods: Sequence[str]
) -> list[dict[str, Any]]:
    """One entry per method."""
    engine, found = ArrayEngine(), []
    known = calibrations(case, engine)
    right = known["synapses"][0]
    x = data.to_currents(data.test_x, case.spec.input)
    for method in methods:
        begin = time.process_time()
        calibration = known[method][0] if method in known else right
        if method == "blind":
            codes = codes_of(start)
        else:
            codes = minibatch.fine_tune(case.spec, data, calibration, start).weights.codes
        entry: dict[str, Any] = {
            "w_um": case.spec.array.mirror.w_um,
            "l_um": case.spec.array.mirror.l_um,
            "synapse_um2": synapse_area(case.design),
            "law": case.spec.chips.law,
            "chip": case.seed,
            "method": method,
            "measured_patterns": known[method][1] if method in known else 0,
            "training_cpu_s": round(time.process_time() - begin, 1),
            "model_accuracy": training.model_accuracy(calibration, codes, x, data.test_y),
            "measured_model_accuracy": training.model_accuracy(right, codes, x, data.test_y),
        }
        if method in known:
            entry["model_error"] = check.error(Bench(engine), case.chip(), calibration, highest_of(case))
        if patterns:
            outputs = engine.dc(case.chip(codes), x[:patterns]).outputs
            winners = np.where(outputs.max(axis=1) > 0, outputs.argmax(axis=1), -1)
            entry["chip_accuracy"] = float((winners == data.test_y[:patterns]).mean())
            entry["patterns"] = patterns
        print(json.dumps(entry), flush=True)
        found.append(entry)
    return found


def unit_of(text: str) -> tuple[float, float]:
    """W and L in um."""
    w, _, length = text.partition("/")
    return float(w), float(length)


def synapse_area(design: Design) -> float:
    """Channel area of the mirrors of one synapse in um2: what mismatch is paid with."""
    unit = design.sizes.unit
    return 2 * design.weights.full_scale * unit.w * unit.l * 1e-6


def plot(entries: list[dict[str, Any]]) -> None:
    """Errors of the chips over the area of a synapse's mirrors: a panel for each law, a line for each method."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    key = "chip_accuracy" if all("chip_accuracy" in e for e in entries) else "measured_model_accuracy"
    laws = list(dict.fromkeys(e["law"] for e in entries))
    figure, panels = pyplot.subplots(
        1, len(laws), figsize=(4.6 * len(laws), 3.8), sharex=True, sharey=True, squeeze=False
    )
    spots = sorted({e["synapse_um2"] for e in entries})
    for law, axes in zip(laws, panels[0], strict=True):
        for method, marker in zip(METHODS, "xso", strict=True):
            chosen = [e for e in entries if (e["method"], e["law"]) == (method, law) and key in e]
            areas = sorted({e["synapse_um2"] for e in chosen})
            means = [100 * (1 - np.mean([e[key] for e in chosen if e["synapse_um2"] == a])) for a in areas]
            axes.plot(areas, means, marker=marker, label=method)
        axes.set(title=law, xlabel="channel area of one synapse's mirrors / um²", xscale="log", yscale="log")
        axes.set_yticks(TICKS, [f"{t:g}" for t in TICKS])
        axes.set_xticks(spots, [f"{t:.1f}" for t in spots])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    panels[0][0].set_ylabel("test images wrong / %")
    panels[0][0].legend(title="trained for")
    figure.tight_layout()
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(PLOT, dpi=130)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=sorted(RESULTS), default="mnist")
    parser.add_argument("--chips", type=int, default=1)
    parser.add_argument("--patterns", type=int, default=1000, help="test images on the array engine; 0: model only")
    parser.add_argument("--laws", nargs="*", choices=LAWS, default=LAWS)
    parser.add_argument("--units", nargs="*", type=unit_of, help="0.42/0.36 and so on, instead of all of the data set")
    parser.add_argument("--methods", nargs="*", choices=METHODS, default=METHODS)
    parser.add_argument("--epochs", type=int, help="for each chip, instead of the example's")
    parser.add_argument("--ideal-epochs", type=int, help="of the ideal network, instead of the example's recipe")
    parser.add_argument("--ideal", type=Path, help="ideal network (shadow.npz of a run; else trained)")
    parser.add_argument("--plot", action="store_true")
    wanted = parser.parse_args()
    path = RESULTS[wanted.data]
    kept: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {"results": []}
    # results from before the law was a key had the matching constants alone
    entries: list[dict[str, Any]] = [{"law": "pelgrom", **entry} for entry in kept["results"]]
    if not wanted.plot:
        spec = short(load_spec(EXAMPLES[wanted.data]), wanted.ideal_epochs, wanted.epochs)
        data = datasets.load(wanted.data)
        start = ideal(spec, data, wanted.ideal)
        perfect = Calibration.ideal(spec.array.layers, spec.array.bits)
        best = training.model_accuracy(perfect, codes_of(start), data.test_x, data.test_y)
        epochs, mirror = spec.training.chip_epochs, spec.array.mirror
        recipe = "" if wanted.ideal_epochs is None else f" --ideal-epochs {wanted.ideal_epochs}"
        head = {
            "arguments": f"--data {wanted.data} --chips {wanted.chips} --patterns {wanted.patterns} "
            f"--epochs {epochs}{recipe}",
            "ideal_accuracy": best,
            "chip_epochs": epochs,
            "units_of_somas": [mirror.input_units, mirror.multiplier],
        }
        recipe_of = ("ideal_accuracy", "chip_epochs", "units_of_somas")
        if any(kept.get(key) != head[key] for key in recipe_of):
            entries = []  # of another recipe: not to be compared with what comes
        units = wanted.units or UNITS[wanted.data]
        for seed, unit, law in product(range(1, wanted.chips + 1), units, wanted.laws):
            done = [e["method"] for e in entries if (e["w_um"], e["l_um"], e["chip"], e["law"]) == (*unit, seed, law)]
            left = [method for method in wanted.methods if method not in done]
            if left:
                entries += results(Case.of(spec, unit, seed, law), data, start, wanted.patterns, left)
                entries.sort(key=lambda e: (e["chip"], e["w_um"], e["l_um"]))
                atomic_write(path, json.dumps({**head, "results": entries}, indent=1) + "\n")
    if wanted.data == "mnist":
        plot(entries)


if __name__ == "__main__":
    main()
