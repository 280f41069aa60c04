"""The array engine: settled currents of a programmed chip from device tables, layer by layer."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from somaforge.flow.engines.array.chip import EXACT, Network, Parts, SomaShifts
from somaforge.flow.engines.array.device import Device
from somaforge.flow.engines.array.network import Places
from somaforge.flow.engines.array.play import Ready, place, play
from somaforge.flow.engines.array.stack import settle_stacked
from somaforge.flow.engines.array.tables import Kind, table
from somaforge.flow.engines.base import (
    DcResult,
    Effort,
    Program,
    ProgrammedChip,
    Settled,
    TransientResult,
    check_inputs,
)
from somaforge.generator.circuit import FlatNetlist
from somaforge.pdk.arrays import Floats

RISE_S = 10e-9
"""How fast inputs change from pattern to pattern, as in the reference engine."""


@dataclass(eq=False)
class ArrayEngine:
    """Exact topology, tabulated devices; see flow.engines.base.Engine. Wire resistance and body currents are left out.

    The latches are ideal: InputError for chips with simulated memory.
    """

    cache: Path | None = None
    """Folder of the device tables; None is the user's cache folder."""
    name: str = "array"
    _tables: dict[Kind, Device] = field(default_factory=dict, repr=False)
    _places: tuple[FlatNetlist, Places] | None = field(default=None, repr=False)
    _shifts: tuple[ProgrammedChip, SomaShifts] | None = field(default=None, repr=False)
    _ready: Ready | None = field(default=None, repr=False)

    def dc(self, chip: ProgrammedChip, inputs: Floats, programs: Sequence[Program] | None = None) -> DcResult:
        """Settled currents; `unsettled` is 0, because nothing is stepped in time."""
        check_inputs(chip.design, inputs)
        start = time.monotonic()
        if programs is not None and len(programs) != len(inputs):
            raise ValueError(f"{len(programs)} programs for {len(inputs)} patterns")
        parts = Parts.of(self, chip)
        methods: tuple[str, ...] = (EXACT,)
        if programs is None:
            found, methods = Network(parts, chip.codes).settle(inputs)
            outputs, supply = found.outputs, found.supply
        else:
            outputs, supply = settle_stacked(parts, list(programs), inputs)
        return DcResult(outputs, supply, np.zeros(len(inputs)), Effort(time.monotonic() - start, methods, methods))

    def at_rest(self, chip: ProgrammedChip, inputs: Floats, surfaces: bool = False) -> Settled:
        """Settled somas of every layer and the outputs; `surfaces` as for many patterns, without their check."""
        check_inputs(chip.design, inputs)
        network = Network(Parts.of(self, chip), chip.codes)
        return network.settle_by_surfaces(inputs, whole=True) if surfaces else network.settle_exactly(inputs)

    def device(self, kind: Kind) -> Device:
        """The table of a kind, made once."""
        if kind not in self._tables:
            self._tables[kind] = Device(table(kind, self.cache), self.cache)
        return self._tables[kind]

    def places(self, chip: ProgrammedChip) -> Places:
        """Of the chip's netlist; kept for the next chip with the same netlist."""
        if self._places is None or self._places[0] is not chip.flat:
            self._places = (chip.flat, Places(chip.design, chip.flat))
        return self._places[1]

    def kept(self, chip: ProgrammedChip, make: Callable[[], SomaShifts]) -> SomaShifts:
        """What `make` says; kept for the next chip with the same transistors at the same operating point."""
        if self._shifts is None or not _same(self._shifts[0], chip):
            self._shifts = chip, make()
        return self._shifts[1]

    def transient(
        self, chip: ProgrammedChip, inputs: Floats, pattern_time_s: float, probes: Sequence[str] = ()
    ) -> TransientResult:
        """Patterns one after the other, all stepped together; `probes` are soma nets: in_, sum_, vp_ and vn_.

        What is prepared for a chip is kept for the next call with that very chip.
        """
        check_inputs(chip.design, inputs)
        for probe in probes:
            place(probe)
        start = time.monotonic()
        if self._ready is None or self._ready.network.chip is not chip:
            self._ready = None  # not two at once
            self._ready = Ready(Network(Parts.of(self, chip), chip.codes), self.cache)
        run = play(self._ready, inputs, pattern_time_s, min(RISE_S, pattern_time_s / 20), probes)
        return replace(run, effort=replace(run.effort, seconds=time.monotonic() - start))


def _same(one: ProgrammedChip, other: ProgrammedChip) -> bool:
    """Whether these are the same transistors at the same operating point."""
    arrays = all(getattr(one, name) is getattr(other, name) for name in ("flat", "shifts", "weak"))
    return arrays and one.at == other.at
