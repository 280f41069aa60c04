"""Array engine against ngspice, side by side: error, speed, cost over size, and the limit that device evaluations set.

    python bench/engine.py [--reference 49-20-10] [--sizes 20-20-10,...] [--many 196-100-50-10:10000] [--patterns 10]

Writes bench/results/engine.json. The reference is the staircase of flow.engines.ngspice: a pattern starts from the
solution of the one before, which is the best starting point that there is for ngspice; `marginal` is the time that one
more pattern takes there, without the cold start.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.array import ArrayEngine
from somaforge.flow.engines.array.device import Branch, Device
from somaforge.flow.engines.base import DcResult, ProgrammedChip
from somaforge.flow.engines.ngspice import NgspiceEngine
from somaforge.generator.design import build
from somaforge.generator.spec import parse_spec
from somaforge.pdk.files import atomic_write

RESULT = Path(__file__).parent / "results" / "engine.json"
INPUT_A = 45e-9
"""Mean input current of the paper's faster operating point."""
MEAN_GAIN, UNIT_GAIN, SPREAD = 1.0, 0.3, 1.5
"""Mean current into a soma over the mean one of the layer before; of one unit; standard deviation of the codes."""
SIZES = "25-25-15,50-40-20,100-60-30,196-100-50-10"
EVALUATIONS = 11
"""Transistor groups of a 3-bit synapse that a Newton step evaluates: 3 p, 3 n, 3 switches, 2 sign switches."""


def chip_of(layers: tuple[int, ...], seed: int = 1) -> ProgrammedChip:
    """A chip with mismatch and weights like trained ones: small codes, currents of one order in all layers."""
    spec = parse_spec(
        {
            "name": "bench",
            "array": {"layers": [max(n, 4) for n in layers]},
            "network": {"layers": [4, *([4] * (len(layers) - 2)), 3]},
            "input": {"mean_A": INPUT_A},
            "chips": {"seeds": [seed]},
        },
        "bench",
    )
    design = build(spec.model_copy(update={"array": spec.array.model_copy(update={"layers": layers})}))
    flat, draw = design.flat, np.random.default_rng(seed)
    codes = tuple(
        np.clip(np.rint(draw.normal(MEAN_GAIN / UNIT_GAIN / shape[0], SPREAD, shape)), -7, 7).astype(np.int64)
        for shape in pairwise(layers)
    )
    return ProgrammedChip(design, flat, codes, VirtualChip(seed).shifts(flat, design.pdk))


def patterns(count: int, inputs: int) -> np.ndarray:
    """Sparse like images: half of the inputs are dark."""
    draw = np.random.default_rng(7)
    return 2 * INPUT_A * draw.random((count, inputs)) * (draw.random((count, inputs)) < 0.5) * 2


def errors(found: DcResult, reference: DcResult) -> np.ndarray:
    """Relative errors of output currents above 1 % of full scale."""
    above = reference.outputs > 0.01 * reference.outputs.max()
    return np.abs(found.outputs / reference.outputs - 1)[above]


@contextmanager
def counted() -> Iterator[list[int]]:
    """Counts device evaluations."""
    total, original = [0], Device.__call__

    def call(self: Device, gate: torch.Tensor, drain: torch.Tensor, source: torch.Tensor) -> Branch:
        total[0] += torch.broadcast_shapes(gate.shape, drain.shape, source.shape).numel()
        return original(self, gate, drain, source)

    Device.__call__ = call  # type: ignore[method-assign]
    try:
        yield total
    finally:
        Device.__call__ = original  # type: ignore[method-assign]


def evaluation_rate(engine: ArrayEngine, chip: ProgrammedChip) -> float:
    """Evaluations per second of the n mirror's table alone, in tensors of the engine's size and range."""
    one = engine.device(engine.places(chip).kinds(chip).n_mirror[0])
    draw = torch.Generator().manual_seed(1)
    gate, drain, source = (
        low + span * torch.rand(30_000, dtype=torch.float64, generator=draw)
        for low, span in ((0.45, 0.2), (0.4, 0.3), (0.0, 0.01))
    )
    one(gate, drain, source)
    start, rounds = time.perf_counter(), 40
    for _ in range(rounds):
        one(gate, drain, source)
    return rounds * len(gate) / (time.perf_counter() - start)


def sizes_of(text: str) -> tuple[int, ...]:
    return tuple(int(n) for n in text.split("-"))


