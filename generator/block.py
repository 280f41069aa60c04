"""Blocks with ports: what silicon above the cell is made of. LEF, Verilog and pins of a layout are written from ports.

A block is drawn into a layout when it is wanted. A block made of blocks (`compose`) places them; what they share is
joined by shapes that touch, and its circuit says so by the names of nets.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

import klayout.db as kdb

from somaforge.generator.circuit import Call, Circuit, Library
from somaforge.generator.draw import Canvas
from somaforge.pdk import Pdk
from somaforge.pdk.layout_file import write_layout

Box = tuple[int, int, int, int]
"""x1, y1, x2, y2 in nm."""


class Role(Enum):
    """What a net is for, seen from outside."""

    SUPPLY = "supply"
    GROUND = "ground"
    ANALOG_INPUT = "analog input"
    ANALOG_OUTPUT = "analog output"
    DIGITAL_INPUT = "digital input"
    DIGITAL_OUTPUT = "digital output"
    DIGITAL_BOTH = "digital input and output"
    CLOCK = "clock"
    BIAS = "bias"
    MONITOR = "monitor"

    @property
    def is_power(self) -> bool:
        """A supply or ground."""
        return self in (Role.SUPPLY, Role.GROUND)

    @property
    def is_digital(self) -> bool:
        """Of two levels."""
        return self in (Role.DIGITAL_INPUT, Role.DIGITAL_OUTPUT, Role.DIGITAL_BOTH, Role.CLOCK)


@dataclass(frozen=True)
class Port:
    """One place where a net can be reached from outside; a net may have several."""

    net: str
    role: Role
    layer: str
    """Role of a conductor (pdk.geometry)."""
    box: Box
    """In the block's coordinates; a wire of the net covers it."""
    guarded: bool = False
    """An antenna diode stands behind it."""

    def moved(self, x: int, y: int) -> "Port":
        """The same elsewhere."""
        x1, y1, x2, y2 = self.box
        return replace(self, box=(x1 + x, y1 + y, x2 + x, y2 + y))


@dataclass(frozen=True)
class Block:
    """A piece of silicon with its circuit."""

    name: str
    """Of its cell and of its circuit."""
    outline: Box
    ports: tuple[Port, ...]
    library: Library
    """Its circuit is the top one."""
    draw: Callable[[kdb.Layout], kdb.Cell] = field(repr=False)
    """Draws its cell, and those below, that are not in the layout yet."""

    def __post_init__(self) -> None:
        """ValueError unless circuit and ports are of the same nets."""
        nets = {port.net for port in self.ports}
        wrong = sorted(nets.symmetric_difference(self.circuit.ports))
        if self.library.top != self.name or wrong:
            names = ", ".join(wrong[:5])
            raise ValueError(f"block {self.name}: its circuit {self.library.top} and its ports differ: {names}")

    @property
    def circuit(self) -> Circuit:
        """Its own circuit."""
        return self.library.circuits[self.library.top]

    def roles(self) -> Mapping[str, Role]:
        """Role of every net, in the order of the circuit's ports."""
        by_net = {port.net: port.role for port in self.ports}
        return {net: by_net[net] for net in self.circuit.ports}

    def nets(self, *roles: Role) -> tuple[str, ...]:
        """Nets with one of the roles, in the order of the circuit's ports."""
        return tuple(net for net, role in self.roles().items() if role in roles)


def draw_ports(canvas: Canvas, ports: Iterable[Port]) -> None:
    """Name and pin shape of every port; the wires are the block's."""
    for port in ports:
        x1, y1, x2, y2 = port.box
        half = ((x2 - x1) // 2, (y2 - y1) // 2)
        canvas.label(port.layer, port.net, x1 + half[0], y1 + half[1], half)


def write_block(block: Block, path: Path) -> None:
    """Draw a block by itself and write GDS (.gds) or OASIS (.oas)."""
    layout = kdb.Layout()
    layout.dbu = 0.001
    block.draw(layout)
    write_layout(layout, path)


@dataclass(frozen=True)
class Part:
    """A block in another one."""

    role: str
    """Its instance is x_<role>."""
    block: Block
    x: int = 0
    y: int = 0
    nets: Mapping[str, str] = field(default_factory=dict)
    """Net of the block -> net of the whole, where they differ."""


def compose(
    pdk: Pdk,
    name: str,
    parts: Sequence[Part],
    outline: Box,
    ports: tuple[Port, ...],
    wires: Callable[[Canvas], None] = lambda canvas: None,
) -> Block:
    """A block made of blocks; `wires` draws what joins them and leads to the ports."""
    calls = []
    circuits: dict[str, Circuit] = {}
    for part in parts:
        circuits |= part.block.library.circuits
        nets = tuple(part.nets.get(net, net) for net in part.block.circuit.ports)
        calls.append(Call(f"x_{part.role}", part.block.name, nets))
    circuits[name] = Circuit(name, tuple(dict.fromkeys(port.net for port in ports)), (), tuple(calls))

    def draw(layout: kdb.Layout) -> kdb.Cell:
        once = {part.block.name: part.block for part in parts}
        drawn = {block: made.draw(layout) for block, made in once.items()}
        cells = [drawn[part.block.name] for part in parts]
        canvas = Canvas(layout, pdk, name)
        for part, cell in zip(parts, cells, strict=True):
            canvas.place(cell, part.x, part.y)
        wires(canvas)
        draw_ports(canvas, ports)
        canvas.box("boundary", *outline)
        return canvas.cell

    return Block(name, outline, ports, Library(circuits, name), draw)
