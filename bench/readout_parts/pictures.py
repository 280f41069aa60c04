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
from somaforge.flow.readout.winner import Conditions, race_sources
from somaforge.generator.block import Block, write_block
from somaforge.generator.circuit import FlatNetlist
from somaforge.generator.names import cell_name
from somaforge.generator.picture import write_picture
from somaforge.generator.readout.winner import RACER
from somaforge.pdk import load

PDK = load("sky130")
RACE_A, RACE_S = (15e-9, 14.56e-9, 8e-9), 6e-6


def draw_pictures(blocks: Mapping[str, Block], race: FlatNetlist, images: Path) -> None:
    """One picture of each block, one of a racer, one of a race."""
    with tempfile.TemporaryDirectory() as folder:
        for kind, drawn in blocks.items():
            gds = Path(folder, f"{kind}.gds")
            write_block(drawn, gds)
            cell = cell_name("readout", RACER) if kind == "winner" else drawn.name
            write_picture(PDK, gds, cell, images / f"readout-{kind}.png", 1800, 620 if kind == "winner" else 380)
    _race(race, images / "readout-race.png")


def _race(flat: FlatNetlist, picture: Path) -> None:
    sources = race_sources(np.array([RACE_A]), RACE_S, Conditions(), PDK.models.nominal.supply_V)
    nets = [f"x_racer_{i}.int" for i in range(3)]
    saves = [f"v({n})" for n in (*nets, "win_0", "valid", "stop", "x_racer_0.a", "sum", "win_1")]
    bench = Bench(PDK, flat, VirtualChip(1), PDK.models.nominal)
    found = bench.run(f".tran 5n {RACE_S + 0.8e-6} 0 30n", sources, saves, "race")
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
