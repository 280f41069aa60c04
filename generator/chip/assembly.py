"""A chip from blocks: wires join what their ports' nets say, straps the supplies; circuit and layout from one list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import klayout.db as kdb

from somaforge.generator.block import Block, Box, Part, Port, Role, compose
from somaforge.generator.chip.access import End
from somaforge.generator.chip.grid import LAYERS, Grid, Tracks
from somaforge.generator.chip.supply import Rail, Strap, draw_supplies, rails
from somaforge.generator.chip.wires import draw_route, join
from somaforge.generator.draw import Canvas
from somaforge.pdk import Pdk
from somaforge.pdk.errors import InputError


@dataclass(frozen=True)
class Plan:
    """What a chip is made of."""

    name: str
    outline: Box
    parts: Sequence[Part]
    """`Part.nets` says which net of the chip a block's net is."""
    pins: Sequence[Port]
    """Of the chip, beside its supplies."""
    straps: Sequence[Strap]
    short: int = 0
    """By how much straps end before the lower and the upper edge, where a frame has its pins; in nm."""
    closed: Mapping[str, tuple[Box, ...]] = field(default_factory=dict)
    """Role of a part -> boxes of the chip that cover it: no wire goes over it, and what it has inside is not looked at.
    For parts of a million shapes."""
    ties: Mapping[str, Box] = field(default_factory=dict)
    """Net of a supply -> bar on `column` that joins all of its straps: where no rail crosses from one to the next."""

    @property
    def ends(self) -> tuple[int, int]:
        """Of the straps."""
        return self.outline[1] + self.short, self.outline[3] - self.short

    @property
    def power(self) -> tuple[Port, ...]:
        """Ports of the straps."""
        by_net = {
            part.nets.get(p.net, p.net): p.role for part in self.parts for p in part.block.ports if p.role.is_power
        }
        bottom, top = self.ends
        return tuple(Port(s.net, by_net[s.net], "strap", (s.left, bottom, s.right, top)) for s in self.straps)


OVER_BLOCK = 6
"""What a wire over a block costs at every step: it couples into what is below, so it goes around unless that is far."""


def outline_of(part: Part) -> Box:
    x1, y1, x2, y2 = part.block.outline
    return x1 + part.x, y1 + part.y, x2 + part.x, y2 + part.y


def terminals(plan: Plan) -> tuple[dict[str, list[End]], list[Port]]:
    """Ports of every net in the chip's coordinates: those of signals by net, those of supplies."""
    signals: dict[str, list[End]] = {}
    supplies: list[Port] = []
    for part in plan.parts:
        supplies += _supplies(part)
        for port in part.block.ports:
            if not port.role.is_power:
                moved = _moved(part, port)
                signals.setdefault(moved.net, []).append(End(moved, outline_of(part)))
    for pin in plan.pins:
        signals.setdefault(pin.net, []).append(End(pin))
    return signals, supplies


def _moved(part: Part, port: Port) -> Port:
    return replace(port.moved(part.x, part.y), net=part.nets.get(port.net, port.net))


def _supplies(part: Part) -> list[Port]:
    return [_moved(part, port) for port in part.block.ports if port.role.is_power]


def assemble(pdk: Pdk, plan: Plan) -> Block:
    """The chip as a block.

    InputError for an input that nothing drives, a rail that no strap reaches, wires that have no way.
    """
    signals, supplies = terminals(plan)
    _refuse_open(signals)
    scratch = _placed(pdk, plan)
    below = {layer.role: _on(scratch, layer.role) for layer in pdk.rules.conductors}
    _refuse_over_blocks(pdk, plan, below["strap"])
    parts = [outline_of(part) for part in plan.parts if part.role not in plan.closed]
    meshed = [p for part in plan.parts if part.role in plan.closed for p in _supplies(part)]
    crossed = rails(pdk, supplies, plan.straps, below, parts if plan.closed else (), meshed)
    joints = (*crossed, *(Rail("column", plan.ties[s.net], s) for s in plan.straps if s.net in plan.ties))

    def power(canvas: Canvas) -> None:
        draw_supplies(canvas, joints, plan.straps, *plan.ends)
        for pin in plan.pins:
            canvas.box(pin.layer, *pin.box)

    power(scratch)
    grid = Grid(Tracks(pdk, plan.outline), {layer: _on(scratch, layer) for layer in LAYERS})
    for part in plan.parts:
        if part.role not in plan.closed:
            grid.over(outline_of(part), OVER_BLOCK)
    for boxes in plan.closed.values():
        for layer in LAYERS:
            grid.block(layer, boxes)
    routes = join(grid, signals, low=bool(plan.closed))

    def wires(canvas: Canvas) -> None:
        power(canvas)
        for route in routes.values():
            draw_route(canvas, grid, route)

    return compose(pdk, plan.name, plan.parts, plan.outline, (*plan.power, *plan.pins), wires)


