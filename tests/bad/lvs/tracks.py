"""Any list of transistors as a layout that is drawn for LVS alone: one beside the other, a track of met2 for each net.

Lengths in nm, 1 database unit is 1 nm. n-channel transistors stand below the tracks, p-channel ones above, each with a
tap of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb

from somaforge.flow.checks import lvs
from somaforge.pdk.sky130.gds import DRAWN, LABELS
from somaforge.pdk.sky130.process import SKY130

PITCH = 6000


@dataclass(frozen=True)
class Fet:
    """A transistor between named nets."""

    kind: str
    drain: str
    gate: str
    source: str
    bulk: str
    w: int = 1000
    length: int = 150

    @property
    def nets(self) -> tuple[str, str, str, str]:
        return self.drain, self.gate, self.source, self.bulk


def n(drain: str, gate: str, source: str, w: int = 1000, length: int = 150) -> Fet:
    return Fet("n", drain, gate, source, "gnd", w, length)


def p(drain: str, gate: str, source: str, w: int = 1000, length: int = 150) -> Fet:
    return Fet("p", drain, gate, source, "vdd", w, length)


def draw(layout: kdb.Layout, name: str, fets: Sequence[Fet], labels: Sequence[str]) -> kdb.Cell:
    cell = layout.create_cell(name)
    names = list(dict.fromkeys(net for fet in fets for net in fet.nets))
    tall = max(fet.w for fet in fets)
    track = {net: tall + 2000 + 500 * k for k, net in enumerate(names)}
    top = 2 * tall + 4100 + 500 * len(names)

    def box(layer: str, x1: int, y1: int, x2: int, y2: int) -> None:
        cell.shapes(layout.layer(*DRAWN[layer])).insert(kdb.Box(x1, y1, x2, y2))

    def joined(x: int, y: int, net: str) -> None:
        for layer, half in (("licon", 85), ("mcon", 85), ("li", 180)):
            box(layer, x - half, y - half, x + half, y + half)
        box("met1", x - 100, min(y, track[net]) - 100, x + 100, max(y, track[net]) + 100)
        box("via", x - 75, track[net] - 75, x + 75, track[net] + 75)

    for k, fet in enumerate(fets):
        x, above = PITCH * k, fet.kind == "p"
        at = (lambda y: top - y) if above else (lambda y: y)
        inside, outside = ("psdm", "nsdm") if above else ("nsdm", "psdm")
        tap = x + fet.length + 2200
        for layer, x1, y1, x2, y2 in (
            ("diff", x - 800, 0, x + fet.length + 800, fet.w),
            (inside, x - 1000, -200, x + fet.length + 1000, fet.w + 200),
            ("poly", x, -150, x + fet.length, fet.w + 700),
            ("tap", tap - 200, 0, tap + 200, 400),
            (outside, tap - 300, -100, tap + 300, 500),
            *((("nwell", x - 1300, -400, tap + 500, fet.w + 1000),) if above else ()),
        ):
            box(layer, x1, at(y1), x2, at(y2))
        joined(x - 500, at(fet.w // 2), fet.drain)
        joined(x + fet.length + 500, at(fet.w // 2), fet.source)
        joined(x + fet.length // 2, at(fet.w + 500), fet.gate)
        joined(tap, at(200), fet.bulk)
    for net, y in track.items():
        box("met2", -1000, y - 100, PITCH * len(fets), y + 100)
        if net in labels:
            cell.shapes(layout.layer(*LABELS["met2"])).insert(kdb.Text(net, kdb.Trans(0, y)))
    return cell


def spice(name: str, fets: Sequence[Fet], ports: Sequence[str]) -> str:
    lines = [f".subckt {name} {' '.join(ports)}"]
    for k, fet in enumerate(fets):
        sizes = f"w={fet.w / 1000:g} l={fet.length / 1000:g}"
        lines.append(f"X{k} {' '.join(fet.nets)} sky130_fd_pr__{fet.kind}fet_01v8 {sizes}")
    return "\n".join([*lines, ".ends", ""])


def compare(folder: Path, drawn: Sequence[Fet], written: Sequence[Fet], ports: Sequence[str]) -> tuple[str, ...]:
    """The mismatches between two lists of transistors, one drawn and one written."""
    layout = kdb.Layout()
    draw(layout, "t", drawn, ports)
    layout.write(str(folder / "t.gds"))
    (folder / "t.spice").write_text(spice("t", written, ports))
    return lvs.run(SKY130, folder / "t.gds", folder / "t.spice", "t", None).mismatches
