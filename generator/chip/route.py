"""Wires of one net on the grid."""

from dataclasses import dataclass, field

from somaforge.generator.chip.access import Access
from somaforge.generator.chip.grid import Node


@dataclass
class Route:
    """Where they lie."""

    net: str
    paths: list[list[Node]] = field(default_factory=list)
    accesses: list[tuple[str, Access]] = field(default_factory=list)
    """With the layer of each."""

    def nodes(self) -> set[Node]:
        """Everywhere."""
        return {node for path in self.paths for node in path} | {a.node for _, a in self.accesses}
