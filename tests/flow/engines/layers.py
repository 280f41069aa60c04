"""A layer of somas by hand, for compiled loops."""

import numpy as np

from somaforge.flow.engines.array.nodes import Nodes


def layer(first: int, somas: int, low: float, step: float) -> Nodes:
    """Without transistors and loads; ln of a node's current is low + step times its voltage in V."""
    table = np.zeros((2, 2, 2), dtype=np.float32)
    maps = np.broadcast_to([0.0, 1.0], (3, somas, 2)).copy()
    scale = (0.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    shifts, loads = (np.zeros(shape, dtype=np.float32) for shape in ((5, somas, 2), (3, somas, 2, 4)))
    return Nodes(first, 1.8, (1, 1), scale, table, table, shifts, 1, maps, low, step, loads, 0.0, 1.0)
