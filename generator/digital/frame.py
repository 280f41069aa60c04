"""What is asked of a digital block's shape, and where that puts supplies and ports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from somaforge.generator.block import Role
from somaforge.generator.measures import up
from somaforge.generator.names import GROUND, SUPPLY
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.pdk.errors import InputError

Edge = Literal["lower", "upper"]
STRAP_PITCH_NM = 80_000
"""Between pairs of supply straps: 40 um of rail, 0.48 um wide, are 10 ohm; a row of cells draws below a milliampere."""
BESIDE_STRAP = 2
"""Columns beside a strap that have no port: the stacks on the rails are there."""


@dataclass(frozen=True)
class Frame:
    """Rows of cells, and an edge for every port."""

    m: PortMeasures
    rows: int
    sites: int
    edges: Mapping[str, Edge]
    """Of every port, in the order in which they lie on the edge."""
    roles: Mapping[str, Role]
    """Of the ports that are not plain digital inputs or outputs: the clock."""
    at_nm: Mapping[str, int] = field(default_factory=dict)
    """Where on its edge a port is wanted, from the left end of the rows; others come near their gates."""

    @property
    def size(self) -> tuple[int, int]:
        """Of the rows in nm."""
        return self.sites * self.m.site, self.rows * self.m.row

    @property
    def outline(self) -> tuple[int, int, int, int]:
        """In nm; the rows begin at the origin. Two outlines may touch: each keeps half of what wells want."""
        (w, h), side = self.size, self.m.well + self.m.edge
        below = max(side, up(self.m.cells.rows_apart_nm, 10))
        return -side, -below, w + side, h + below

    @cached_property
    def straps(self) -> tuple[tuple[str, int], ...]:
        """(net, column) of the supply straps."""
        count = max(1, round(self.size[0] / STRAP_PITCH_NM))
        half = -(-(2 * self.m.strap_half + self.m.pdk.rules.strap.space) // (2 * self.m.site)) + 1
        middles = [(2 * k + 1) * self.sites // (2 * count) for k in range(count)]
        return tuple((net, x + d) for x in middles for net, d in ((GROUND, -half), (SUPPLY, half)))

    def rails(self, net: str) -> range:
        """Numbers of the rails of a supply, from the bottom."""
        return range(0 if net == GROUND else 1, self.rows + 1, 2)

    @cached_property
    def columns(self) -> Mapping[str, int]:
        """Of every port; InputError if they do not fit their edge."""
        found: dict[str, int] = {}
        blocked = {c + d for _, c in self.straps for d in range(-BESIDE_STRAP, BESIDE_STRAP + 1)}
        for edge in ("lower", "upper"):
            pins = [pin for pin, at in self.edges.items() if at == edge]
            taken = set(blocked)
            for k, pin in enumerate(pins):
                wish = (2 * k + 1) * self.sites // (2 * len(pins))
                if pin in self.at_nm:
                    wish = self.at_nm[pin] // self.m.site
                free = [c for c in range(1, self.sites - 1) if c not in taken]
                if not free:
                    raise InputError(f"digital block: {len(pins)} ports do not fit its {edge} edge")
                found[pin] = min(free, key=lambda c: (abs(c - wish), c))
                taken |= {found[pin] - 1, found[pin], found[pin] + 1}
        return found

    def place_of(self, pin: str) -> tuple[int, int]:
        """Of a port in nm."""
        return self.m.column_x(self.columns[pin]), 0 if self.edges[pin] == "lower" else self.size[1]
