"""Array engine against ngspice, side by side: error, speed, cost over size, and the limit that device evaluations set.

    python bench/engine.py                     the whole: minutes
    python bench/engine.py --quick             one small network: a minute on a quiet machine
    python bench/engine.py --parts sizes       one part; the others stay in the file, and so do sizes not in --sizes
    python bench/engine.py --rerun             long runs of ngspice anew, else those in results/engine_ngspice

Writes bench/results/engine.json. Seconds are processor time with one thread on both sides, so that other work on the
machine does not count; `wall` stands beside it. ngspice's operating point and transient are those of
engine_parts/reference.py, from the better of its two starts.
"""

import argparse
import json
import os
import platform
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from engine_parts.chips import chip_of, patterns, wired
from engine_parts.first import first
from engine_parts.in_time import in_time
from engine_parts.reference import FOLDER, PERIOD_S, measure
from engine_parts.timing import timed

from somaforge.flow.engines.array.device import Branch, Device
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.array.inner import Diode
from somaforge.flow.engines.array.synapse import Drive, Synapses
from somaforge.flow.engines.base import ProgrammedChip, TransientResult
from somaforge.flow.engines.error import current_error
from somaforge.pdk.files import atomic_write

RESULT = Path(__file__).parent / "results" / "engine.json"
SIZES = "25-25-15,50-40-20,100-60-30,196-100-50-10,400-200-100"
"""1,000 to 100,000 synapses."""
SWING = 0.02
"""Outputs whose change is smaller than this share of the largest current are not timed."""
EVALUATIONS = 11
"""Transistor groups of a 3-bit synapse that a Newton step evaluates: 3 p, 3 n, 3 switches, 2 sign switches."""


@contextmanager
def counted() -> Iterator[list[int]]:
    """Counts device evaluations, those of compiled loops by the rounds that their columns took."""
    total, one, many, inner = [0], Device.__call__, Device.mirror, Synapses.settle

    def call(self: Device, gate: torch.Tensor, drain: torch.Tensor, source: torch.Tensor) -> Branch:
        total[0] += torch.broadcast_tensors(gate, drain, source)[0].numel()
        return one(self, gate, drain, source)

    def mirror(self: Device, gate: torch.Tensor, drain: torch.Tensor, shifts: torch.Tensor, units: int) -> Any:
        total[0] += gate.numel()
        return many(self, gate, drain, shifts, units)

    def settle(self: Synapses, drive: Drive, guesses: torch.Tensor, diode: Diode | None) -> torch.Tensor:
        found = inner(self, drive, guesses, diode)
        synapses = torch.bincount(self.column, minlength=self.columns)
        total[0] += int((found[3] * (EVALUATIONS * synapses + (diode is not None))).sum())
        return found

    Device.__call__, Device.mirror, Synapses.settle = call, mirror, settle  # type: ignore[method-assign]
    try:
        yield total
    finally:
        Device.__call__, Device.mirror, Synapses.settle = one, many, inner  # type: ignore[method-assign]


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


def reference(layers: tuple[int, ...], starts: list[str], rerun: bool, hours: float) -> list[dict[str, Any]]:
    """ngspice on that network: what was kept, or anew."""
    name, found = "-".join(map(str, layers)), []
    for start in starts:
        kept = FOLDER / f"{name}-{start}.json"
        found.append(json.loads(kept.read_text()) if kept.is_file() and not rerun else measure(layers, hours, start))
    return found


def against_ngspice(
    engine: ArrayEngine, chip: ProgrammedChip, batch: int, runs: list[dict[str, Any]]
) -> dict[str, Any]:
    """Time for an operating point and for `batch` patterns in time, on the chip that ngspice had."""
    layers = chip.design.layers
    inputs = patterns(5, layers[0])
    engine.dc(chip, inputs[:1])  # tables
    single = []
    for x in inputs:
        with timed() as one:
            engine.dc(chip, x[None])
        single.append(one["cpu"])
    engine.transient(chip_of((4, 4)), patterns(1, 4), PERIOD_S)  # compiled loops, imports
    with timed() as moving:
        found = engine.transient(chip, patterns(batch, layers[0]), PERIOD_S)
    points = [r["operating_point__s"] for r in runs if r["operating_point__s"] is not None]
    waves = [r["transient_pattern__s"] for r in runs if r["ended"]]
    return {
        "load": os.getloadavg()[0],
        "layers": list(layers),
        "synapses": chip.design.synapse_count,
        "dc_speedup__ngspice__ratio": min(points) / min(single) if points else None,
        "transient_speedup__ngspice__ratio": min(waves) * batch / moving["cpu"] if waves else None,
        "array_one_pattern__s": min(single),
        "transient_patterns": batch,
        "transient_points": len(found.time),
        "transient_effort": list(found.effort.attempts),
        "array_transient_pattern__s": moving["cpu"] / batch,
        "array_transient_all__wall_s": moving["wall"],
        "ngspice": [{k: v for k, v in r.items() if k != "account"} for r in runs],
    }


