"""Which rules of good matching the mirrors follow, measured on the drawn layout and not on the plan.

A mirror is as good as its units are alike: same size, same direction of current, same neighbours, nothing over the
channel of one that the other does not have. Every statement here is a measurement of the shapes; what is not followed
is said as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import klayout.db as kdb

from somaforge.generator.cells.plan import StripPlan
from somaforge.generator.cells.rows import Strip
from somaforge.generator.design import Design
from somaforge.generator.layout import DrawnDesign
from somaforge.generator.names import OUTPUT_SYNAPSE, SIGN, SOMA, SYNAPSE, node_net

IDLE = ("rail", SIGN)
"""Gate nets of a strip that are no mirror: dummies that are always off, and the sign switch."""


@dataclass(frozen=True)
class Statement:
    """One rule and what the layout shows."""

    rule: str
    followed: bool
    measured: str


@dataclass(frozen=True)
class _Strip:
    """The devices of one mirror strip of one cell, as drawn."""

    name: str
    gates: tuple[kdb.Box, ...]
    """From left to right."""
    diffusions: int
    """Separate polygons of diffusion that the gates lie on."""
    flat: bool
    """Whether the diffusion goes on left and right of every gate and not above or below."""
    working: tuple[bool, ...]
    """Whether a gate belongs to a mirror."""
    covered: tuple[tuple[str, tuple[int, ...]], ...]
    """Per wiring layer: area in nm2 over the channel of each working gate."""

    @property
    def units(self) -> list[kdb.Box]:
        """The working gates."""
        return [g for g, works in zip(self.gates, self.working, strict=True) if works]

    @property
    def spaces(self) -> set[int]:
        """Distances in nm from working gates to the gates beside them."""
        pairs = zip(self.gates[:-1], self.gates[1:], self.working[:-1], self.working[1:], strict=True)
        return {right.left - left.right for left, right, a, b in pairs if a or b}


def statements(design: Design, drawn: DrawnDesign) -> tuple[Statement, ...]:
    """All rules, for the mirrors of soma, synapse and output synapse."""
    strips = tuple(_strips(design, drawn))
    size = (design.sizes.unit.l, design.sizes.unit.w)
    alike = all((g.width(), g.height()) == size for s in strips for g in s.units)
    spaces = {s.name: s.spaces for s in strips}
    every = set().union(*spaces.values())
    return (
        Statement(
            "all units are the same device",
            alike,
            f"{sum(len(s.units) for s in strips)} gates in {len(strips)} strips, each {size[1]} x {size[0]} nm (W x L)",
        ),
        Statement(
            "current flows along one axis in all units",
            all(s.flat for s in strips) and _upright(design, drawn),
            "gates are vertical in horizontal strips; cells are placed straight or upside down, never turned",
        ),
        Statement(
            "units of a strip share one diffusion",
            all(s.diffusions == 1 for s in strips),
            ", ".join(f"{s.name}: {s.diffusions}" for s in strips),
        ),
        Statement(
            "every unit has a gate on both sides",
            all(s.gates and not (s.working[0] or s.working[-1]) for s in strips),
            "each strip ends with a dummy that is off, or with the sign switch",
        ),
        Statement(
            "and at the same distance",
            len(every) == 1,
            "; ".join(f"{name}: {_span(values)} nm" for name, values in spaces.items()),
        ),
        Statement(
            "the same wiring over all channels of a strip",
            all(len(set(areas)) <= 1 for s in strips for _, areas in s.covered),
            "; ".join(_coverage(s, size[0] * size[1]) for s in strips),
        ),
        Statement(
            "the units of all bits have one common centre",
            all(offset == 0 for _, offset in _centres(design, drawn)),
            "from the centre of all units: " + ", ".join(f"bit {k} {x} nm" for k, x in _centres(design, drawn)),
        ),
    )


def _span(values: set[int]) -> str:
    low, high = min(values), max(values)
    return f"{low}" if low == high else f"{low} to {high}"


def _coverage(strip: _Strip, channel: int) -> str:
    parts = [
        f"{layer} {100 * min(areas) // channel} to {100 * max(areas) // channel} %"
        for layer, areas in strip.covered
        if any(areas)
    ]
    return f"{strip.name}: {', '.join(parts) if parts else 'none'}"


def _upright(design: Design, drawn: DrawnDesign) -> bool:
    """Whether every instance on the way to a mirror is only moved or mirrored at a horizontal line."""
    layout, mirrors = drawn.layout, map(design.cell, (SOMA, SYNAPSE, OUTPUT_SYNAPSE))
    cells = {layout.cell(name).cell_index() for name in mirrors}
    for index in tuple(cells):
        cells |= set(layout.cell(index).caller_cells())
    placed = (inst for k in cells for inst in layout.cell(k).each_inst())
    return all(inst.trans.angle == 0 for inst in placed if inst.cell_index in cells)


def _strips(design: Design, drawn: DrawnDesign) -> Iterator[_Strip]:
    z, soma, core = drawn.plan.rows, drawn.plan.soma, drawn.plan.synapse
    for cell, n, p in ((SOMA, soma.n, soma.p), (SYNAPSE, core.strip, core.strip)):
        yield _strip(design, drawn, cell, f"{cell} n", z.n, n)
        yield _strip(design, drawn, cell, f"{cell} p", z.p, p)
    yield _strip(design, drawn, OUTPUT_SYNAPSE, "output synapse n", z.n, core.strip)
    yield _strip(design, drawn, OUTPUT_SYNAPSE, "output synapse p", z.p, core.strip)


def _strip(design: Design, drawn: DrawnDesign, cell: str, name: str, strip: Strip, plan: StripPlan) -> _Strip:
    shapes = drawn.layout.cell(design.cell(cell))

    def region(layer: str) -> kdb.Region:
        index = drawn.layout.layer(*design.pdk.layers[layer])
        return kdb.Region(shapes.begin_shapes_rec(index)).merged()

    low, high = sorted((strip.edge, strip.far))
    diffusion = region("active").interacting(kdb.Region(kdb.Box(plan.gates[0], low, plan.gates[-1], high)))
    drawn_gates = diffusion & region("gate")
    gates = sorted((g.bbox() for g in drawn_gates.merged().each()), key=lambda b: b.left)
    if len(gates) != len(plan.gate_nets) or any(not g.is_box() for g in drawn_gates.merged().each()):
        raise ValueError(f"{name}: {len(gates)} gates are drawn, {len(plan.gate_nets)} are planned")
    flat = all(
        diffusion.bbox().left < g.left
        and g.right < diffusion.bbox().right
        and (g.bottom, g.top) == (diffusion.bbox().bottom, diffusion.bbox().top)
        for g in gates
    )
    working = tuple(net not in IDLE for net in plan.gate_nets)
    units = [g for g, works in zip(gates, working, strict=True) if works]
    wires = {layer: region(layer) for layer in ("local", "inner", "row", "column")}
    covered = tuple((k, tuple(int((kdb.Region(g) & w).area()) for g in units)) for k, w in wires.items())
    return _Strip(name, tuple(gates), diffusion.count(), flat, working, covered)


def _centres(design: Design, drawn: DrawnDesign) -> list[tuple[int, int]]:
    """For each bit: distance in nm of the centre of its units from that of all units of the synapse."""
    strip = drawn.plan.synapse.strip
    of_bit: dict[int, list[int]] = {k: [] for k in range(design.spec.array.bits)}
    bits = {node_net(k): k for k in of_bit}
    for i, net in enumerate(strip.gate_nets):
        if net not in IDLE:
            beside = next(d for d in strip.diffusions[i : i + 2] if d in bits)
            of_bit[bits[beside]].append(strip.gates[i])
    everything = [x for xs in of_bit.values() for x in xs]
    middle = sum(everything) / len(everything)
    return [(k, round(sum(xs) / len(xs) - middle)) for k, xs in of_bit.items()]
