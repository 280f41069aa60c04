"""Iris on many virtual chips without a circuit simulator: what the training recipe is worth before a run.

    python bench/iris_chips.py --chips 100            the sign-off split (every fifth flower held out)
    python bench/iris_chips.py --chips 20 --folds     all five splits
    python bench/iris_chips.py --chips 20 --folds --plain     features scaled to 0..1 without inverting the lengths

A chip is a table of the nominal cell (ngspice, foundry models, every code from 0.1 nA to 1 uA), times the current error
of each unit mirror, exp(shift / slope), with the foundry's threshold mismatch and the slope of the rail voltage over
the logarithm of the current at 100 nA. Switches, drain voltages and wiring have no mismatch here. Characterization is
replaced by the true slopes with an error of 2 %.
"""

import argparse
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

from somaforge.flow import datasets
from somaforge.flow.datasets.iris import flowers
from somaforge.flow.learning import training
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.measure import cells
from somaforge.generator.address import Codes
from somaforge.generator.design import Design, build
from somaforge.generator.spec import load_spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.sky130.mismatch import sigma_vth_V

SLOPE_ERROR = 0.02
"""Of a measured slope: ten paths of full-code synapses with 5 % each."""


class Nominal:
    """The cell without mismatch."""

    def __init__(self, design: Design, full_scale_A: float) -> None:
        self.full, self.full_scale = design.weights.full_scale, full_scale_A
        self.table = cells.transfer(design, design.spec.at)
        self.gains = self.table.outputs_A / self.table.inputs_A
        self.gains[self.full] = 0.0  # code 0: leakage
        self.log = np.log(self.table.inputs_A)
        at = int(np.argmin(np.abs(self.table.inputs_A - 1e-7)))
        slopes = {
            "n": np.gradient(self.table.rail_n_V, self.log)[at],
            "p": -np.gradient(self.table.rail_p_V, self.log)[at],
        }
        unit = design.sizes.unit
        names = {"n": design.pdk.device("n", "standard").name, "p": design.pdk.device("p", "standard").name}
        self.error = {k: float(sigma_vth_V(names[k], unit.w, unit.l) / slopes[k]) for k in names}
        """Relative current error (one sigma) of one unit mirror."""

    def gain(self, codes: Codes, current: Floats) -> Floats:
        """Nominal gain [patterns, rows, columns] at soma currents [patterns, rows]."""
        out = np.empty((*current.shape, codes.shape[1]))
        log = np.log(np.maximum(current, self.table.inputs_A[0]))
        for r, c in np.ndindex(codes.shape):
            out[:, r, c] = np.interp(log[:, r], self.log, self.gains[codes[r, c] + self.full])
        return out