def errors(engine: ArrayEngine, chip: ProgrammedChip, count: int, budget: float) -> dict[str, Any]:
    """Of settled currents on `count` patterns."""
    wrong = current_error(chip, patterns(count, chip.design.layers[0]), engine, budget=budget)
    return {
        "engine__current_error_p50__ratio": wrong.p50,
        "engine__current_error_max__ratio": wrong.max,
        "error": {k: None if v != v else v for k, v in asdict(wrong).items()},  # JSON has no nan
    }


def waveforms(engine: ArrayEngine, chip: ProgrammedChip) -> list[dict[str, Any]]:
    """The second pattern against ngspice's kept waveforms: energy, and when outputs are half way to their end."""
    layers, outputs = chip.design.layers, chip.design.layers[-1]
    # ngspice had these two; a longer list begins with others
    found = engine.transient(chip, patterns(2, layers[0]), PERIOD_S)
    results = []
    for path in sorted(FOLDER.glob(f"{'-'.join(map(str, layers))}-*.npz")):
        with np.load(path) as kept:
            values = kept["values"]
        right = TransientResult(
            values[:, 0], values[:, 2 : 2 + outputs], -values[:, 1], PERIOD_S, 2, found.effort
        )  # as in NgspiceEngine.transient
        windows = found.window(1), right.window(1)
        energy = [np.trapezoid(r.supply[w], r.time[w]) for r, w in zip((found, right), windows, strict=True)]
        first, last = right.outputs[windows[1]][[0, -1]]
        swings = np.abs(last - first)
        timed = np.flatnonzero(swings > SWING * right.outputs.max())
        apart = [half(found, windows[0], j) / half(right, windows[1], j) - 1 for j in timed]
        results.append(
            {
                "reference": path.stem,
                "points": [w.stop - w.start for w in windows],
                "outputs_timed": len(timed),
                "half_way_ngspice__s": [half(right, windows[1], j) for j in timed],
                "half_way_error_p50__ratio": float(np.median(np.abs(apart))),
                "half_way_error_max__ratio": float(np.abs(apart).max()),
                "energy_error__ratio": float(energy[0] / energy[1] - 1),
            }
        )
    return results


def half(run: TransientResult, window: slice, output: int) -> float:
    """Time in s at which an output is half way from its first to its last value for the last time."""
    time_, y = run.time[window], run.outputs[window, output]
    share = (y - y[0]) / (y[-1] - y[0])
    i = int(np.flatnonzero(share < 0.5)[-1])
    return float(np.interp(0.5, share[i : i + 2], time_[i : i + 2]) - time_[0])


