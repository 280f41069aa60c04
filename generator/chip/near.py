"""What is near to a place: a large chip has a hundred thousand shapes, and thousands of rails and ports to look at."""

from collections.abc import Sequence

import klayout.db as kdb
import numpy as np

from somaforge.generator.block import Box


class Near:
    """What is drawn on a layer, by place."""

    def __init__(self, drawn: kdb.Region) -> None:
        self._shapes = kdb.Shapes()
        self._shapes.insert(drawn)

    def touching(self, box: kdb.Box) -> kdb.Region:
        """Whole polygons that touch the box."""
        return kdb.Region([shape.polygon for shape in self._shapes.each_touching(box)])


class Boxes:
    """Boxes of nets on one layer, all looked at at once."""

    def __init__(self, boxes: Sequence[tuple[str, Box]]) -> None:
        self._numbers = {net: k for k, net in enumerate(dict.fromkeys(net for net, _ in boxes))}
        self._nets = np.array([self._numbers[net] for net, _ in boxes], dtype=np.int64)
        self._boxes = np.array([box for _, box in boxes], dtype=np.int64).reshape(-1, 4)

    def too_near(self, net: str, box: Box, space: int) -> bool:
        """Whether a box of another net is nearer than that, along x and along y."""
        x1, y1, x2, y2 = self._boxes.T
        near = (box[0] - space < x2) & (x1 < box[2] + space) & (box[1] - space < y2) & (y1 < box[3] + space)
        return bool((near & (self._nets != self._numbers.get(net, -1))).any())