TAKES = (Role.ANALOG_INPUT, Role.DIGITAL_INPUT, Role.CLOCK)


def undriven(roles: Sequence[Role]) -> bool:
    """Whether a net with ports of these roles, all of blocks, needs a pin: a lone one, or inputs alone."""
    return len(roles) == 1 or all(role in TAKES for role in roles)


def _refuse_open(signals: dict[str, list[End]]) -> None:
    for net, ends in signals.items():
        roles = [end.port.role for end in ends]
        open_output = roles[0] in (Role.ANALOG_OUTPUT, Role.DIGITAL_OUTPUT, Role.MONITOR) and len(roles) == 1
        if all(end.block for end in ends) and undriven(roles) and not open_output:
            raise InputError(f"chip: nothing is joined with the {roles[0].value} {net}; give it a pin or a driver")


def _refuse_over_blocks(pdk: Pdk, plan: Plan, drawn: kdb.Region) -> None:
    """A strap keeps its space to what blocks have on its conductor: over a strap of a block it would join or short."""
    space = pdk.rules.strap.space
    for strap in plan.straps:
        near = kdb.Region(kdb.Box(strap.left, plan.ends[0], strap.right, plan.ends[1]).enlarged(space - 1, 0))
        met = drawn.interacting(near)
        if not met.is_empty():
            at = next(met.each()).bbox().center()
            inside = (p.role for p in plan.parts if kdb.Box(*outline_of(p)).contains(at))
            raise InputError(
                f"chip: the strap of {strap.net} at {strap.left / 1000:g} to {strap.right / 1000:g} um is not clear of "
                f"what {next(inside, 'a block')} has on {pdk.rules.strap.role} at {at.x / 1000:g}, {at.y / 1000:g} um; "
                "move it"
            )


def _placed(pdk: Pdk, plan: Plan) -> Canvas:
    """The blocks alone."""
    scratch = kdb.Layout()
    scratch.dbu = 0.001
    once = {part.block.name: part.block for part in plan.parts if part.role not in plan.closed}
    cells = {name: block.draw(scratch) for name, block in once.items()}
    canvas = Canvas(scratch, pdk, plan.name)
    for part in plan.parts:
        if part.role in plan.closed:
            _cover(canvas, part, plan.closed[part.role])
        else:
            canvas.place(cells[part.block.name], part.x, part.y)
    return canvas


def _cover(canvas: Canvas, part: Part, boxes: Sequence[Box]) -> None:
    """Boxes in place of a part; on `strap`, where its rails end, what it has."""
    inside = kdb.Layout()
    inside.dbu = canvas.layout.dbu
    drawn, strap = part.block.draw(inside), inside.layer(*canvas.pdk.layers["strap"])
    found = kdb.Region(drawn.begin_shapes_rec(strap)).merged().moved(part.x, part.y)
    canvas.cell.shapes(canvas.layer("strap")).insert(found)
    for conductor in canvas.r.conductors:
        if conductor.role != "strap":
            for box in boxes:
                canvas.box(conductor.role, *box)


def _on(canvas: Canvas, layer: str) -> kdb.Region:
    """What is drawn on a layer."""
    return kdb.Region(canvas.cell.begin_shapes_rec(canvas.layer(layer))).merged()