def over_size(engine: ArrayEngine, layers: tuple[int, ...], batch: int) -> dict[str, Any]:
    """Time of one pattern at rest, how much of it device evaluations need, and time of a pattern of a batch in time.

    Without wires: 100,000 synapses have 2.5 million of them.
    """
    chip = chip_of(layers)
    inputs = patterns(3, layers[0])
    engine.dc(chip, inputs[:1])
    single = []
    for x in inputs:
        with timed() as one:
            engine.dc(chip, x[None])
        single.append(one["cpu"])
    seconds = min(single)
    rate = evaluation_rate(engine, chip)
    with counted() as total:
        engine.dc(chip, inputs[:1])
    live = sum(int((c != 0).sum()) for c in chip.codes)
    engine.transient(chip, inputs[:1], PERIOD_S / 10)  # measures the loads
    with timed() as moving:
        engine.transient(chip, patterns(batch, layers[0]), PERIOD_S)
    return {
        "load": os.getloadavg()[0],
        "layers": list(layers),
        "synapses": chip.design.synapse_count,
        "live_synapses": live,
        "array_one_pattern__s": seconds,
        "array_transient_pattern__s": moving["cpu"] / batch,
        "transient_patterns": batch,
        "rss__bytes": 1024.0 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
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
    with timed() as whole:
        found = engine.dc(chip, inputs)
    exact = engine.dc(chip, inputs[:10])
    above = exact.outputs > 0.01 * exact.outputs.max()
    wrong = np.abs(found.outputs[:10] / exact.outputs - 1)[above]
    return {
        "load": os.getloadavg()[0],
        "layers": list(layers),
        "patterns": count,
        "method": list(found.effort.attempts),
        "array_all_patterns__s": whole["cpu"],
        "array_all_patterns__wall_s": whole["wall"],
        "array_pattern__s": whole["cpu"] / count,
        "rss__bytes": 1024.0 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "surface_error_p50__ratio": float(np.median(wrong)),
        "surface_error_max__ratio": float(wrong.max()),
    }


def main() -> None:
    """Runs and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", default="196-100-50-10", type=sizes_of)
    parser.add_argument("--patterns", default=20, type=int)
    parser.add_argument("--budget", default=2.5e6, type=float, help="transistors times patterns for the error")
    parser.add_argument("--batch", default=50, type=int, help="patterns in one transient")
    parser.add_argument("--sizes", default=SIZES)
    parser.add_argument("--many", default="196-100-50-10:10000")
    parser.add_argument("--first", default="9-6-4:4", help="a new design and its bits")
    parser.add_argument("--sample", default=300, type=int, help="patterns of the part `time`, scaled to 10,000")
    parser.add_argument(
        "--parts",
        default="reference,sizes,many,time,first",
        help="the others stay as they are in the file; waveforms: a piece of reference",
    )
    parser.add_argument("--rerun", action="store_true", help="ngspice's operating points and transients anew")
    parser.add_argument("--starts", default="cold", help="of ngspice's operating point; empty: no ngspice run")
    parser.add_argument("--hours", default=2.0, type=float, help="limit of each of them")
    parser.add_argument("--quick", action="store_true", help="25-12-6 alone")
    options = parser.parse_args()
    torch.set_num_threads(1)
    engine = ArrayEngine()
    layers, _, count = options.many.partition(":")
    parts = options.parts.split(",")
    if options.quick:
        options.reference, options.patterns, parts = (25, 12, 6), 10, ["reference"]
    result: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.is_file() and not options.quick else {}
    result.update(cores=os.cpu_count(), machine=platform.machine(), threads=torch.get_num_threads())
    result.pop("load", None)  # every part has its own
    # written after every row: a benchmark that is stopped leaves what it has measured
    if "reference" in parts:
        starts = [x for x in options.starts.split(",") if x]
        runs = reference(options.reference, starts, options.rerun, options.hours)
        chip = wired(chip_of(options.reference))
        result["reference"] = found = against_ngspice(engine, chip, options.batch, runs)
        result.update({key: value for key, value in found.items() if "__ratio" in key})
        _write(result)
        found["waveforms"] = waveforms(engine, chip)
        _write(result)
        found.update(errors(engine, chip, options.patterns, options.budget))
        result.update({key: value for key, value in found.items() if "__ratio" in key})
        _write(result)
    elif "waveforms" in parts:
        result["reference"]["waveforms"] = waveforms(engine, wired(chip_of(tuple(result["reference"]["layers"]))))
        _write(result)
    if "sizes" in parts:
        for text in options.sizes.split(","):
            found = over_size(engine, sizes_of(text), options.batch)
            others = [row for row in result.get("sizes", []) if row["synapses"] != found["synapses"]]
            result["sizes"] = sorted([*others, found], key=lambda row: int(row["synapses"]))
            _write(result)
    if "many" in parts:
        result["many"] = found = many(engine, sizes_of(layers), int(count))
        result["rest_10000__wall_s"] = found["array_all_patterns__wall_s"] * 10_000 / found["patterns"]
        _write(result)
    if "time" in parts:
        result["time"] = found = in_time(engine, sizes_of(layers), options.sample)
        result.update({key: found[key] for key in ("transient_pattern__s", "transient_10000__wall_s")})
        _write(result)
    if "first" in parts:
        network, _, bits = options.first.partition(":")
        result["first"] = found = first(sizes_of(network), int(bits))
        result["first_result__s"] = found["wall__s"]
        _write(result)
    print(json.dumps(result, indent=1))


def _write(result: dict[str, Any]) -> None:
    atomic_write(RESULT, json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
