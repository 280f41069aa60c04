"""How a winner-take-all decides: races of currents on ngspice, one virtual chip at a time.

Currents are ideal sources into the block's inputs with the wiring's capacitance beside them, as the array's output
columns are: they push.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from somaforge.flow.readout.bench import Bench, crossings
from somaforge.flow.spice.deck import staircase
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError, ToolError

EDGE_S = 1e-9
"""Of the reset."""
EMPTY_S = 2e-7
"""Reset before every race."""
CHARGE_C = 60e-15
"""What a racer takes, about: sets how long a race is simulated."""


@dataclass(frozen=True)
class Conditions:
    """What stands around the block."""

    bias_A: float = 100e-9
    wire_F: float = 30e-15
    """From each input to ground, beyond the block."""


@dataclass(frozen=True, eq=False)
class Decisions:
    """What came out of races, [races] and [races, currents]."""

    winners: npt.NDArray[np.bool_]
    """`win_i` at the end of each race."""
    valid: npt.NDArray[np.bool_]
    decided_s: Floats
    """From the end of reset to the winner's `win_i`; NaN without one."""
    valid_s: Floats
    """From the end of reset to `valid`; NaN without it."""
    full_s: Floats
    """From the end of reset to each racer's comparator; NaN where the race ended before."""
    charge_C: Floats
    """[races] that the supply delivered, input currents among it."""
    to_valid_C: Floats
    """[races] the part of it up to `valid`; NaN without it."""
    latest_A: Floats
    """[races] supply current at the end of the race."""

    def right(self, currents: Floats) -> npt.NDArray[np.bool_]:
        """[races]: whether the winner alone stands, says so, and is the largest current."""
        alone = self.winners.sum(axis=1) == 1
        found: npt.NDArray[np.bool_] = alone & self.valid & (self.winners.argmax(axis=1) == currents.argmax(axis=1))
        return found


def race(bench: Bench, currents: Floats, race_s: float | None = None, around: Conditions | None = None) -> Decisions:
    """Races one after the other, reset between them. `currents` [races, inputs] in A; `race_s` is the time of each,
    by default 1 us and 1.7 times what the smallest of the races' largest currents needs.

    InputError for currents that are not finite and positive; ToolError if ngspice fails.
    """
    if currents.ndim != 2 or not np.all(np.isfinite(currents)) or np.any(currents < 0) or np.any(currents.max(1) <= 0):
        raise InputError("winner-take-all: currents are [races, inputs], none negative, one of each race above 0")
    conditions = around or Conditions()
    one_s = race_s if race_s is not None else 1e-6 + 1.7 * CHARGE_C / float(currents.max(axis=1).min())
    count, inputs = currents.shape
    period, supply = one_s + EMPTY_S, bench.where.supply_V
    sources = race_sources(currents, one_s, conditions, supply)
    nets = [f"v(win_{i})" for i in range(inputs)]
    full = [f"v(x_racer_{i}.a)" for i in range(inputs)]
    saves = [*nets, *full, "v(valid)", "i(v_vdd)"]
    found = bench.run(f".tran {one_s / 200:.6e} {count * period:.9e} 0 {one_s / 50:.6e}", sources, saves, "race")
    time, half = found["time"], supply / 2
    starts = np.arange(count) * period + EMPTY_S
    ends = starts + one_s - 2 * EDGE_S

    def first(name: str, k: int, *, rising: bool = True) -> float:
        window = (time >= starts[k]) & (time <= ends[k])
        at = crossings(time[window], found[name][window], half, rising=rising)
        return float(at[0] - starts[k]) if len(at) else float("nan")

    def at_end(name: str) -> Floats:
        return np.asarray(np.interp(ends, time, found[name]))

    used = -found["i(v_vdd)"]
    total = np.concatenate([[0.0], np.cumsum(np.diff(time) * (used[1:] + used[:-1]) / 2)])
    winners = half < np.array([at_end(n) for n in nets]).T
    when = np.array([[first(n, k) for n in nets] for k in range(count)])
    valid_s = np.array([first("v(valid)", k) for k in range(count)])
    before = np.interp(starts - EMPTY_S, time, total)
    return Decisions(
        winners=winners,
        valid=at_end("v(valid)") > half,
        decided_s=np.where(winners.any(axis=1), np.nanmin(np.where(np.isnan(when), np.inf, when), axis=1), np.nan),
        valid_s=valid_s,
        full_s=np.array([[first(n, k, rising=False) for n in full] for k in range(count)]),
        charge_C=np.interp(ends, time, total) - before,
        to_valid_C=np.interp(starts + valid_s, time, total) - before,
        latest_A=np.interp(ends, time, used),
    )


def require_valid(found: Decisions) -> Floats:
    """[races] from the end of reset to `valid`; ToolError if it does not come in one of them."""
    if np.any(np.isnan(found.valid_s)) or not found.valid.all():
        raise ToolError("winner-take-all: a race between currents far apart did not end")
    return found.valid_s


def race_sources(currents: Floats, race_s: float, around: Conditions, supply_V: float) -> list[str]:
    """Everything around the block for races of `race_s`, each after a reset of EMPTY_S: bias, currents, controls."""
    count, inputs = currents.shape
    period = race_s + EMPTY_S
    sources = [
        f"i_bias bias gnd {around.bias_A:.9e}",
        "v_bus bus gnd 0",
        f"v_reset reset gnd {_pulses(count, period, supply_V, 0.0)}",
        f"v_reset_b reset_b gnd {_pulses(count, period, 0.0, supply_V)}",
    ]
    for i in range(inputs):
        sources.append(f"i_in_{i} vdd in_{i} {staircase(currents[:, i].tolist(), period, EDGE_S)}")
        sources += [f"v_select_{i} select_{i} gnd 0", f"v_select_b_{i} select_b_{i} gnd {supply_V:.9g}"]
        sources.append(f"c_in_{i} in_{i} gnd {around.wire_F:.6e}")
    return sources


def close_pairs(inputs: int, level_A: float, ratio: float) -> Floats:
    """Every ordered pair of inputs once: the largest current, one that is 1/`ratio` of it, the others 0.8 of it:
    [inputs (inputs - 1), inputs] in A."""
    rows = []
    for first in range(inputs):
        for second in range(inputs):
            if first != second:
                row = np.full(inputs, 0.8 * level_A)
                row[first], row[second] = level_A, level_A / ratio
                rows.append(row)
    return np.array(rows)


def share_right(spread: float, ratio: float) -> float:
    """By hand: the share of right winners of two currents whose racers' charges spread by `spread` (sigma of ln Q)."""
    return float(ndtr(np.log(ratio) / (np.sqrt(2) * spread)))


def _pulses(count: int, period: float, high: float, low: float) -> str:
    """`high` for EMPTY_S at the start of every period."""
    return f"pulse({high:.9g} {low:.9g} {EMPTY_S:.9e} {EDGE_S} {EDGE_S} {period - EMPTY_S - EDGE_S:.9e} {period:.9e})"
