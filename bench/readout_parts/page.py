"""The tables of docs/readout.md from the results."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from somaforge.flow.figures.units import engineering as si
from somaforge.pdk import load

SUPPLY_V = load("sky130").models.nominal.supply_V
"""Of the race whose energy is shown."""

Result = Mapping[str, Any]


def fill(result: Result) -> dict[str, str]:
    """Markdown by place."""
    return {
        "blocks": _blocks(result),
        "winner": _winner(result["winner"]),
        "converter": _converter(result["converter"]),
        "bias": _bias(result["bias"]),
        "bias_low": _bias_low(result["bias_low"]),
    }


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _blocks(result: Result) -> str:
    blocks = {
        "winner-take-all, 3 currents": result["winner"]["layout"],
        "winner-take-all, 10 currents": result["winner"]["layout_10"],
        "converter": result["converter"]["layout"],
        "bias": result["bias"]["layout"],
        "bias with a second output": result["bias_low"]["layout"],
    }
    rows = [
        [name, f"{b['transistors']}", f"{b['width_um']:.0f} x {b['height_um']:.1f}", f"{b['area_um2']:,.0f}",
         f"{b['drc_native']}; {b['lvs']}"]
        for name, b in blocks.items()
    ]  # fmt: skip
    return _table(["block", "transistors", "um", "um2", "native DRC; LVS"], rows)


def _winner(w: Result) -> str:
    laws = [
        [law, f"{one['chips']}", f"{one['right']} of {one['races']}", f"{100 * one['sigma_ln_charge']:.2f} %",
         f"{100 * one['by_spread']:.2f} %", si(one["decided_s"], "s"), si(one["valid_later_s"], "s"),
         si(SUPPLY_V * one["race_charge_C"], "J")]
        for law, one in w["laws"].items()
    ]  # fmt: skip
    head = ["law", "chips", "right at 3 %", "sigma of ln Q", "right by that spread", "to `win`", "`valid` later",
            "energy of a race"]  # fmt: skip
    at = [
        [si(c["current_A"], "A"), f"{c['right']} of {c['races']}", si(c["decided_s"], "s"), si(c["valid_s"], "s"),
         si(c["held_A"], "A")]
        for c in w["currents"]
    ]  # fmt: skip
    corners = [
        [f"{c['corner']}, {c['temperature_C']:g} C, {c['supply_V']:g} V", f"{c['right']} of {c['races']}",
         si(c["decided_s"], "s"), si(c["valid_s"], "s"), si(c["held_A"], "A")]
        for c in w["corners"]
    ]  # fmt: skip
    where = ["chip 1", "right at 3 %", "to `win`", "to `valid`", "supply while held, without inputs"]
    return _table(head, laws) + "\n" + _table(where, at + corners)


def _converter(c: Result) -> str:
    base = min(p["period_s"] * p["current_A"] for p in c["pulses"])
    rows = []
    for p, error in zip(c["pulses"], c["scale_errors"], strict=True):
        charge = p["period_s"] * p["current_A"]
        known = abs(error) < 1e-7
        more = f"{100 * (charge / base - 1):.1f} %"
        left = "known" if known else f"{100 * error:+.2f} %"
        rows.append([
            si(p["current_A"], "A"), si(1 / p["period_s"], "Hz"), f"{1e15 * charge:.1f}", more, left,
            si(100 * p["period_s"], "s"), si(p["period_s"], "s"), si(p["supply_A"] - p["current_A"], "A"),
        ])  # fmt: skip
    head = ["current", "rate", "Q / fC", "over the smallest Q", "after the scale", "100 pulses", "one period",
            "supply without input"]  # fmt: skip
    corners = [
        [f"{k['corner']}, {k['temperature_C']:g} C, {k['supply_V']:g} V", f"{1e15 * k['period_s'] * 15e-9:.1f}",
         si(k["width_s"], "s")]
        for k in c["corners"]
    ]  # fmt: skip
    n, meter = c["noise"], c["meter"]
    leaks = ", ".join(f"{si(value, 'A')} at {t} C" for t, value in c["leakage_A"].items())
    lines = [
        f"Sigma of ln Q over {c['chips']} chips: {100 * c['sigma_ln_charge']:.2f} % (a chip's scale, common to all "
        f"currents). Noise of one pulse over its charge: comparator {100 * n['comparator']:.3f} %, reset (kT/C, C = "
        f"{1e15 * c['capacitance_F']:.0f} fF) {100 * n['reset']:.3f} %, both {100 * n['own']:.3f} %; shot noise of the "
        f"input itself {100 * n['shot']:.3f} %.",
        f"Lost at the capacitor (at 0.3 V): {leaks}.",
        "",
        "As the tester of a spec (`characterization.tester`), counted for 20 ms a current, settled at 100 pA:",
        "",
        "    tester: { "
        + ", ".join(f"{k}: {v:.2g}" for k, v in meter.items() if k not in ("perfect", "drift_C"))
        + " }",
        "",
    ]
    where = ["chip 1 at 15 nA", "Q / fC", "pulse"]
    return _table(head, rows) + "\n" + _table(where, corners) + "\n" + "\n".join(lines)


def _bias(b: Result) -> str:
    codes = [[code, si(amp, "A")] for code, amp in b["codes"].items()]
    points = b["points"]
    corners = list(dict.fromkeys(p["corner"] for p in points))
    rows = []
    for t in dict.fromkeys(p["temperature_C"] for p in points):
        for v in dict.fromkeys(p["supply_V"] for p in points):
            own = {p["corner"]: p["out_A"] for p in points if (p["temperature_C"], p["supply_V"]) == (t, v)}
            rows.append([f"{t:g} C, {v:g} V", *(f"{1e9 * own[c]:.0f}" for c in corners)])
    every = np.array([p["out_A"] for p in points])
    chips = np.array(b["chips"])
    settled = max(p["settled_s"] for p in points)
    supply = max(p["supply_A"] for p in points)
    lines = [
        f"Over all {len(points)} points: {1e9 * every.min():.0f} to {1e9 * every.max():.0f} nA, "
        f"{every.max() / every.min():.2f} times; settled at most {si(settled, 's')} after the supply began to rise "
        f"(for 10 us); at most {si(supply, 'A')} with `out`.",
        f"Mismatch ({len(chips)} chips, tt, 27 C): mean {1e9 * chips.mean():.0f} nA, sigma "
        f"{100 * chips.std(ddof=1) / chips.mean():.1f} %, {1e9 * chips.min():.0f} to {1e9 * chips.max():.0f} nA.",
        "",
    ]
    head = ["reference, code 4, nA", *corners]
    return _table(["code, 100 nA from the pin", "`out`"], codes) + "\n" + _table(head, rows) + "\n" + "\n".join(lines)


def _bias_low(b: Result) -> str:
    def row(p: Result) -> list[str]:
        part = 100 * (p["low_A"] / p["out_A"] * 2 ** b["split"] - 1)
        return [si(p["out_A"], "A"), si(p["low_A"], "A"), f"{part:+.1f} %", si(p["supply_A"], "A")]

    rows = [[f"code {p['code']}, 100 nA from the pin", *row(p)] for p in b["codes"]]
    rows += [[f"reference, code 4, {p['corner']}, {p['temperature_C']:g} C, {p['supply_V']:g} V", *row(p)]
             for p in b["points"]]  # fmt: skip
    ratios = np.log([p["low_A"] / p["out_A"] for p in b["chips"]])
    spread = 100 * ratios.std(ddof=1)
    chips = f"Mismatch ({len(ratios)} chips, code 4): the ratio of the two spreads by {spread:.1f} %.\n"
    head = ["", "`out`", "`out_1`", f"over `out` / {2 ** b['split']}", "supply"]
    return _table(head, rows) + "\n" + chips
