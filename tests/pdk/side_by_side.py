"""One ngspice deck that holds foundry subcircuits and our bound models side by side, under the same bias."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from somaforge.pdk.bsim4 import SCALE_OPTION, Bsim4
from somaforge.pdk.sky130.data import DATA

Array = npt.NDArray[np.float64]
TERMINALS = "dgsb"


@dataclass(frozen=True)
class Pair:
    """A foundry instance and the model that must equal it; `delvto` (V) goes to our instance only."""

    model: Bsim4
    exact: bool = True
    delvto: float = 0.0


def simulate(folder: Path, deck: Sequence[str], outputs: Sequence[str]) -> list[Array]:
    """Run a deck in ngspice; the tables that its `wrdata` commands wrote, scale column dropped."""
    # the foundry's library is written for this dialect; its own notes say so
    (folder / ".spiceinit").write_text("set ngbehavior=hsa\nset ng_nomodcheck\nsetseed 7\n")
    (folder / "deck.sp").write_text("\n".join(deck) + "\n")
    command = ["ngspice", "-b", "deck.sp"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr[-2000:]
    return [np.loadtxt(folder / name)[..., 1:] for name in outputs]


def _deck(pairs: Sequence[Pair], corner: str) -> list[str]:
    """Drain at vd, gate at vg, source and bulk at 0 (n; mirrored for p); an ammeter in every terminal."""
    lines = ["* foundry against bound", f".lib {DATA.folder('models')}/sky130.lib.spice {corner}", SCALE_OPTION]
    lines += [".option klu gmin=1e-16 abstol=1e-16 reltol=1e-6", ".temp 27"]
    # all four terminals move in the small-signal run, each by another amount: every capacitance is seen
    lines += ["vd nd 0 dc 1 ac 0.7", "vg ng 0 dc 0 ac 1", "vs ns 0 dc 0 ac 0.2", "vb nb 0 dc 0 ac -0.4"]
    lines += [f"e{t} p{t} 0 n{t} 0 -1" for t in TERMINALS]
    for i, pair in enumerate(pairs):
        model = pair.model
        side = model.kind[0]
        lines.append(pair.model.card(f"bound{i}", exact=pair.exact))
        for copy in "fm":
            lines += [f"v{copy}{t}{i} {side}{t} {copy}{t}{i} 0" for t in TERMINALS]
        foundry, ours = (" ".join(f"{copy}{t}{i}" for t in TERMINALS) for copy in "fm")
        lines.append(f"xf{i} {foundry} {model.size.device}{model.instance()}")
        lines.append(f"mm{i} {ours} bound{i}{model.instance()} delvto={pair.delvto}")
    return lines


def compare_dc(folder: Path, pairs: Sequence[Pair], corner: str) -> tuple[Array, Array]:
    """Drain currents (foundry's, ours), [bias points, pairs], over V_G 0 to 1.8 V and V_D 0.1 to 1.7 V."""
    vectors = [f"i(v{copy}d{i})" for i in range(len(pairs)) for copy in "fm"]
    control = ["set wr_singlescale", "set numdgt=12", "dc vg 0 1.8 0.15 vd 0.1 1.7 0.4"]
    deck = [*_deck(pairs, corner), ".control", *control, f"wrdata dc.txt {' '.join(vectors)}", ".endc", ".end"]
    (table,) = simulate(folder, deck, ["dc.txt"])
    return table[:, 0::2], table[:, 1::2]


def compare_ac(folder: Path, pairs: Sequence[Pair], corner: str, vg: float) -> tuple[Array, Array]:
    """Terminal susceptances in F (foundry's, ours), [pairs, terminals], at V_G = vg, V_D = 1 V and 1 MHz."""
    vectors = [f"imag(v{copy}{t}{i}#branch)" for i in range(len(pairs)) for t in TERMINALS for copy in "fm"]
    control = ["set wr_singlescale", "set numdgt=12", f"alter vg dc={vg}", "ac lin 1 1meg 1meg"]
    deck = [*_deck(pairs, corner), ".control", *control, f"wrdata ac.txt {' '.join(vectors)}", ".endc", ".end"]
    (table,) = simulate(folder, deck, ["ac.txt"])
    row = table.reshape(-1) / (2 * np.pi * 1e6)
    return row[0::2].reshape(-1, 4), row[1::2].reshape(-1, 4)
