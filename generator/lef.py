"""The macro's LEF: outline, pins with their shapes and antenna areas, and what a router must keep out of.

Antenna areas come from the schematic, which LVS has compared with the layout: the channels (W x L) that a pin drives,
and the smallest diffusion that its transistors can have (a shared one). Every routing layer that the macro uses is
closed over the whole outline but around the pins: wires over matched analog devices would couple into them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import klayout.db as kdb

from somaforge.generator.block import Block, Box, Role
from somaforge.generator.circuit import Library
from somaforge.pdk import Pdk
from somaforge.pdk.geometry import Rules
from somaforge.pdk.templating import render

_USES: Mapping[Role, tuple[str, str]] = {
    Role.SUPPLY: ("INOUT", "POWER"),
    Role.GROUND: ("INOUT", "GROUND"),
    Role.DIGITAL_INPUT: ("INPUT", "SIGNAL"),
    Role.DIGITAL_OUTPUT: ("OUTPUT", "SIGNAL"),
    Role.DIGITAL_BOTH: ("INOUT", "SIGNAL"),
    Role.CLOCK: ("INPUT", "CLOCK"),
}
"""DIRECTION and USE of a role; all others are analog."""


@dataclass(frozen=True)
class Areas:
    """What hangs on a net, in um2."""

    gate: float = 0.0
    diffusion: float = 0.0

    def __add__(self, other: "Areas") -> "Areas":
        return Areas(self.gate + other.gate, self.diffusion + other.diffusion)


@dataclass(frozen=True)
class Pin:
    """One pin of the macro."""

    name: str
    direction: str
    use: str
    areas: Areas
    boxes: tuple[tuple[str, Box], ...]
    """(layer of ours, rectangle)."""


@dataclass(frozen=True)
class Abstract:
    """What place and route may know about the macro."""

    name: str
    outline: Box
    pins: tuple[Pin, ...]
    obstructions: Mapping[str, tuple[Box, ...]]
    """By layer of ours."""


def abstract(layout: kdb.Layout, pdk: Pdk, block: Block) -> Abstract:
    """The abstract of a block that is drawn in `layout`."""
    areas = port_areas(block.library, half_drain_nm(pdk))
    pins = []
    for net, role in block.roles().items():
        direction, use = _USES.get(role, ("INOUT", "ANALOG"))
        boxes = tuple((port.layer, port.box) for port in block.ports if port.net == net)
        pins.append(Pin(net, direction, use, Areas() if role.is_power else areas[net], boxes))
    cell = layout.cell(block.name)
    return Abstract(
        block.name, block.outline, tuple(pins), _obstructions(layout, cell, pdk, block.outline, tuple(pins))
    )


def half_drain_nm(pdk: Pdk) -> int:
    """Half of the shortest diffusion between two gates: no drain is shorter."""
    if pdk.cells is not None:
        return pdk.cells.half_drain_nm
    return pdk.rules.contact_size // 2 + pdk.rules.contact_to_gate


def port_areas(library: Library, half_drain: int) -> Mapping[str, Areas]:
    """Gate and diffusion area on every port of the top circuit, through all of its hierarchy."""
    found: dict[str, dict[str, Areas]] = {}
    for circuit in library.circuits.values():  # children first
        nets = dict.fromkeys(circuit.ports, Areas())
        for mos in circuit.mos:
            diffusion = Areas(diffusion=half_drain * mos.w_nm / 1e6)
            for net, area in ((mos.g, Areas(gate=mos.w_nm * mos.l_nm / 1e6)), (mos.d, diffusion), (mos.s, diffusion)):
                if net in nets:
                    nets[net] += area
        for call in circuit.calls:
            for area, net in zip(found[call.circuit].values(), call.nets, strict=True):
                if net in nets:
                    nets[net] += area
        found[circuit.name] = nets
    return found[library.top]


def lef(macro: Abstract, rules: Rules) -> str:
    """The text, LEF 5.7, with the outline's lower left corner at the origin."""
    x0, y0, x1, y1 = macro.outline

    def box(b: Box) -> str:
        return f"{_um(b[0] - x0)} {_um(b[1] - y0)} {_um(b[2] - x0)} {_um(b[3] - y0)}"

    return render(
        "macro.lef.j2",
        name=macro.name,
        origin=f"{_um(x0)} {_um(y0)}",
        size=(_um(x1 - x0), _um(y1 - y0)),
        pins=[
            {
                "name": pin.name,
                "direction": pin.direction,
                "use": pin.use,
                "gate_area": f"{pin.areas.gate:.6f}" if pin.areas.gate > 0 else "",
                "diffusion_area": f"{pin.areas.diffusion:.6f}" if pin.areas.diffusion > 0 else "",
                "ports": [{"layer": rules.conductor(layer).lef_name, "boxes": [box(b)]} for layer, b in pin.boxes],
            }
            for pin in macro.pins
        ],
        obstructions=[
            {"layer": rules.conductor(layer).lef_name, "boxes": [box(b) for b in boxes]}
            for layer, boxes in macro.obstructions.items()
        ],
    )


def _um(nm: int) -> str:
    return f"{nm / 1000:.3f}"


def _obstructions(
    layout: kdb.Layout, cell: kdb.Cell, pdk: Pdk, outline: Box, pins: tuple[Pin, ...]
) -> Mapping[str, tuple[Box, ...]]:
    """Of every routing layer with a shape in it: the outline without the pins and their spacing."""
    found: dict[str, tuple[Box, ...]] = {}
    for conductor in pdk.rules.conductors:
        layer = conductor.role
        if layer not in pdk.layers or cell.bbox(layout.layer(*pdk.layers[layer])).empty():
            continue
        windows = kdb.Region()
        for box in (b for pin in pins for where, b in pin.boxes if where == layer):
            windows.insert(kdb.Box(*box))
        left = kdb.Region(kdb.Box(*outline)) - windows.merged().sized(conductor.space)
        boxes = (p.bbox() for p in left.decompose_trapezoids_to_region().each())
        found[layer] = tuple((b.left, b.bottom, b.right, b.top) for b in boxes)
    return found