class Chip:
    """One chip with mismatch in every unit mirror."""

    def __init__(self, seed: int, nominal: Nominal, layers: tuple[int, ...], multiplier: int) -> None:
        draw, self.nominal = np.random.default_rng(seed), nominal
        n, p = nominal.error["n"], nominal.error["p"]
        soma_n, soma_p = n / multiplier**0.5, p / multiplier**0.5

        def factor(sigma: float, *shape: int) -> Floats:
            return np.exp(sigma * draw.standard_normal(shape))

        self.soma = [factor(soma_n, k) * factor(soma_n, k) * factor(soma_p, k) for k in layers]
        self.negative = [factor(soma_p, k) * factor(soma_n, k) for k in layers]
        shapes = list(pairwise(layers))
        self.p_units = [factor(p, *s, nominal.full) for s in shapes]
        self.n_units = [factor(n, *s, nominal.full) for s in shapes]
        self.output = factor(p, layers[-1])
        self.measured = [factor(SLOPE_ERROR, k) for k in layers]

    def run(self, codes: tuple[Codes, ...], x: Floats) -> Floats:
        """Output currents [A, patterns x outputs] for patterns [patterns, features] from 0 to 1."""
        current = np.zeros((len(x), codes[0].shape[0]))
        current[:, : x.shape[1]] = x * self.nominal.full_scale
        for m, code in enumerate(codes):
            rail = current * self.soma[m]
            gain = self.nominal.gain(code, rail) * self._synapses(m, code)
            current = np.maximum((gain * rail[:, :, None]).sum(axis=1), 0.0)
        rail = current * self.soma[-1]
        unit = self.nominal.gain(np.ones((rail.shape[1], 1), dtype=np.int64), rail)[:, :, 0]
        out: Floats = rail * unit * self.output
        return out

    def _synapses(self, m: int, code: Codes) -> Floats:
        """Relative strength of each weight: the mean of its unit mirrors, and the row's n rail."""
        magnitude = np.abs(code)
        number = np.arange(1, self.nominal.full + 1)
        # Mirror k has the units 2^k .. 2^(k+1)-1, so unit i belongs to bit floor(log2 i).
        on = (magnitude[..., None] >> np.floor(np.log2(number)).astype(int)) & 1
        units = np.where(code[..., None] < 0, self.n_units[m], self.p_units[m])
        mean = (on * units).sum(axis=-1) / np.maximum(magnitude, 1)
        out: Floats = np.where(code < 0, mean * self.negative[m][:, None], mean)
        return out

    def calibration(self, bits: int) -> Calibration:
        """What characterization would find."""
        top = self.nominal.full_scale
        near = int(np.argmin(np.abs(self.nominal.table.inputs_A - top)))
        gain = self.nominal.gains[:, near]
        low = int(np.argmin(np.abs(self.nominal.table.inputs_A - top / 10)))
        exponent = 1.0 + np.log(gain[-1] / self.nominal.gains[-1, low]) / np.log(10.0)
        scale = [0.25 * s * e for s, e in zip(self.soma, self.measured, strict=True)]
        scale[-1] = scale[-1] * self.output
        full = self.nominal.full
        return Calibration(
            tuple(tuple(map(float, s)) for s in scale),
            tuple((0.0,) * len(s) for s in scale),
            tuple(float(-gain[0] / gain[-1] * b.mean()) for b in self.negative[:-1]),
            (0.0, *(float(full * gain[full + c] / gain[-1]) for c in range(1, 2**bits))),
            (top,),
            float(exponent),
        )


def main() -> None:
    """Print one line per split."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chips", type=int, default=100)
    parser.add_argument("--folds", action="store_true", help="all five splits instead of the sign-off split")
    parser.add_argument("--plain", action="store_true", help="do not invert the lengths")
    options = parser.parse_args()
    spec = load_spec(Path(__file__).parents[1] / "examples" / "iris.yaml")
    design = build(spec)
    nominal = Nominal(design, datasets.load("iris").full_scale(spec.input))
    print(f"one unit mirror: {nominal.error['n']:.3f} (n), {nominal.error['p']:.3f} (p)")
    for fold in range(5) if options.folds else (4,):
        data = flowers(fold, inverted=not options.plain)
        start, right, train, model = time.monotonic(), [], [], []
        for seed in range(options.chips):
            chip = Chip(seed, nominal, design.layers, spec.array.mirror.multiplier)
            weights = training.train(spec, data, chip.calibration(spec.array.bits))
            classes = len(data.classes)
            right.append(int((chip.run(weights.codes, data.test_x)[:, :classes].argmax(axis=1) == data.test_y).sum()))
            train.append((chip.run(weights.codes, data.train_x)[:, :classes].argmax(axis=1) == data.train_y).mean())
            model.append(weights.train_accuracy)
        count = np.array(right)
        print(
            f"fold {fold}: test {count.mean() / len(data.test_y):.4f} (30 of 30: {np.mean(count == 30):.2f}, "
            f"29 or more: {np.mean(count >= 29):.2f}, worst {count.min()}), train {np.mean(train):.4f}, model on train "
            f"{np.mean(model):.4f}, {(time.monotonic() - start) / options.chips:.1f} s per chip",
            flush=True,
        )


if __name__ == "__main__":
    main()
