"""Adaptive presentation of MNIST: patterns that end when their decision looks safe, beside one fixed time for all.

    somaforge run examples/mnist.yaml --out runs/mnist --skip drc --until program
    python bench/adaptive.py examples/mnist.yaml runs/mnist [--chips 10]

Every chip of the run shows its timed patterns as in step evaluate (array engine, extracted wires). The rule is chosen
on half of every chip's patterns and judged on the other half, and the other way round; the fixed time likewise. What is
kept of the waveforms stands in RUN-adaptive, so that a later call goes on where this one was stopped.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from programmed import folder

from somaforge.flow import datasets
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.machinery.inputs import Inputs
from somaforge.flow.measure.adaptive import Shown, Waves, choose, fixed
from somaforge.flow.measure.evaluate import in_turn, pad_inputs, spent
from somaforge.flow.memory import leakage
from somaforge.flow.steps.chip import Job, currents, programmed
from somaforge.flow.steps.evaluate import codes_of, timed_patterns
from somaforge.generator.spec import Spec, load_spec
from somaforge.pdk.files import atomic_path, atomic_write

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench/results/adaptive.json"
POINTS = 400
SHARES = (0.98, 0.99)


def shown(spec: Spec, run: Path, seed: int) -> Waves:
    """Waveforms of one chip's timed patterns."""
    data, period = datasets.load(spec.network.dataset), spec.evaluation.pattern_time_s
    job = Job(spec, seed, Inputs({name: folder(run, name) for name in ("pex", "drivers", "program")}, {}))
    chip = programmed(job, codes_of(job))
    chosen = np.array(timed_patterns(job, len(data.test_y)))
    chosen = chosen[in_turn(data.test_y[chosen])]
    inputs = pad_inputs(chip, currents(job, data.test_x[chosen]))
    engine, classes = ArrayEngine(), spec.network.layers[-1]
    found = engine.transient(chip, np.concatenate([inputs[-1:], inputs]), period)
    rest = engine.dc(chip, inputs).outputs[:, :classes].argmax(axis=1)
    leaking_W = leakage.of_chip(chip).total_W
    time, outputs, energy = period * np.arange(1, POINTS + 1) / POINTS, [], []
    for pattern in range(1, len(inputs) + 1):
        window = found.window(pattern)
        now, used = spent(found, window, chip.at.supply_V, leaking_W)
        outputs.append(np.stack([np.interp(time, now, c) for c in found.outputs[window, :classes].T], axis=1))
        energy.append(np.interp(time, now, used))
    return Waves(time, np.array(outputs), np.array(energy), rest, data.test_y[chosen])


def kept(spec: Spec, run: Path, seed: int) -> Waves:
    """The same, from a call before if it is there."""
    path = run.with_name(f"{run.name}-adaptive") / f"{seed}.npz"
    names = ("time", "outputs", "energy", "rest", "labels")
    if not path.is_file():
        waves = shown(spec, run, seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as beside:
            np.savez_compressed(beside, allow_pickle=False, **{name: getattr(waves, name) for name in names})
    with np.load(path, allow_pickle=False) as data:
        return Waves(*(data[name] for name in names))


def halves(chips: list[Waves], share: float) -> dict[str, Any]:
    """Means of both ways to choose on one half and judge on the other."""
    parts = [Waves.joined([w.of(slice(k, None, 2)) for w in chips]) for k in (0, 1)]
    ways: dict[str, list[Shown]] = {"fixed": [], "adaptive": []}
    rules = []
    for chosen, judged in (parts, parts[::-1]):
        rules.append(choose(chosen, share))
        ways["adaptive"].append(Shown.of(judged, rules[-1].stops(judged)))
        ways["fixed"].append(Shown.of(judged, np.full(len(judged.rest), fixed(chosen, share)[0])))
    found: dict[str, Any] = {
        name: {key: float(np.mean([asdict(s)[key] for s in both])) for key in asdict(both[0])}
        for name, both in ways.items()
    }
    found["saved"] = 1 - found["adaptive"]["energy_J"] / found["fixed"]["energy_J"]
    return found | {"share": share, "rules": [asdict(rule) for rule in rules]}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("spec", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--chips", type=int, default=10)
    arguments = parser.parse_args()
    spec = load_spec(arguments.spec)
    chips = []
    for seed in spec.chips.seeds[: arguments.chips]:
        chips.append(kept(spec, arguments.run, seed))
        print(f"chip {seed}: {len(chips[-1].labels)} patterns", flush=True)
    found = {
        "chips": len(chips),
        "patterns": sum(len(w.labels) for w in chips),
        "law": spec.chips.law,
        "pattern_time_s": spec.evaluation.pattern_time_s,
        "ways": [halves(chips, share) for share in SHARES],
    }
    print(json.dumps(found, indent=1))
    atomic_write(RESULTS, json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
