"""Our capacitances against klayout-pex's on the layouts of tests/golden/pex: python bench/pex_golden.py

Three ways to compare: half of the printed sidewall as klayout-pex takes it, against the tool as it comes and against it
without its threshold; and the whole sidewall as the flow takes it, against the tool as it comes. Each as the difference
of the sum over the cell and of the net that differs most (of those above 0.2 fF).
"""

import json
from pathlib import Path

from somaforge.flow import pex
from somaforge.pdk.sky130.parasitics import KLAYOUT_PEX_SIDEWALL_SHARE, SIDEWALL_SHARE, interconnect
from somaforge.pdk.sky130.process import SKY130

FOLDER = Path(__file__).parents[1] / "tests" / "golden" / "pex"
WAYS = (
    (KLAYOUT_PEX_SIDEWALL_SHARE, "fF"),
    (KLAYOUT_PEX_SIDEWALL_SHARE, "fF_without_threshold"),
    (SIDEWALL_SHARE, "fF"),
)


def differences(cell: str, golden: dict[str, float], share: float) -> tuple[float, float, int]:
    """Relative difference of the sum and of the worst net, and how many nets were compared."""
    found = pex.extract(SKY130, FOLDER / f"{cell}.oas", cell, process=interconnect(share))
    known = set(found.geometry.nets)
    expected: dict[str, float] = dict.fromkeys(known, 0.0)
    for pair, femto in golden.items():
        a, b = (n if n in known else found.ground for n in pair.split())
        for net in (a, b) if a != b else ():
            expected[net] += femto
    ours = found.total_capacitance()
    nets = [net for net, femto in expected.items() if femto > 0.2]
    worst = max((1e15 * ours[net] / expected[net] - 1 for net in nets), key=abs)
    return 1e15 * sum(ours.values()) / sum(expected.values()) - 1, worst, len(nets)


def main() -> None:
    """One line per cell."""
    print(f"{'cell':10} {'nets':>4} | " + " | ".join(f"{s:g} sidewall, {k[2:] or ' as is'}" for s, k in WAYS))
    for cell, golden in json.loads((FOLDER / "klayout_pex.json").read_text())["cells"].items():
        rows = [differences(cell, golden[key], share) for share, key in WAYS]
        values = " | ".join(f"{100 * whole:+6.1f} % {100 * worst:+6.1f} %" for whole, worst, _ in rows)
        print(f"{cell:10} {rows[0][2]:4d} | {values}", flush=True)


if __name__ == "__main__":
    main()
