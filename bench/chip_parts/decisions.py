"""Flowers on the extracted chip in ngspice: trained weights in its latches, codes in its drivers, the class out.

Every chip is calibrated through its own counter and trained for (bench/counter.py), on the array engine. Patterns run
in turns of CHUNK; weights and decisions that are there are kept (bench/results/chip.json), and not made again.
"""

import hashlib
import json
import time
from collections.abc import Callable
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from counter import SPEC, network

from somaforge.flow import datasets
from somaforge.flow.drivers.inputs import Encoder
from somaforge.flow.drivers.scale import Scale
from somaforge.flow.engines.base import Program
from somaforge.flow.measure.evaluate import in_turn
from somaforge.flow.readout.decide import Times, classify, from_drivers
from somaforge.flow.readout.whole import OF_CONTROL, bench_of
from somaforge.generator import drivers
from somaforge.generator.address import Codes
from somaforge.generator.chip.chip import LOW
from somaforge.generator.chip.framed import inner_nets
from somaforge.generator.circuit import FlatNetlist
from somaforge.generator.design import Design, build
from somaforge.generator.readout.winner import winner_take_all

CHUNK = 5
"""Patterns of one simulation, after one that leads in."""
TIMES = Times(settle_s=6.4e-6, race_s=13.6e-6)
"""At 15 nA mean input. 6.4 us are 128 clocks of 20 MHz."""
Row = dict[str, Any]


class Prototype:
    """The chip of examples/prototype.yaml, its flowers, and what is kept of each chip's weights."""

    def __init__(self, kept: dict[str, list[list[list[int]]]]) -> None:
        """`kept` are weights by the chip's seed, as JSON has them; those that it lacks are made and put in."""
        self.spec, self.kept = SPEC, kept

    @cached_property
    def design(self) -> Design:
        """Of the array."""
        return build(self.spec)

    @cached_property
    def scale(self) -> Scale:
        """Of the drivers; ValueError without them."""
        found = Scale.of(self.spec)
        if found is None:
            raise ValueError(f"{self.spec.name} has no drivers")
        return found

    @cached_property
    def labels(self) -> Codes:
        """Of the test flowers."""
        return np.asarray(datasets.load(self.spec.network.dataset).test_y)

    @cached_property
    def references_A(self) -> Any:  # noqa: N802 (a unit)
        """Of the reference rows."""
        data = datasets.load(self.spec.network.dataset)
        return self.scale.references_A(Encoder.of(self.scale, data).full_A(data, self.spec))

    @cached_property
    def latches(self) -> list[Codes]:
        """Of the drivers for every test flower: [rows, inputs of the array]."""
        data = datasets.load(self.spec.network.dataset)
        codes = Encoder.of(self.scale, data).codes(data.test_x)
        padded = np.pad(codes, ((0, 0), (0, self.design.layers[0] - codes.shape[1])))
        return [self.scale.latches(pattern) for pattern in padded]

    def codes(self, seed: int) -> Program:
        """Weights for that chip."""
        if str(seed) not in self.kept:
            self.kept[str(seed)] = [matrix.tolist() for matrix in network(seed, "counter")]
        return tuple(np.array(matrix, dtype=np.int64) for matrix in self.kept[str(seed)])


