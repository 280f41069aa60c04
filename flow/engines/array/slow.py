"""The slow nodes of a layer: column, p rail and n rail of every soma, and the capacitance that each of them carries."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from somaforge.flow.engines.array.capacitance import LEVELS_A, Loads
from somaforge.flow.engines.array.soma import SMALLEST_A, Somas
from somaforge.flow.engines.array.wires import Wires
from somaforge.flow.engines.base import Floats, ProgrammedChip

MAP_POINTS = 240
HIGHEST_A = 1e-4
"""Of a RailMap."""


class RailMap:
    """ln of the current that would hold a node at a voltage, and back, for each soma of a layer."""

    def __init__(self, somas: Somas, where: torch.device) -> None:
        """Solves the somas at rest on a grid of currents from SMALLEST_A to HIGHEST_A."""
        low, high = float(np.log(SMALLEST_A)), float(np.log(HIGHEST_A))
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
class Layer:
    """A layer of somas with its loads: [somas, levels] in F for each slow node, and couplings between the nodes."""

    somas: Somas
    rails: RailMap
    column: Tensor
    p: Tensor
    n: Tensor
    couplings: Mapping[str, Tensor]
    """[somas] in F: "pn" is the current into p over the slope of n; v is the column."""
    above: tuple[Tensor, Tensor] | None
    """[rows of the matrix above, somas] in F: current into a column over the slope of a row's p and n rail."""
    below: tuple[Tensor, Tensor] | None
    """[columns of the matrix below, somas] in F: current into p and n over the slope of a column."""


def layers_of(
    chip: ProgrammedChip, somas: list[Somas], found: Loads, wires: Wires, level: int, where: torch.device
) -> list[Layer]:
    """Adds up cells and wires on every slow node; couplings are those at one of the levels."""
    full = chip.design.weights.full_scale
    last = len(somas) - 1

    def tensor(values: Floats) -> Tensor:
        return torch.tensor(values, dtype=torch.float64, device=where)

    layers = []
    for k, soma in enumerate(somas):
        one = np.ones(soma.count)
        column, p, n = (np.outer(one, found.soma[pin, pin]) for pin in range(3))
        if k > 0:
            column += found.synapse[chip.codes[k - 1] + full, 2, 2].sum(0)
        # the last rails drive one output synapse of weight +1 each
        driven = chip.codes[k] + full if k < last else np.full((soma.count, 1), full + 1)
        p += found.synapse[driven, 0, 0].sum(1)
        n += found.synapse[driven, 1, 1].sum(1)
        for i in range(soma.count):
            source = f"in_{i}" if k == 0 else f"sum_{k}_{i}"
            for node, net in ((column, source), (p, f"vp_{k}_{i}"), (n, f"vn_{k}_{i}")):
                node[i] += wires.nets.get(net, 0.0)
        own = found.soma[:, :, level]
        between = {a + b: one * own[i, j] for i, a in enumerate("vpn") for j, b in enumerate("vpn") if i != j}
        between["pn"] = between["pn"] + found.synapse[driven, 0, 1, level].sum(1)
        between["np"] = between["np"] + found.synapse[driven, 1, 0, level].sum(1)
        above, below = None, None
        if k > 0:
            codes = chip.codes[k - 1] + full
            above = (tensor(found.synapse[codes, 2, 0, level]), tensor(found.synapse[codes, 2, 1, level]))
        if k < last:
            below = (tensor(found.synapse[driven, 0, 2, level].T), tensor(found.synapse[driven, 1, 2, level].T))
        couplings = {name: tensor(values) for name, values in between.items()}
        layers.append(Layer(soma, RailMap(soma, where), tensor(column), tensor(p), tensor(n), couplings, above, below))
    return layers


def at_level(load: Tensor, log: Tensor) -> Tensor:
    """Load [somas, levels] at ln of the currents [patterns, somas]."""
    low, high = np.log(LEVELS_A[0]), np.log(LEVELS_A[-1])
    x = ((log - low) / (high - low) * (len(LEVELS_A) - 1)).clamp(0, len(LEVELS_A) - 1)
    i = x.floor().clamp(max=len(LEVELS_A) - 2)
    share, i = (x - i).T, i.to(torch.int64).T
    found: Tensor = (load.gather(1, i) * (1 - share) + load.gather(1, i + 1) * share).T
    return found