def against_ngspice(engine: ArrayEngine, layers: tuple[int, ...], count: int) -> dict[str, Any]:
    """Error and time on the same chip and patterns."""
    chip = chip_of(layers)
    inputs = patterns(count, layers[0])
    short = NgspiceEngine(timeout_s=1800).dc(chip, inputs[:2])
    reference = NgspiceEngine(timeout_s=1800).dc(chip, inputs)
    marginal = (reference.effort.seconds - short.effort.seconds) / (count - 2)
    engine.dc(chip, inputs[:1])  # tables
    one = min(engine.dc(chip, x[None]).effort.seconds for x in inputs[:5])
    found = engine.dc(chip, inputs)
    wrong = errors(found, reference)
    return {
        "layers": list(layers),
        "synapses": chip.design.synapse_count,
        "patterns": count,
        "dc_speedup__ngspice__ratio": marginal / one,
        "dc_speedup__ngspice_cold__ratio": short.effort.seconds / one,
        "dc_speedup__ngspice_batch__ratio": reference.effort.seconds / found.effort.seconds,
        "engine__current_error_p50__ratio": float(np.median(wrong)),
        "engine__current_error_max__ratio": float(wrong.max()),
        "engine__supply_error_max__ratio": float(np.abs(found.supply / reference.supply - 1).max()),
        "engine__currents__count": len(wrong),
        "ngspice_two_patterns__s": short.effort.seconds,
        "ngspice_all_patterns__s": reference.effort.seconds,
        "ngspice_marginal_pattern__s": marginal,
        "array_one_pattern__s": one,
        "array_all_patterns__s": found.effort.seconds,
    }


def over_size(engine: ArrayEngine, layers: tuple[int, ...]) -> dict[str, Any]:
    """Time of one pattern, and how much of it device evaluations need."""
    chip = chip_of(layers)
    inputs = patterns(3, layers[0])
    engine.dc(chip, inputs[:1])
    seconds = min(engine.dc(chip, x[None]).effort.seconds for x in inputs)
    rate = evaluation_rate(engine, chip)
    with counted() as total:
        engine.dc(chip, inputs[:1])
    live = sum(int((c != 0).sum()) for c in chip.codes)
    return {
        "layers": list(layers),
        "synapses": chip.design.synapse_count,
        "live_synapses": live,
        "array_one_pattern__s": seconds,
        "device_evaluations": total[0],
        "newton_rounds": total[0] / (live * EVALUATIONS),
        "device_evaluations__per_s": total[0] / seconds,
        "device_evaluations_limit__per_s": rate,
        "limit__s": total[0] / rate,
        "share_of_limit": total[0] / rate / seconds,
    }


def many(engine: ArrayEngine, layers: tuple[int, ...], count: int) -> dict[str, Any]:
    """A whole test set on one chip by surfaces, and the error against the exact solution."""
    chip = chip_of(layers)
    inputs = patterns(count, layers[0])
    engine.dc(chip, inputs[:1])
    found = engine.dc(chip, inputs)
    exact = engine.dc(chip, inputs[:10])
    first = DcResult(found.outputs[:10], found.supply[:10], found.unsettled[:10], found.effort)
    wrong = errors(first, exact)
    return {
        "layers": list(layers),
        "patterns": count,
        "method": list(found.effort.attempts),
        "array_all_patterns__s": found.effort.seconds,
        "array_pattern__s": found.effort.seconds / count,
        "surface_error_p50__ratio": float(np.median(wrong)),
        "surface_error_max__ratio": float(wrong.max()),
    }


def main() -> None:
    """Runs and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", default="49-20-10", type=sizes_of)
    parser.add_argument("--patterns", default=10, type=int)
    parser.add_argument("--sizes", default=SIZES)
    parser.add_argument("--many", default="196-100-50-10:10000")
    options = parser.parse_args()
    engine = ArrayEngine()
    layers, _, count = options.many.partition(":")
    found = against_ngspice(engine, options.reference, options.patterns)
    result: dict[str, Any] = {
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
        **{key: value for key, value in found.items() if "__ratio" in key},
        "reference": found,
        "sizes": [],
    }
    _write(result)  # after every part: a benchmark that is stopped leaves what it has measured
    for text in options.sizes.split(","):
        result["sizes"].append(over_size(engine, sizes_of(text)))
        _write(result)
    result["many"] = many(engine, sizes_of(layers), int(count))
    _write(result)
    print(json.dumps(result, indent=1))


def _write(result: dict[str, Any]) -> None:
    atomic_write(RESULT, json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
