"""The drivers: one more matrix before the input somas, which makes input currents from codes (docs/drivers.md).

Its rows are reference somas, fed by the bias; its columns are the inputs; its weights are the pattern, positive codes.
It is an array of the same cells with a port of its own, without anything behind its columns: their sums are its outputs
and go to the input somas of the array.

Folded (`chip.drivers.bank`) it is the same circuit in several blocks: the reference somas in one, the columns in banks
whose rows get the rails of those somas, each with a register of its own; banks in a row make a lane.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import klayout.db as kdb

from somaforge.generator import design
from somaforge.generator.array import floorplan
from somaforge.generator.block import Block, Port, Role, draw_ports
from somaforge.generator.cells.soma import draw_soma
from somaforge.generator.circuit import Call, Circuit, Library
from somaforge.generator.currents import draw_inputs
from somaforge.generator.draw import Canvas
from somaforge.generator.layout import top_block
from somaforge.generator.names import (
    DRIVERS,
    GROUND,
    RAILS,
    SOMA,
    SUPPLY,
    cell_name,
    reference_net,
    soma_path,
    vn_net,
    vp_net,
)
from somaforge.generator.spec import Spec

REFERENCES = "references"


def drivers_spec(spec: Spec, inputs: int | None = None) -> Spec:
    """Of the block of drivers, or of a bank for so many inputs: ValueError without them."""
    if spec.chip is None or spec.chip.drivers is None:
        raise ValueError(f"{spec.name} has no drivers")
    layers = (spec.chip.drivers.rows(spec.array.bits), inputs or spec.array.layers[0])
    alone = spec.chip.model_copy(update={"drivers": None})
    array = spec.array.model_copy(update={"layers": layers, "port": "scan"})
    name = f"{spec.name}_{DRIVERS}" + (f"_{inputs}" if inputs else "")
    return spec.model_copy(update={"name": name, "array": array, "chip": alone})


def build(spec: Spec) -> design.Design:
    """The drivers of a spec that has them, all in one; generator.layout.draw draws them."""
    return design.build(drivers_spec(spec), drives=True)


@dataclass(frozen=True)
class Bank:
    """One of the blocks that drivers are folded into."""

    first: int
    """Of its inputs."""
    inputs: int
    lane: int


@dataclass(frozen=True)
class Folded:
    """The blocks of drivers that are folded."""

    spec: Spec

    @cached_property
    def banks(self) -> tuple[Bank, ...]:
        """From the lowest input on; ValueError for drivers that are not folded."""
        wanted = self.spec.drivers
        if wanted is None or wanted.bank is None:
            raise ValueError(f"the drivers of {self.spec.name} are not folded")
        inputs, most = self.spec.array.layers[0], wanted.bank
        count = -(-inputs // most)
        each = -(-count // min(wanted.lanes, count))
        return tuple(Bank(k * most, min(most, inputs - k * most), k // each) for k in range(count))

    @property
    def lanes(self) -> int:
        """Registers side by side."""
        return self.banks[-1].lane + 1

    @property
    def bits(self) -> tuple[int, ...]:
        """Of each of them."""
        inputs = (sum(b.inputs for b in self.banks if b.lane == lane) for lane in range(self.lanes))
        return tuple(n * (self.spec.array.bits + 1) for n in inputs)

    @cached_property
    def designs(self) -> Mapping[int, design.Design]:
        """Inputs of a bank -> its design; banks of one size are one cell."""
        sizes = dict.fromkeys(bank.inputs for bank in self.banks)
        return {n: design.build(drivers_spec(self.spec, n), drives=True, somas=False) for n in sizes}

    def blocks(self) -> Mapping[int, Block]:
        """Inputs of a bank -> its block, register in it."""
        return {n: top_block(made) for n, made in self.designs.items()}

    def references(self) -> Block:
        """The reference somas: their currents come in at the left, their rails leave at the right."""
        return references_block(build(self.spec))


def folded(spec: Spec) -> Folded | None:
    """None for a spec without drivers, or whose drivers are one block."""
    return None if spec.drivers is None or spec.drivers.bank is None else Folded(spec)


def references_block(made: design.Design) -> Block:
    """The somas of drivers as a block of their own."""
    plan, name = floorplan(made), cell_name(made.spec.name, REFERENCES)
    edge, rows = plan.die[0], made.layers[0]
    outline = (edge, edge, plan.soma.width - edge, rows * plan.rows.height - edge)
    soma = made.library.circuits[made.cell(SOMA)]
    ends = [(reference_net(r), vp_net(0, r), vn_net(0, r)) for r in range(rows)]
    calls = tuple(Call(soma_path(0, r), soma.name, (*ends[r], *RAILS)) for r in range(rows))
    circuit = Circuit(name, (*(net for each in ends for net in each), *RAILS), (), calls)
    half, wide = plan.measures.strap_half, plan.measures.bus_half

    def rails() -> Iterator[tuple[str, int]]:
        for r in range(rows):
            yield vp_net(0, r), plan.y(r, plan.rows.p.gate_y)
            yield vn_net(0, r), plan.y(r, plan.rows.n.gate_y)

    def ports() -> Iterator[Port]:
        for r in range(rows):
            y = plan.y(r, plan.input_y)
            yield Port(reference_net(r), Role.BIAS, "strap", (edge, y - half, edge + 2 * half, y + half))
        for net, y in rails():
            yield Port(net, Role.BIAS, "row", (outline[2] - 2 * wide, y - wide, outline[2], y + wide))
        for k in range(rows + 1):
            net, role = (SUPPLY, Role.SUPPLY) if k % 2 else (GROUND, Role.GROUND)
            y, high = k * plan.rows.height, plan.measures.power_half
            yield Port(net, role, "strap", (edge, y - high, edge + 2 * high, y + high))

    def draw(layout: kdb.Layout) -> kdb.Cell:
        cell, top = Canvas(layout, made.pdk, soma.name), Canvas(layout, made.pdk, name)
        draw_soma(cell, made, plan.rows)
        for r in range(rows):
            top.place(cell, 0, plan.row_origin(r), plan.is_mirrored(r))
        draw_inputs(top, plan, edge, plan.soma.input_x)
        for _, y in rails():
            top.box("row", plan.soma.width - wide, y - wide, outline[2], y + wide)
        for k in range(rows + 1):
            y, high = k * plan.rows.height, plan.measures.power_half
            top.box("strap", edge, y - high, outline[2], y + high)
        draw_ports(top, found)
        top.box("boundary", *outline)
        return top.cell

    found = tuple(ports())
    return Block(name, outline, found, Library({soma.name: soma, name: circuit}, name), draw)
