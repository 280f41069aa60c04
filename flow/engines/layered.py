"""Settled currents of a chip from ngspice, layer after layer: what column by column and synapse by synapse share.

Gates draw no DC current (igcmod = 0): a layer depends on the one before only by its rails vp and vn. A subclass says
how one layer is solved at the rails that ngspice found for the layer before.
"""

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from somaforge.flow.engines.base import LayerAtRest, ProgrammedChip, check_inputs
from somaforge.flow.engines.lines import Nets
from somaforge.flow.spice.process import Run, RunError
from somaforge.generator.circuit import Mos
from somaforge.generator.names import RAILS, place, row_rail, whole
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError
from somaforge.pdk.models import Shift

# A node that floats behind transistors that are off hangs on some 1e-15 S, and on the 1e-2 S of a diffusion: rounding
# alone moves it by some 0.1 mV an iteration, so vntol must be no smaller. What carries current is held by the currents'
# tolerance: outputs are the same to 1e-6. bypass skips transistors whose voltages have not moved. Later rungs are for
# what the one before does not solve.
LADDER = {
    "direct": "reltol=1e-5 abstol=1e-14 vntol=3e-4 gmin=1e-15 bypass=1 itl1=200",
    "patient": "reltol=1e-5 abstol=1e-14 vntol=1e-3 gmin=1e-15 itl1=1000",
    "leaky": "reltol=1e-5 abstol=1e-14 vntol=1e-3 gmin=1e-14 itl1=1000",
    "gmin-stepping": "reltol=1e-5 abstol=1e-14 vntol=1e-3 gmin=1e-15 noopiter itl1=1000",
    "source-stepping": "reltol=1e-4 abstol=1e-13 vntol=1e-3 gmin=1e-15 gminsteps=0 itl1=1000",
}
SOMA_ROW = -1
"""Where the row of a synapse would stand for a soma."""

Transistors = list[tuple[Mos, Shift]]


@dataclass(frozen=True, eq=False)
class Reference:
    """What ngspice found."""

    layers: tuple[LayerAtRest, ...]
    """Of every layer; where a soma was left out, what `guess` said."""
    solved: tuple[tuple[int, ...], ...]
    """Somas of every layer that ngspice solved."""
    outputs: Floats
    """[patterns, outputs] in A."""
    supply: Floats
    """[patterns] in A, input currents included; of the whole chip only if no soma was left out."""
    seconds: float
    rungs: tuple[str, ...]
    """Of each deck, the option set that its result stands on, sorted."""


@dataclass(frozen=True, eq=False)
class LayeredReference(ABC):
    """Settled currents of a chip; ToolError if a part of it cannot be solved."""

    chip: ProgrammedChip
    timeout_s: float | None = None
    """Of one deck; None: what the spec's time_limits say."""
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    _nets: Nets = field(init=False, repr=False)
    _rungs: list[str] = field(init=False, repr=False, default_factory=list)
    """Of the decks that were solved, in any order: they run in threads."""

    @property
    def limit_s(self) -> float:
        """How long one deck may take."""
        return self.timeout_s or self.chip.design.spec.time_limits.ngspice_s

    def __post_init__(self) -> None:
        """InputError for simulated latches."""
        if self.chip.memory != "ideal":
            raise InputError(
                "ngspice by layers: latches are ideal here; simulate memory='transistor' with the whole array"
            )
        object.__setattr__(self, "_nets", Nets(self.chip))

    def solve(
        self,
        inputs: Floats,
        guess: Sequence[LayerAtRest] | None = None,
        sample: Mapping[int, Sequence[int]] | None = None,
    ) -> Reference:
        """Settled currents for [patterns, inputs] in A.

        `guess` (of the array engine, for example) is only where ngspice starts, except for somas that `sample` leaves
        out: layer -> somas to solve (others are whole), which needs a guess for the rest.
        """
        chip, sample = self.chip, sample or {}
        check_inputs(chip.design, inputs)
        if sample and guess is None:
            raise ValueError("a sample needs a guess for the other somas")
        start = time.monotonic()
        self._rungs.clear()
        layers: list[LayerAtRest] = []
        solved: list[tuple[int, ...]] = []
        supply: Floats = np.zeros(len(inputs))
        for k, size in enumerate(chip.design.layers):
            which = tuple(sorted(sample.get(k, range(size))))
            before, near = layers[-1] if layers else None, None if guess is None else guess[k]
            now, used = self._layer(k, which, inputs, before, near)
            if len(which) < size and near is not None:
                now = _filled(near, now, which)
            layers.append(now)
            solved.append(which)
            supply = supply + used
        outputs, used = self._outputs(inputs, layers[-1])
        rungs = tuple(sorted(self._rungs))
        return Reference(tuple(layers), tuple(solved), outputs, supply + used, time.monotonic() - start, rungs)

    @abstractmethod
    def _layer(
        self, layer: int, which: tuple[int, ...], inputs: Floats, before: LayerAtRest | None, near: LayerAtRest | None
    ) -> tuple[LayerAtRest, Floats]:
        """Somas `which` of a layer and their supply current [patterns]; input somas have no layer `before`."""

    @abstractmethod
    def _outputs(self, inputs: Floats, before: LayerAtRest) -> tuple[Floats, Floats]:
        """Currents of the output synapses [patterns, outputs] and their supply current [patterns]."""

    @cached_property
    def _cells(self) -> Mapping[tuple[int, int, int], Transistors]:
        """By layer, row and column; SOMA_ROW is the soma, and output synapses are the layer behind the last."""
        found: dict[tuple[int, int, int], Transistors] = {}
        last = len(self.chip.design.layers)
        for m, shift in self.chip.transistors:
            where = place(m.name)
            if where is None or where.latch is not None:
                continue
            if where.cell == "synapse":
                key = (where.layer + 1, where.row, where.column)
            elif where.cell == "soma":
                key = (where.layer, SOMA_ROW, where.column)
            else:
                key = (last, where.column, where.column)
            found.setdefault(key, []).append((m, shift))
        return found

    def _node(self, name: str) -> str:
        """A supply or row wire is one node."""
        net = whole(name)
        return net if net in RAILS or row_rail(net) else self._nets.node(name)


def settled(run: Run, options: str) -> Run:
    """The run; RunError for a solution that ngspice calls settled and that is none.

    Its last resort, a transient without charges to settle by, ends after a fixed time wherever it is; and stepping
    towards an operating point with bypass can end with transistors whose voltages were never looked at again
    (milliamperes through a diffusion that ends in a transistor that is off).
    """
    if "Transient op started" in run.log:
        raise RunError("no operating point but a transient")
    if "bypass=1" in options and "stepping" in run.log:
        raise RunError("stepping with bypass")
    return run


def lookup(values: Floats, place: str) -> str:
    """A function of the voltage of node `place`, which counts patterns."""
    if len(values) == 1:
        return f"{values[0]:.12g}"
    return f"pwl(v({place}),{','.join(f'{i},{v:.12g}' for i, v in enumerate(values))})"


def _filled(guess: LayerAtRest, found: LayerAtRest, which: Sequence[int]) -> LayerAtRest:
    """The guess with some somas replaced."""
    full = [a.copy() for a in (guess.current, guess.column, guess.p, guess.n)]
    for a, b in zip(full, (found.current, found.column, found.p, found.n), strict=True):
        a[:, list(which)] = b
    return LayerAtRest(*full)
