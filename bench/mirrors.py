"""Speed and energy of one programmed chip with other mirrors: what unit size, soma and supply do.

    python bench/mirrors.py RUN

RUN is a run on the array engine, finished up to step program. Its first chip's weights run on
the same array with other devices: the first --patterns test images in time, at rest for the winners. The wires are
those of the run's own layout for every row, so that the devices alone differ. Results go to bench/results/mirrors.json
and are shown in docs/results.md (tools/results_doc.py).
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from tuning import step  # the benchmark beside this file

from somaforge.flow import datasets, pex
from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.measure.evaluate import evaluate
from somaforge.flow.measure.operating import speed_and_energy
from somaforge.flow.memory import bitfile
from somaforge.generator.design import build
from somaforge.generator.spec import Spec
from somaforge.pdk.files import atomic_write

RESULTS = Path(__file__).parents[1] / "bench" / "results" / "mirrors.json"


@dataclass(frozen=True)
class Choice:
    """One way to make the mirrors, and where they run."""

    w_um: float
    l_um: float
    multiplier: int
    """Units in M1 to M4 of a soma."""
    input_multiplier: int
    """Units in M0: a synapse's current is code / input_multiplier of the soma's input."""
    switch_w_um: float
    switch_l_um: float
    supply_V: float

    def spec(self, spec: Spec) -> Spec:
        """The spec with these devices at this supply."""
        mirror = spec.array.mirror.model_copy(
            update={
                "w_um": self.w_um,
                "l_um": self.l_um,
                "multiplier": self.multiplier,
                "input_multiplier": self.input_multiplier,
            }
        )
        switch = spec.array.switch.model_copy(update={"w_um": self.switch_w_um, "l_um": self.switch_l_um})
        array = spec.array.model_copy(update={"mirror": mirror, "switch": switch})
        return spec.model_copy(update={"array": array, "supply_V": self.supply_V})


CHOICES = (
    Choice(0.84, 0.79, 4, 4, 0.54, 0.54, 1.8),
    Choice(0.42, 0.54, 16, 16, 0.42, 0.35, 1.8),
    Choice(0.42, 0.36, 16, 16, 0.42, 0.35, 1.8),
    Choice(0.42, 0.36, 32, 16, 0.42, 0.35, 1.8),
    Choice(0.42, 0.36, 48, 16, 0.42, 0.35, 1.8),
    Choice(0.42, 0.36, 32, 12, 0.42, 0.35, 1.8),
    Choice(0.42, 0.36, 32, 16, 0.42, 0.35, 1.2),
)


def measure(run: Path, spec: Spec, choice: Choice, patterns: int, period_s: float) -> dict[str, object]:
    """One row."""
    seed = spec.chips.seeds[0]
    path = step(run, "program") / "chips" / str(seed) / "weights.bit"
    codes = bitfile.unpack(path.read_bytes(), build(spec), str(path))
    changed = choice.spec(spec)
    design = build(changed)
    flat = pex.read_lumped(step(run, "pex") / "lumped.json", design.flat_without_memory)
    chip = VirtualChip.of(spec.chips, seed).programmed(design, flat, codes)
    dataset = datasets.load(spec.network.dataset)
    currents = dataset.to_currents(dataset.test_x[:patterns], spec.input)
    classes = spec.network.layers[-1]
    rest = ArrayEngine().at_rest(chip, currents, surfaces=True)
    found = evaluate(ArrayEngine(), chip, currents, dataset.test_y[:patterns], period_s, classes, range(patterns))
    macs = sum(matrix.size for matrix in codes)
    layers = [float(layer.current.mean()) for layer in rest.layers]
    curves = speed_and_energy([found.to_json()], macs)
    figures = {name: value for name, value in curves.items() if not isinstance(value, list)}
    return {**asdict(choice), "law": spec.chips.law, "accuracy": found.accuracy, "layer_currents_A": layers, **figures}


def main() -> None:
    """Every choice; the table is written anew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--patterns", type=int, default=100)
    parser.add_argument("--time", type=float, default=60e-6, help="how long a pattern is applied, in s")
    options = parser.parse_args()
    config = json.loads((step(options.run, "program") / "config.json").read_text(encoding="utf-8"))
    spec, rows = Spec.model_validate_json(json.dumps(config["spec"])), []
    for choice in CHOICES:
        rows.append(measure(options.run, spec, choice, options.patterns, options.time))
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
        atomic_write(RESULTS, json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
