"""Figures as inline SVG: the same data give the same text, and no font or network is needed to show it."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, RED, GREY, INK = "#2f6fb5", "#d98a1f", "#2e8b57", "#c0392b", "#8a8f98", "#22262e"
SERIES = (
    BLUE, ORANGE, GREEN, "#8e5bb5", "#1f9c9c", "#b5467a", "#7a6a35", "#86b8ea", "#111827", "#a33b1f",
)  # fmt: skip
"""Distinct for readers with red-green weakness, and in print."""
BRIGHTEST = 0.93
"""Of the colour map where SERIES is too short: yellow beyond it is lost on white paper."""

WIDTH_PT = 560.0
"""What is left of most figures of 9.2 inches without their white margins: these fill the page."""
SIZE = re.compile(r'width="([0-9.]+)pt" height="[0-9.]+pt"')
STYLE: Any = {
    "svg.fonttype": "path",
    "svg.hashsalt": "somaforge",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e7ec",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
}


@dataclass(frozen=True)
class Plot:
    """One figure of the report."""

    name: str
    title: str
    caption: str
    svg: str
    data: dict[str, Any]
    """The numbers behind it; written as JSON beside the report."""


def colours(count: int) -> list[str]:
    """As many distinct colours: SERIES, or for more a colour map that grows brighter all the way."""
    if count <= len(SERIES):
        return list(SERIES[:count])
    viridis = mpl.colormaps["viridis"]
    return [to_hex(viridis(BRIGHTEST * number / (count - 1))) for number in range(count)]


@contextmanager
def style() -> Iterator[None]:
    """The report's look, for a block of drawing."""
    with mpl.rc_context(rc=STYLE):
        yield


def to_svg(figure: Figure) -> str:
    """The figure's <svg> element, without the XML head. A narrow figure stays narrow: letters have one size in all."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None}, bbox_inches="tight", pad_inches=0.04)
    svg = "<svg" + text.getvalue().partition("<svg")[2]
    return SIZE.sub(lambda found: f'width="{min(100.0, 100 * float(found[1]) / WIDTH_PT):.4g}%"', svg, count=1)
