"""Races whose two largest currents differ by 3 %, chip after chip: what is done is kept, and not done again."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from somaforge.flow.chips import VirtualChip
from somaforge.flow.readout import winner as races
from somaforge.flow.readout.bench import Bench
from somaforge.generator.circuit import FlatNetlist
from somaforge.pdk import Pdk
from somaforge.pdk.models import Law

CLOSE = 1.03
LEVEL_A = 15e-9
INPUTS = 3
CHIPS: dict[Law, int] = {"binned": 2, "subthreshold": 2, "continuous": 60}
"""Six races each: 360 of the default law, the last: none wrong means 99 % with 97 % certainty (0.99^360 = 0.027)."""
Row = dict[str, Any]


def made_of(flat: FlatNetlist) -> str:
    """Transistors and wires that the races are of: another netlist begins anew."""
    return f"{len(flat.mos)} transistors, {sum(c.farad for c in flat.capacitors):.4e} F"


def run(pdk: Pdk, flat: FlatNetlist, kept: Mapping[str, Any], save: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Every chip that `kept` lacks; `save` is given all there is after each of them."""
    found: dict[str, Any] = {"of": made_of(flat), "laws": {law: [] for law in CHIPS}}
    if kept.get("of") == found["of"]:
        found["laws"] |= kept["laws"]
    for law, count in CHIPS.items():
        rows: list[Row] = found["laws"][law]
        done = {row["chip"] for row in rows}
        for seed in (s for s in range(1, count + 1) if s not in done):
            rows.append(one(Bench(pdk, flat, VirtualChip(seed, law=law), pdk.models.nominal)))
            save(found)
    return found


def one(bench: Bench) -> Row:
    """Every ordered pair of inputs once on one chip."""
    currents = races.close_pairs(INPUTS, LEVEL_A, CLOSE)
    d = races.race(bench, currents)
    return {
        "chip": bench.chip.seed, "right": int(d.right(currents).sum()), "races": len(currents),
        "charges_C": np.nanmean(d.full_s * currents, axis=0).tolist(), "decided_s": float(d.decided_s.mean()),
        "valid_later_s": float((d.valid_s - d.decided_s).mean()), "race_charge_C": float(d.charge_C.mean()),
    }  # fmt: skip


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """Of one law."""
    log = np.log([row["charges_C"] for row in rows])
    spread = float(log.std(ddof=1))
    return {
        "chips": len(rows),
        **{key: sum(row[key] for row in rows) for key in ("races", "right")},
        "charge_C": float(np.exp(log.mean())),
        "sigma_ln_charge": spread,
        "by_spread": races.share_right(spread, CLOSE),
        **{key: float(np.mean([row[key] for row in rows])) for key in ("decided_s", "valid_later_s", "race_charge_C")},
    }