def decide(made: Prototype, flat: FlatNetlist, seed: int, flowers: list[int], times: Times = TIMES) -> list[Row]:
    """Flowers on one chip, in that order, after the last of them: what the chip says, and what its currents say."""
    frame = made.spec.frame
    assert frame is not None  # the netlist is that of a framed chip
    outside = {**OF_CONTROL, **inner_nets(made.design.pdk.frames.load(frame))}
    bench = bench_of(flat, made.design, made.codes(seed), seed, outside)
    order = [flowers[-1], *flowers]
    bank = drivers.build(made.spec)
    patterns, biased = [made.latches[k] for k in order], 2 if LOW in bench.flat.nets else 1
    stimulus = from_drivers(bank, patterns, made.references_A, times.period_s, biased)
    start = time.monotonic()
    found = classify(bench, stimulus, times)
    spent = (time.monotonic() - start) / len(order)
    rows = []
    for place, flower in enumerate(flowers, 1):
        outputs, decided = np.sort(found.outputs_A[place]), float(found.decided_s[place])
        rows.append({
            "chip": seed, "flower": flower, "label": int(made.labels[flower]), "chosen": int(found.chosen[place]),
            "largest": int(found.largest[place]), "largest_A": float(outputs[-1]),
            "apart": float(outputs[-1] / outputs[-2]), "decided_s": None if np.isnan(decided) else decided,
            "winners": int(sum(1 << int(j) for j in np.flatnonzero(found.winners[place]))),
            "valid": bool(found.valid[place]), "settle_s": times.settle_s,
            "charge_C": float(found.charge_C[place]), "seconds": round(spent, 1),
        })  # fmt: skip
    return rows


def run(
    made: Prototype, flat: FlatNetlist, chips: list[int], count: int, done: list[Row], save: Callable[[list[Row]], None]
) -> None:
    """Flowers of chips that are not `done`, classes in turn, every chip's first ones before any chip's next; `save` is
    given the new ones after each simulation."""
    order, there = in_turn(made.labels[:count]).tolist(), {_place(row) for row in done}
    for first in range(0, len(order), CHUNK):
        for seed in chips:
            left = [k for k in order[first : first + CHUNK] if (seed, k) not in there]
            if left:
                save(decide(made, flat, seed, left))


def merged(old: list[Row], new: list[Row]) -> list[Row]:
    """The new ones in place of what they repeat, by chip and flower."""
    return [row for _, row in sorted({_place(row): row for row in (*old, *new)}.items())]


def _place(row: Row) -> tuple[int, int]:
    return row["chip"], row["flower"]


def summary(rows: list[Row]) -> dict[str, Any]:
    """Metrics of what was decided; a decision that never came counts as wrong, and as endless."""
    chips = sorted({row["chip"] for row in rows})
    right = {seed: np.mean([row["chosen"] == row["label"] for row in rows if row["chip"] == seed]) for seed in chips}
    times = np.array([row["decided_s"] if row["chosen"] >= 0 else np.inf for row in rows])
    p50, p99 = (float(np.percentile(times, share, method="inverted_cdf")) for share in (50, 99))
    return {
        "accuracy__chip__ratio": float(np.mean(list(right.values()))),
        "accuracy__chip_worst__ratio": float(min(right.values())),
        "chips": len(chips),
        "patterns": len(rows),
        "winner_is_largest__ratio": float(np.mean([row["chosen"] == row["largest"] for row in rows])),
        "present__decision_p50__s": p50 if np.isfinite(p50) else None,
        "present__decision_p99__s": p99 if np.isfinite(p99) else None,
    }


def about() -> dict[str, Any]:
    """What decisions are of: they are kept as long as it is the same."""
    spec = SPEC.model_dump(mode="json", include={"array", "chip", "network", "input", "corners", "supply_V"})
    race = {"settle_s": TIMES.settle_s, "race_s": TIMES.race_s, "winner": _winner()}
    return {"spec": spec, "law": SPEC.chips.law} | race


def kept(path: Path) -> dict[str, Any]:
    """Weights and rows of a result that is of the same; weights alone where only the race is another."""
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    part, now = found.get("decisions", {}), about()
    if part.get("about") == now:
        return dict(part)
    same = part and all(part["about"][key] == now[key] for key in ("spec", "law"))
    return {"weights": part["weights"] if same else {}, "rows": []}


@cache
def _winner() -> str:
    """Fingerprint of the circuits that race."""
    design = build(SPEC)
    circuits = winner_take_all(design.pdk, "chip", design.layers[-1]).circuits
    return hashlib.sha256(repr(circuits).encode()).hexdigest()[:16]
