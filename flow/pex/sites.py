"""Which cells (instances that hold transistors) each net reaches, and where they stand.

Arrays, not objects: a macro has millions of terminals.
"""

from dataclasses import dataclass

import numpy as np

from somaforge.flow.pex.flat import Transistors
from somaforge.flow.pex.kernel import EMPTY, Ints


@dataclass(frozen=True)
class Sites:
    """Cells of nets, as pairs in the order of the nets."""

    net: Ints
    """[pairs]"""
    cell: Ints
    """[pairs]"""
    diode: Ints
    """[pairs]: how many gates on their own drain the net has in the cell; it sets the net's voltage there."""
    first: Ints
    """[nets + 1]: where the pairs of each net begin."""
    centre: Ints
    """[cells, 2]: mean place of the cell's transistors, nm."""

    def of(self, net: int) -> tuple[Ints, Ints]:
        """Cells of one net, and its diodes in each."""
        part = slice(int(self.first[net]), int(self.first[net + 1]))
        return self.cell[part], self.diode[part]

    @property
    def count(self) -> Ints:
        """[nets]: cells that each reaches."""
        return np.diff(self.first)


def find_sites(t: Transistors, nets: int) -> Sites:
    """The cells that each of `nets` nets reaches."""
    cells = len(t.instances)
    terminal = t.nets.astype(np.int64) * cells + t.cell[:, None]
    keys = np.unique(terminal[t.nets != EMPTY])
    diode = (t.nets[:, 1] != EMPTY) & ((t.nets[:, 1] == t.nets[:, 0]) | (t.nets[:, 1] == t.nets[:, 2]))
    at = np.searchsorted(keys, terminal[diode, 1])
    net = keys // cells
    places = np.bincount(t.cell, minlength=cells)
    centre = [np.rint(np.bincount(t.cell, t.place[:, k], cells) / np.maximum(places, 1)) for k in (0, 1)]
    return Sites(
        net=net,
        cell=keys % cells,
        diode=np.bincount(at, minlength=len(keys)),
        first=np.searchsorted(net, np.arange(nets + 1)),
        centre=np.stack(centre, axis=1).astype(np.int64),
    )
