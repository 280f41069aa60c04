"""The slow nodes of a layer: column, p rail and n rail of every soma, and the capacitance that each of them carries."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from somaforge.flow.engines.array.capacitance import Loads
from somaforge.flow.engines.array.cells import PINS, USUAL, Cells, Levels
from somaforge.flow.engines.array.soma import SMALLEST_A, Somas
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


class RailMap:
    """ln of the current that would hold a node at a voltage, and back, for each soma of a layer."""

    def __init__(self, somas: Somas, where: torch.device) -> None:
        """Solves the somas at rest on a grid of currents from SMALLEST_A to HIGHEST_A, or what the supply carries."""
        low, high = float(np.log(SMALLEST_A)), float(np.log(min(HIGHEST_A, somas.highest())))
        logs = torch.linspace(low, high, MAP_POINTS, dtype=torch.float64, device=where)
        self._low, self._step = low, (high - low) / (MAP_POINTS - 1)
        column = somas.input_voltage(logs.exp().unsqueeze(-1).expand(-1, somas.count))
        p, n, _ = somas.rails(column)
        # [somas, points] that rise; the p rail falls when the current grows
        self._column, self._p, self._n = (part.T.contiguous() for part in (column, -p, n))

    def of_p(self, v: Tensor) -> Tensor:
        """ln of the current in A for p rails [patterns, somas]."""
        return self._log(self._p, -v)

    def of_n(self, v: Tensor) -> Tensor:
        """ln of the current in A for n rails."""
        return self._log(self._n, v)

    def logs(self, v: Tensor, p: Tensor, n: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of columns and both rails."""
        return self._log(self._column, v), self.of_p(p), self.of_n(n)

    def voltages(self, v: Tensor, p: Tensor, n: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of columns and both rails, from ln of the currents in A."""
        return self._voltage(self._column, v), -self._voltage(self._p, p), self._voltage(self._n, n)

    def _log(self, table: Tensor, v: Tensor) -> Tensor:
        v = v.T.contiguous()
        i = torch.searchsorted(table, v).clamp(1, MAP_POINTS - 1)
        low, high = table.gather(1, i - 1), table.gather(1, i)
        found: Tensor = (self._low + self._step * (i - 1 + (v - low) / (high - low))).T
        return found

    def _voltage(self, table: Tensor, log: Tensor) -> Tensor:
        x = (log.T - self._low) / self._step
        i = x.floor().clamp(0, MAP_POINTS - 2).to(torch.int64)
        low, high = table.gather(1, i), table.gather(1, i + 1)
        found: Tensor = (low + (x - i) * (high - low)).T
        return found


@dataclass(frozen=True, eq=False)
class Couplings:
    """Current into one node of a soma over the slope of another in F: `p_of_n` flows into the p rail when n moves."""

    column_of_p: Tensor
    column_of_n: Tensor
    p_of_column: Tensor
    p_of_n: Tensor
    n_of_column: Tensor
    n_of_p: Tensor

    @classmethod
    def between(cls, own: Tensor) -> "Couplings":
        """From currents [into, moved, ...] of the nodes COLUMN, P, N."""
        return cls(own[COLUMN, P], own[COLUMN, N], own[P, COLUMN], own[P, N], own[N, COLUMN], own[N, P])

    def at(self, levels: Levels, column: Tensor, p: Tensor, n: Tensor) -> "Couplings":
        """[patterns, somas] at ln of the currents of the nodes: of those that move."""
        at = levels.at
        return Couplings(
            at(self.column_of_p, p),
            at(self.column_of_n, n),
            at(self.p_of_column, column),
            at(self.p_of_n, n),
            at(self.n_of_column, column),
            at(self.n_of_p, p),
        )


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer of somas with its loads: [somas, levels] in F for each slow node, and couplings between the nodes."""

    somas: Somas
    rails: RailMap
    levels: Levels
    column: Tensor
    """Without synapses."""
    p: Tensor
    n: Tensor
    """Without synapses, but for those of the outputs."""
    idle: tuple[Tensor, Tensor, Tensor]
    """[somas] in F: column, p and n with all synapses, where nothing flows."""
    couplings: Couplings
    supply: tuple[Tensor, Tensor, Tensor]
    """Current out of the supply over the slope of column, p and n, those of the synapses at each of them included."""
    into_p: Tensor | None
    """[columns of the matrix below, somas] in F: current into p rails over the slope of a column."""
    cells: Cells | None
    """The matrix below."""


def layers_of(chip: ProgrammedChip, somas: list[Somas], found: Loads, wires: Wires, where: torch.device) -> list[Layer]:
    """Adds up cells and wires on every slow node."""
    full = chip.design.weights.full_scale
    levels = Levels.of(found.levels)

    def tensor(values: Floats) -> Tensor:
        return torch.tensor(values, dtype=torch.float64, device=where)

    def every_level(values: Floats) -> Tensor:
        return tensor(levels.finer(values))

    # what a p rail sees hardly knows the column's voltage
    usual = found.synapse[..., USUAL]
    layers = []
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
        cells, into_p = None, None
        if k < len(somas) - 1:
            cells = Cells.of(found, chip.codes[k], where)
            into_p = tensor(usual[below, PINS["p"], PINS["out"], len(found.levels) // 2].T)
            at_rails = found.synapse[below, PINS["n"], PINS["n"], 0, 0].sum(1)
        else:
            own[N, N] += found.synapse[below, PINS["n"], PINS["n"], :, -1].sum(1)
            at_rails = np.zeros(soma.count)
        at_column = np.zeros(soma.count)
        if above is not None:
            own[SUPPLY, COLUMN] += usual[above, -1, PINS["out"]].sum(0)
            at_column = found.synapse[above, PINS["out"], PINS["out"], 0, 0].sum(0)
        idle = [own[node, node, :, 0] + more for node, more in ((COLUMN, at_column), (P, 0.0), (N, at_rails))]
        finer = every_level(own)
        layers.append(
            Layer(
                soma,
                RailMap(soma, where),
                levels,
                finer[COLUMN, COLUMN],
                finer[P, P],
                finer[N, N],
                (tensor(idle[0]), tensor(idle[1]), tensor(idle[2])),
                Couplings.between(finer),
                (finer[SUPPLY, COLUMN], finer[SUPPLY, P], finer[SUPPLY, N]),
                into_p,
                cells,
            )
        )
    return layers
