"""Where the wires' capacitance goes: onto nets between cells, and, as one mean synapse, onto the nodes inside.

A coupling between two nets counts on both as if the other stood still: on an extracted 7-7-7 array grounding all of
them moved the time to output by 0.1 %. What ends inside a synapse is measured together with its transistors
(flow.engines.array.capacitance): leaving it out makes the output 9 % too early there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from somaforge.flow.engines.base import ProgrammedChip
from somaforge.generator.names import GROUND, OUT, SUPPLY, Place, inside_synapse, neuron, place, rail, whole

SMALLEST_F = 1e-17
"""Of a mean coupling inside a cell; smaller ones go to ground."""


@dataclass(frozen=True, eq=False)
class Wires:
    """Capacitances in F."""

    nets: Mapping[str, float]
    """Of every net between cells, without what ends inside a synapse."""
    supply: Mapping[str, float]
    """The part of it that ends at the supply."""
    inner: tuple[tuple[str, str, float], ...]
    """Between the nodes, pins, supply and ground of one synapse: the mean over all of them."""


def wires_of(chip: ProgrammedChip) -> Wires:
    """Sums the netlist's capacitors up."""
    nets: dict[str, float] = {}
    supply: dict[str, float] = {}
    inner: dict[tuple[str, str], float] = {}
    for c in chip.flat.capacitors:
        a, b = whole(c.a), whole(c.b)
        if a == b:
            continue
        inside = _inner(a), _inner(b)
        for at, other in ((inside[0], b), (inside[1], a)):
            if at is not None:
                pair = (at.inside, _local(other, at))
                # a coupling between two nodes of the same cell comes by twice
                share = 0.5 if inside_synapse(pair[1]) else 1.0
                key = (min(pair), max(pair))
                inner[key] = inner.get(key, 0.0) + share * c.farad
        if inside == (None, None):
            for net, other in ((a, b), (b, a)):
                nets[net] = nets.get(net, 0.0) + c.farad
                if other == SUPPLY:
                    supply[net] = supply.get(net, 0.0) + c.farad
        else:  # what a pin of another cell sees of a node here
            for net, at in ((a, inside[1]), (b, inside[0])):
                if at is not None and _inner(net) is None and _local(net, at) == GROUND:
                    nets[net] = nets.get(net, 0.0) + c.farad
    count = chip.design.synapse_count
    return Wires(nets, supply, _mean(inner, count))


def _inner(net: str) -> Place | None:
    """Where a net lies that begins in a synapse; None for another."""
    at = place(net)
    own = at is not None and at.cell == "synapse" and at.latch is None and inside_synapse(at.inside)
    return at if own else None


def _local(net: str, at: Place) -> str:
    """A net as seen from inside the synapse there; everything but its pins stands still."""
    if (row := rail(net)) is not None:
        return row[0] if row[2] == at.row else GROUND
    if (summed := neuron(net)) is not None and summed[0] > 0:
        return OUT if summed[1] == at.column else GROUND
    if (inside := _inner(net)) is not None and (inside.row, inside.column) == (at.row, at.column):
        return inside.inside
    return SUPPLY if net == SUPPLY else GROUND


def _mean(total: Mapping[tuple[str, str], float], count: int) -> tuple[tuple[str, str, float], ...]:
    found: dict[tuple[str, str], float] = {}
    for (a, b), farad in total.items():
        mean = farad / count
        small = mean < SMALLEST_F and "gnd" not in (a, b)
        for key in [(a, "gnd"), (b, "gnd")] if small else [(a, b)]:
            pins = ("vp", "vn", "out", SUPPLY, "gnd")
            if key[0] not in pins or key[1] not in pins:
                ordered = (min(key), max(key))
                found[ordered] = found.get(ordered, 0.0) + mean
    # rounded, so that the chips of one design share a measurement
    return tuple((a, b, round(farad, 20)) for (a, b), farad in sorted(found.items()))
