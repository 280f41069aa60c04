"""The slow nodes of a layer: column, p rail and n rail of every soma, and the capacitance that each of them carries."""

from dataclasses import dataclass

import numpy as np
import torch

from somaforge.flow.engines.array.capacitance import Loads
from somaforge.flow.engines.array.cells import PINS, USUAL, Cells, Levels
from somaforge.flow.engines.array.nodes import Nodes, logs_of
from somaforge.flow.engines.array.soma import SMALLEST_A, Somas
from somaforge.flow.engines.array.steps import Singles
from somaforge.flow.engines.array.wires import Wires
from somaforge.flow.engines.base import ProgrammedChip
from somaforge.generator.names import sum_net, vn_net, vp_net
from somaforge.pdk.arrays import Floats

COLUMN, P, N, SUPPLY = range(4)
"""Nodes of a soma, in the order of its pins (flow.engines.array.capacitance)."""
RAIL_PINS = {P: PINS["p"], N: PINS["n"]}
"""Of a synapse at the rails."""
MAP_POINTS = 240
HIGHEST_A = 1e-4
"""Of a RailMap."""


@dataclass(frozen=True, eq=False)
class RailMap:
    """ln of the current that would hold a node at a voltage, and back, for each soma of a layer."""

    low: float
    step: float
    """ln of the currents in A: SMALLEST_A to HIGHEST_A, or what the supply carries."""
    rising: Floats
    """[column, p rail, n rail; somas, points] in V; the p rail falls when the current grows, so its sign is changed."""

    @classmethod
    def of(cls, somas: Somas) -> "RailMap":
        """Solves the somas at rest on a grid of currents."""
        low, high = float(np.log(SMALLEST_A)), float(np.log(min(HIGHEST_A, somas.highest())))
        logs = torch.linspace(low, high, MAP_POINTS, dtype=torch.float64)
        column = somas.input_voltage(logs.exp().unsqueeze(-1).expand(-1, somas.count))
        p, n, _ = somas.rails(column)
        rising = torch.stack([column.T, -p.T, n.T]).contiguous().numpy()
        return cls(low, (high - low) / (MAP_POINTS - 1), rising)

    def logs(self, nodes: Floats) -> Floats:
        """ln of the currents in A of the nodes [patterns, 3 * somas]: columns, p rails, n rails."""
        found = np.empty_like(nodes)
        logs_of(self.rising, self.low, self.step, nodes, found)
        return found

    def voltages(self, logs: Floats) -> Floats:
        """The nodes [patterns, 3 * somas] from ln of the currents."""
        kinds, somas, points = self.rising.shape
        x = (logs.reshape(-1, kinds, somas) - self.low) / self.step
        i = np.clip(np.floor(x), 0, points - 2).astype(np.int64)
        kind, soma = np.ogrid[:kinds, :somas]
        low, high = self.rising[kind, soma, i], self.rising[kind, soma, i + 1]
        found = low + (x - i) * (high - low)
        found[:, 1] *= -1
        return found.reshape(logs.shape)


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer of somas and the matrix below it."""

    rails: RailMap
    nodes: Nodes
    idle: Floats
    """[nodes] in F: columns, p rails and n rails with all synapses, where nothing flows."""
    cells: Cells | None
    """None behind the last layer."""


def layers_of(chip: ProgrammedChip, somas: list[Somas], found: Loads, wires: Wires) -> list[Layer]:
    """Adds up cells and wires on every slow node."""
    full = chip.design.weights.full_scale
    levels = Levels.of(found.levels)
    # what a p rail sees hardly knows the column's voltage
    usual = found.synapse[..., USUAL]
    layers: list[Layer] = []
    first = 0
    for k, soma in enumerate(somas):
        # [into COLUMN, P, N or SUPPLY; moved; somas; levels]
        own = np.repeat(found.soma[:, :3, None, :], soma.count, axis=2)
        above = None if k == 0 else chip.codes[k - 1] + full
        # the last rails drive one output synapse of weight +1 each
        below = chip.codes[k] + full if k < len(somas) - 1 else np.full((soma.count, 1), full + 1)
        for i in range(soma.count):
            nets = {COLUMN: sum_net(k, i), P: vp_net(k, i), N: vn_net(k, i)}
            for node, net in nets.items():
                own[node, node, i] += wires.nets.get(net, 0.0)
                own[SUPPLY, node, i] -= wires.supply.get(net, 0.0)
        for into, moved in ((P, P), (P, N), (N, P)):
            own[into, moved] += usual[below, RAIL_PINS[into], RAIL_PINS[moved]].sum(1)
        for moved in (P, N):
            own[SUPPLY, moved] += usual[below, -1, RAIL_PINS[moved]].sum(1)
        cells, at_rails = None, np.zeros(soma.count)
        if k < len(somas) - 1:
            cells = Cells.of(found, chip.codes[k])
            at_rails = found.synapse[below, PINS["n"], PINS["n"], 0, 0].sum(1)
        else:
            own[N, N] += found.synapse[below, PINS["n"], PINS["n"], :, -1].sum(1)
        at_column = np.zeros(soma.count)
        if above is not None:
            own[SUPPLY, COLUMN] += usual[above, -1, PINS["out"]].sum(0)
            at_column = found.synapse[above, PINS["out"], PINS["out"], 0, 0].sum(0)
        idle = [own[node, node, :, 0] + more for node, more in ((COLUMN, at_column), (P, 0.0), (N, at_rails))]
        rails = RailMap.of(soma)
        nodes = Nodes(first, *soma.tables(), rails.rising, rails.low, rails.step, *_moved(levels, own))
        layers.append(Layer(rails, nodes, np.concatenate(idle), cells))
        first += 3 * soma.count
    return layers


def _moved(levels: Levels, own: Floats) -> tuple[Singles, float, float]:
    """The last fields of Nodes from [into, moved, somas, levels]."""
    order = ((COLUMN, P, N, SUPPLY), (P, COLUMN, N, SUPPLY), (N, COLUMN, P, SUPPLY))
    every = np.stack([levels.finer(own[list(into), moved]) for moved, into in enumerate(order)])
    # [moved, into, somas, levels] -> [moved, somas, levels, into]
    return np.ascontiguousarray(every.transpose(0, 2, 3, 1), dtype=np.float32), levels.low, levels.step
