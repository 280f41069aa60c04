"""Capacitances of a matrix of synapses that depend on the row's current and on the column's voltage.

Between a positive synapse and its column hangs the branch of n mirrors that is off: with the column below the rail it
has a channel, and the synapse takes more than twice the charge. So what a column, and an n rail, carries is a sum over
synapses that moves with both ends. A synapse's capacitance is a sum of a few shapes over the row's current times a few
over the column's voltage (as its current in flow.engines.array.reduced): two matrix products a step for each end.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

from somaforge.flow.engines.array.capacitance import COLUMNS_V, Loads
from somaforge.flow.engines.array.reduced import shapes
from somaforge.generator.address import Codes
from somaforge.pdk.arrays import Floats

FINER = 8
"""Steps between two measured currents: a cubic spline leads to them, then it is linear."""
STEP_V = 0.01
TOLERANCE = 1e-2
"""Of all codes together: root of the squares left out over the root of the squares. Five shapes and five."""
PINS = {"p": 0, "n": 1, "out": 2}
USUAL = COLUMNS_V.index(0.42)
"""Column voltage where it hardly matters: what p rails give and get hardly knows it anywhere."""
Entry = Literal["out_out", "out_n", "n_n", "n_out"]
"""Current into the first over the slope of the second."""
ENTRIES: tuple[Entry, ...] = ("out_out", "out_n", "n_n", "n_out")


@dataclass(frozen=True)
class Levels:
    """Equal steps in the logarithm of a soma's current."""

    low: float
    step: float
    count: int

    @classmethod
    def of(cls, levels: Floats) -> "Levels":
        """FINER than those that were measured, in A."""
        logs = np.log(levels)
        count = FINER * (len(levels) - 1) + 1
        return cls(float(logs[0]), float((logs[-1] - logs[0]) / (count - 1)), count)

    def finer(self, values: Floats, axis: int = -1) -> Floats:
        """From the measured levels to these."""
        coarse = np.arange(values.shape[axis])
        found: Floats = CubicSpline(coarse, values, axis=axis)(np.linspace(0, coarse[-1], self.count))
        return found

    def place(self, log: Tensor) -> tuple[Tensor, Tensor]:
        """Level below ln of the currents in A, and the share of the way to the next one; the ends reach on."""
        x = ((log - self.low) / self.step).clamp(0, self.count - 1)
        i = x.floor().clamp(max=self.count - 2)
        return i.to(torch.int64), x - i

    def at(self, load: Tensor, log: Tensor) -> Tensor:
        """Load [somas, levels] at ln of the currents [patterns, somas]."""
        i, share = (part.T for part in self.place(log))
        found: Tensor = (load.gather(1, i) * (1 - share) + load.gather(1, i + 1) * share).T
        return found


@dataclass(frozen=True, eq=False)
class Cells:
    """One matrix."""

    levels: Levels
    by_row: Tensor
    """[levels, row shapes]."""
    by_column: Tensor
    """[voltages in steps of STEP_V from COLUMNS_V[0], column shapes]."""
    core: dict[Entry, Tensor]
    """[rows * row shapes, columns * column shapes] in F, of single precision."""
    out_p: Tensor
    """[rows * row shapes, columns] in F, likewise: current into a column over the slope of a p rail."""

    @classmethod
    def of(cls, found: Loads, codes: Codes, where: torch.device) -> "Cells":
        """For `codes` [rows, columns]."""
        levels = Levels.of(found.levels)
        parts = (found.synapse[:, PINS[a], PINS[b]] for a, b in (e.split("_") for e in ENTRIES))
        grid = torch.tensor(np.stack([*parts]), dtype=torch.float64, device=where)  # [entries, codes, levels, voltages]
        by_p = torch.tensor(found.synapse[:, PINS["out"], PINS["p"], :, USUAL], dtype=torch.float64, device=where)
        every = torch.cat([grid.transpose(2, 3).flatten(0, 2), by_p])
        row, column = shapes(every, TOLERANCE), shapes(grid, TOLERANCE)
        which = torch.tensor(codes + len(by_p) // 2, device=where)

        def core(table: Tensor) -> Tensor:
            """[codes, row shapes, column shapes] to all synapses."""
            return table[which].transpose(1, 2).reshape(codes.shape[0] * row.shape[1], -1).to(torch.float32)

        cores = {entry: core(table) for entry, table in zip(ENTRIES, row.T @ grid @ column, strict=True)}
        fine = levels.finer(row.cpu().numpy(), axis=0)
        volts = np.arange(COLUMNS_V[0], COLUMNS_V[-1] + STEP_V / 2, STEP_V)
        spread = np.stack([np.interp(volts, COLUMNS_V, shape) for shape in column.cpu().numpy().T], axis=1)
        by_row, by_column = (torch.tensor(x, dtype=torch.float64, device=where) for x in (fine, spread))
        return cls(levels, by_row, by_column, cores, core((by_p @ row).unsqueeze(-1)))

    def rows(self, log: Tensor) -> Tensor:
        """Shapes [patterns, rows, row shapes] at ln of the rows' currents."""
        i, share = self.levels.place(log)
        return torch.lerp(self.by_row[i], self.by_row[i + 1], share.unsqueeze(-1))

    def columns(self, v: Tensor) -> Tensor:
        """Shapes [patterns, columns, column shapes] at the columns' voltages."""
        x = ((v - COLUMNS_V[0]) / STEP_V).clamp(0, len(self.by_column) - 1)
        i = x.floor().clamp(max=len(self.by_column) - 2)
        below = i.to(torch.int64)
        return torch.lerp(self.by_column[below], self.by_column[below + 1], (x - i).unsqueeze(-1))

    def of_columns(self, p: Tensor, n: Tensor, p_slope: Tensor, n_slope: Tensor, at: Tensor) -> tuple[Tensor, Tensor]:
        """Capacitance of the columns and current into them [patterns, columns] while the rails move.

        p and n are `rows` of the rails' currents, `at` is `columns` of the columns' voltages.
        """
        own = _product(n, self.core["out_out"], at)
        pushed = _product(n * n_slope.unsqueeze(-1), self.core["out_n"], at)
        return own, pushed + _times(p * p_slope.unsqueeze(-1), self.out_p)

    def of_rows(self, n: Tensor, at: Tensor, slope: Tensor) -> tuple[Tensor, Tensor]:
        """Capacitance of the n rails and current into them [patterns, rows] while the columns move with `slope`."""
        return (
            _product(at, self.core["n_n"].T, n),
            _product(at * slope.unsqueeze(-1), self.core["n_out"].T, n),
        )


def _product(left: Tensor, core: Tensor, right: Tensor) -> Tensor:
    """Sum over all but the places of `right` [patterns, places, shapes]."""
    return (_times(left, core).view_as(right) * right).sum(-1)


def _times(left: Tensor, core: Tensor) -> Tensor:
    """Sum over the places and shapes of `left`."""
    return (left.flatten(1).to(core.dtype) @ core).to(left.dtype)
