"""The sheet of a circuit: its terminals at the edges, its transistors, below them the circuits that it calls."""

from collections.abc import Iterable, Iterator, Mapping

from somaforge.generator.circuit import Circuit
from somaforge.generator.xschem import text
from somaforge.generator.xschem.placing import ROW, TEXT, Placed, place
from somaforge.generator.xschem.sides import Side
from somaforge.generator.xschem.symbol import PITCH, SMALL, Box
from somaforge.generator.xschem.text import GRID, Flip, text_width
from somaforge.generator.xschem.vectors import instances, shown
from somaforge.generator.xschem.wiring import wiring
from somaforge.pdk.symbols import Point, Symbols

_NAME, _INPUT, _TERMINAL = "devices/lab_pin.sym", "devices/ipin.sym", "devices/iopin.sym"
_MARGIN = 10 * GRID
_LINE = 250 * GRID
"""Length of a line of called circuits."""


class Sheet:
    """One circuit's."""

    def __init__(self, circuit: Circuit, boxes: Mapping[str, Box], symbols: Symbols, bus: str) -> None:
        """`bus`: file of the label of several nets."""
        self._circuit, self._boxes, self._symbols, self._bus = circuit, boxes, symbols, bus
        self._objects: list[str] = []
        self._labels = 0
        self._right = self._bottom = 0

    def text(self) -> str:
        """The file."""
        placed = place(self._circuit, self._symbols)
        self._transistors(placed)
        self._calls()
        self._ports()
        return text.page(self._objects)

    def _transistors(self, placed: list[Placed]) -> None:
        for one in placed:
            m, symbol = one.devices.mos, one.symbol
            values = {
                "name": m.name,
                symbol.width: f"{m.w_nm / 1000:g}",
                symbol.length: f"{m.l_nm / 1000:g}",
                symbol.parallel: str(one.devices.count),
                **symbol.attributes,
            }
            self._objects.append(text.instance(symbol.file, one.at, values))
            self._right = max(self._right, one.at[0] + 2 * _MARGIN)
            self._bottom = max(self._bottom, one.at[1] + ROW)
        made = wiring(placed)
        self._objects += [text.wire(a, b) for a, b in made.wires]
        for net, at in made.left:
            self._name(net, at, 0)
        for net, at in made.right:
            self._name(net, at, 1)

    def _name(self, nets: str, at: Point, flip: Flip) -> None:
        self._labels += 1
        values = {"name": f"l{self._labels}", "sig_type": "std_logic", "lab": nets}
        if "," in nets:
            self._objects.append(text.instance(self._bus, at, {**values, "shown": shown(nets)}, flip))
        else:
            self._objects.append(text.instance(_NAME, at, values, flip))

    def _calls(self) -> None:
        """In lines below the transistors; what lies at a terminal is named there."""
        x, top, low = 0, self._bottom + PITCH, self._bottom
        for group in instances(self._circuit):
            box = self._boxes[group.calls[0].circuit]
            ends = [(port, side, group.nets(k)) for k, (port, side) in enumerate(box.sides.items())]
            if x > _LINE:
                x, top = 0, low + PITCH
            x += _room(ends, "left") + _MARGIN
            values = {"name": group.names, "many": shown(group.names)}
            self._objects.append(text.instance(f"{box.circuit.name}.sym", (x, top), values))
            for port, side, nets in ends:
                px, py = box.pins[port]
                self._name(nets, (x + px, top + py), 0 if side == "left" else 1)
            x += box.size[0] + PITCH + max(_room(ends, "right"), text_width(box.circuit.name, SMALL))
            self._right, low = max(self._right, x), max(low, top + box.size[1] + _MARGIN)
        self._bottom = low

    def _ports(self) -> None:
        """Inputs at the left, the others at the right, rails at the left above and below."""
        for port, at, side in self._port_places():
            self._labels += 1
            values = {"name": f"p{self._labels}", "lab": port}
            symbol = _INPUT if side == "left" else _TERMINAL
            self._objects.append(text.instance(symbol, at, values, 1 if side in ("top", "bottom") else 0))

    def _port_places(self) -> Iterator[tuple[str, Point, Side]]:
        sides = self._boxes[self._circuit.name].sides
        left = -2 * _MARGIN
        upper = [port for port, side in sides.items() if side == "top"]
        heights: dict[Side, int] = {
            "top": -PITCH * (len(upper) + 3),
            "left": 0,
            "right": 0,
            "bottom": max(self._bottom, PITCH * sum(side == "left" for side in sides.values())) + PITCH,
        }
        for port, side in sides.items():
            yield port, (self._right + _MARGIN if side == "right" else left, heights[side]), side
            heights[side] += PITCH


def _room(ends: Iterable[tuple[str, Side, str]], side: Side) -> int:
    """What the names at one side take."""
    return max((text_width(shown(nets), TEXT) for _, where, nets in ends if where == side), default=0)


def bus_label() -> str:
    """The symbol of a label of several nets, which shows them as a range."""
    kind = '\ntype=label\nformat="*.alias @lab"\ntemplate="name=l1 sig_type=std_logic lab=xxx shown=xxx"\n'
    objects = ["B 5 -1.25 -1.25 1.25 1.25 {name=p dir=in}", text.label("@shown", (-7.5, -7.5), TEXT, left=True)]
    return text.page(objects, kind)
