"""Layouts of the blocks and a race in time, as PNG."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from somaforge.flow.chips import VirtualChip
from somaforge.flow.figures.svg import BLUE, GREEN, GREY, ORANGE, style
from somaforge.flow.readout.bench import Bench
from somaforge.flow.readout.winner import EMPTY_S
from somaforge.generator.circuit import FlatNetlist, Library
from somaforge.generator.names import cell_name
from somaforge.generator.picture import write_picture
from somaforge.generator.readout.block import DrawnBlock
from somaforge.generator.readout.winner import RACER
from somaforge.pdk import load

PDK = load("sky130")
RACE_A = (15e-9, 14.56e-9, 8e-9)


def draw_pictures(blocks: Mapping[str, tuple[Library, DrawnBlock]], race: FlatNetlist, images: Path) -> None:
    """One picture of each block, one of a racer, one of a race."""
    with tempfile.TemporaryDirectory() as folder:
        for kind, (library, drawn) in blocks.items():
            gds = Path(folder, f"{kind}.gds")
            drawn.write(gds)
            cell = cell_name("readout", RACER) if kind == "winner" else library.top
            write_picture(PDK, gds, cell, images / f"readout-{kind}.png", 1800, 620 if kind == "winner" else 380)
    _race(race, images / "readout-race.png")


def _race(flat: FlatNetlist, picture: Path) -> None:
    sources = ["i_bias bias gnd 100n", "v_bus bus gnd 0"]
    for i, current in enumerate(RACE_A):
        sources += [f"i_in_{i} vdd in_{i} {current}", f"c_in_{i} in_{i} gnd 30f"]
        sources += [f"v_select_{i} select_{i} gnd 0", f"v_select_b_{i} select_b_{i} gnd 1.8"]
    for net, levels in (("reset", "1.8 0"), ("reset_b", "0 1.8")):
        sources.append(f"v_{net} {net} gnd pulse({levels} {EMPTY_S} 1n 1n 6u 6.2u)")
    nets = [f"x_racer_{i}.int" for i in range(3)]
    saves = [f"v({n})" for n in (*nets, "win_0", "valid", "stop", "x_racer_0.a", "sum", "win_1")]
    found = Bench(PDK, flat, VirtualChip(1), PDK.models.nominal).run(".tran 5n 6.8u 0 30n", sources, saves, "race")
    time = 1e6 * found["time"]
    with style(), mpl.rc_context({"font.size": 9}):
        figure = Figure(figsize=(8.5, 4.2), dpi=120)
        above, below = figure.subplots(2, 1, sharex=True)
        for net, current, colour in zip(nets, RACE_A, (BLUE, ORANGE, GREY), strict=True):
            above.plot(time, found[f"v({net})"], color=colour, label=f"{1e9 * current:g} nA")
        above.set_ylabel("capacitor / V")
        above.legend(loc="upper left")
        for k, (net, colour) in enumerate((("win_0", BLUE), ("win_1", ORANGE), ("sum", GREY), ("valid", GREEN))):
            below.plot(time, found[f"v({net})"] / 1.8 * 0.8 + (3 - k), color=colour, label=net)
        below.set_yticks(np.arange(4), ["valid", "sum", "win_1", "win_0"])
        below.set_xlabel("time / us")
        figure.tight_layout()
        figure.savefig(picture)
