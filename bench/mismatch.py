"""Sigma of ln I of the foundry's own transistors (1,000 draws in ngspice, nothing of ours) and of ours, for every law.

    python bench/mismatch.py [--draws 1000] [--kept FOLDER]

writes bench/results/mismatch.json and the table of docs/mismatch.md. Half an hour on an idle machine, most of it the
continuous library; --kept holds the foundry's draws, so that a killed run goes on.
"""

import argparse
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from tests.flow.foundry_draws import CURRENTS_A, MODELS, UNITS, N, P, by_table, theirs

from somaforge.flow.engines.spread import sigma_ln_I, spread
from somaforge.pdk.files import atomic_write
from somaforge.pdk.models import Law, Size

ROOT = Path(__file__).parents[1]
LAWS: tuple[Law, ...] = tuple(law for law in MODELS.laws if law != "pelgrom")
START, END = "<!-- table -->\n", "<!-- end of table -->\n"


def one(kept: Path, size: Size, law: Law, draws: int) -> dict[str, Any]:
    """One size under one law."""
    path = kept / f"{law}_{size[0]}_{size[1]}_{size[2]}.npy"
    if not path.is_file():
        with tempfile.TemporaryDirectory() as folder:
            np.save(path, theirs(Path(folder), [size], law, draws)[size])
    log = np.load(path, allow_pickle=False)
    if log.shape != (len(CURRENTS_A), draws):
        raise SystemExit(f"{path}: {log.shape}, not {draws} draws; remove it")
    drawn = spread(MODELS, size, law)
    return {
        "law": law, "device": size[0], "w_um": size[1] / 1e3, "l_um": size[2] / 1e3,
        "sigma_vth_V": drawn.vth_V, "sigma_weak_V": drawn.weak_V, "correlation": drawn.correlation,
        "currents_A": CURRENTS_A,
        "theirs": log.std(axis=1, ddof=1).tolist(),
        "ours": [sigma_ln_I(MODELS, size, current, law) for current in CURRENTS_A],
        "ours_drawn": by_table(size, law, 10 * draws).std(axis=1, ddof=1).tolist(),
    }  # fmt: skip


def table(entries: list[dict[str, Any]]) -> str:
    """Markdown."""
    heads = " | ".join(f"{current * 1e9:g} nA" for current in CURRENTS_A)
    rows = [
        f"| law | W/L in um | sigma of the threshold, weak shift in mV, correlation | {heads} |",
        "|---|---|---|" + "---|" * len(CURRENTS_A),
    ]
    for e in entries:
        cells = [f"{t:.3f}, {o:.3f}: {o / t:.2f}" for t, o in zip(e["theirs"], e["ours_drawn"], strict=True)]
        weak = f", {1e3 * e['sigma_weak_V']:.1f}, {e['correlation']:.2f}" if e["sigma_weak_V"] else ""
        unit = f"{'p' if 'pfet' in e['device'] else 'n'} {e['w_um']:g}/{e['l_um']:g}"
        rows.append(f"| {e['law']} | {unit} | {1e3 * e['sigma_vth_V']:.2f}{weak} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--kept", type=Path, default=ROOT / "runs/mismatch")
    wanted = parser.parse_args()
    wanted.kept.mkdir(parents=True, exist_ok=True)
    entries = [
        one(wanted.kept, Size(device, *unit), law, wanted.draws) for law in LAWS for device in (N, P) for unit in UNITS
    ]
    result = {"draws": wanted.draws, "drain_V": 0.9, "entries": entries}
    atomic_write(ROOT / "bench/results/mismatch.json", json.dumps(result, indent=1) + "\n")
    page = ROOT / "docs/mismatch.md"
    pattern = re.compile(f"{re.escape(START)}.*{re.escape(END)}", re.DOTALL)
    atomic_write(page, pattern.sub(lambda _: f"{START}{table(entries)}{END}", page.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
