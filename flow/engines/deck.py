"""The ngspice deck of a programmed chip: transistors, wiring, stimulus. No `.control` block: nothing is executed."""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from somaforge.flow.engines.base import Floats, Program, ProgrammedChip
from somaforge.flow.templating import render
from somaforge.generator.address import Bits
from somaforge.generator.design import latch_nets
from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130 import mismatch
from somaforge.pdk.sky130.binding import SCALE_OPTION, bind

SAFE = re.compile(r"[a-z][a-z0-9_]*([.:#][a-z0-9_]+)*")
"""Names that may stand in a deck. Lower case: SPICE does not tell cases apart, so mixed case could merge two nets."""
_LATCH = ".x_latch_"
_SEGMENT = re.compile(r"__s\d+$")
"""What extraction adds to the name of a net for the segments of its wire (flow.pex.wires)."""
_RAILS = {"vdd", "gnd"}


def _safe(name: str) -> str:
    if not SAFE.fullmatch(name):
        raise InputError(f"netlist: the name {name[:60]!r} cannot stand in a deck; use a-z, 0-9, _ and . : # between")
    return name


def weight_net(matrix: int, row: int, column: int, latch: str) -> str:
    """Flat net of one weight bit (`latch` as in generator.design.latch_nets); its complement is this + "_bar"."""
    return f"x_matrix_{matrix}.x_row_{row}.x_synapse_{column}.{latch}"


@dataclass(frozen=True)
class Stimulus:
    """Patterns of input currents, each `dwell_s` long, reached by a ramp of `rise_s`."""

    inputs: Floats
    """[patterns, inputs] in A."""
    dwell_s: float
    rise_s: float
    dynamic: bool = True
    """Whether the time between patterns matters; False leaves out the wiring's capacitances."""
    probes: tuple[str, ...] = ()
    """Nets whose voltage is recorded."""

    @property
    def stop_s(self) -> float:
        """End of the last pattern."""
        return len(self.inputs) * self.dwell_s


@dataclass(frozen=True)
class Deck:
    """Writes the deck of one chip and one stimulus."""

    chip: ProgrammedChip
    stimulus: Stimulus
    options: str
    """ngspice options beside the solver and method, for example "reltol=1e-3"."""
    uic: bool = False
    """Start from all nodes at 0 V instead of an operating point."""

    @cached_property
    def text(self) -> str:
        """The deck; InputError if a name or value in the netlist cannot stand in one."""
        chip, stimulus = self.chip, self.stimulus
        transistors, cards = self._transistors()
        return render(
            "array.sp.j2",
            title=_safe(chip.flat.name),
            scale_option=SCALE_OPTION,
            options=self.options,
            temperature=f"{chip.temperature_C:.6g}",
            cards=cards,
            transistors=transistors,
            wiring=self._wiring(),
            supply=f"{chip.supply_V:.9g}",
            sources=[*self._outputs(), *self._inputs()],
            starts=self._starts(),
            saves=" ".join(self.vectors),
            step=f"{stimulus.dwell_s / 50:.6e}",
            stop=f"{stimulus.stop_s:.9e}",
            max_step=f"{stimulus.dwell_s / 4:.6e}",
            uic="uic" if self.uic else "",
        )

    @property
    def vectors(self) -> tuple[str, ...]:
        """What ngspice saves, in this order: supply, outputs, probes, latch states."""
        outputs = (f"i(v_out_{j})" for j in range(self.chip.design.layers[-1]))
        return ("i(v_vdd)", *outputs, *(f"v({_safe(p)})" for p in (*self.stimulus.probes, *self.state_nets)))

    @cached_property
    def state_nets(self) -> tuple[str, ...]:
        """Weight nets whose final voltage proves that the latches kept their state (transistor memory only)."""
        return tuple(self._bits(self.chip.codes)) if self.chip.memory == "transistor" else ()

    @property
    def states(self) -> Floats:
        """Programmed values (0 or 1) of `state_nets`."""
        return np.array(list(self._bits(self.chip.codes).values()), dtype=float)

    def _bits(self, program: Program) -> dict[str, bool]:
        """Value of every weight net."""
        names = latch_nets(self.chip.design.spec.array.bits)
        found: dict[str, bool] = {}
        for m, codes in enumerate(program):
            bits: Bits = self.chip.design.weights.encode(codes)
            for r, c, k in np.ndindex(bits.shape):
                found[weight_net(m, r, c, names[k])] = bool(bits[r, c, k])
        return found

    @cached_property
    def _ties(self) -> dict[str, str]:
        """Nets of the memory that sit on a rail. It is idle: word lines low, bit lines precharged."""
        ties: dict[str, str] = {}
        for port in self.chip.flat.ports:
            if port.startswith("wl_"):
                ties[port] = "gnd"
            elif port.startswith(("bl_", "blb_")):
                ties[port] = "vdd"
        if self.chip.memory == "ideal":
            for net, high in self._bits(self.chip.codes).items():
                ties[net], ties[f"{net}_bar"] = ("vdd", "gnd") if high else ("gnd", "vdd")
        return ties

    def _net(self, name: str) -> str:
        """Node of a net: a rail for idle memory nets and for all their wire segments."""
        return self._ties.get(name) or self._ties.get(_SEGMENT.sub("", name)) or _safe(name)

    def _plate(self, name: str) -> str:
        """Node where a capacitor ends: the whole supply wire is one plate (uA through ohms: it is within 0.1 mV)."""
        whole = _SEGMENT.sub("", name)
        return whole if whole in _RAILS else self._net(name)

    def _transistors(self) -> tuple[list[str], list[str]]:
        chip = self.chip
        kinds: dict[tuple[str, int, int], tuple[str, str, int]] = {}
        cards, lines = [], []
        for m, shift in zip(chip.flat.mos, chip.shifts, strict=True):
            if _LATCH in m.name and chip.memory == "ideal":
                continue
            d, g, s, b = (self._net(n) for n in (m.d, m.g, m.s, m.b))
            if d == s and {_SEGMENT.sub("", d), _SEGMENT.sub("", g)} <= _RAILS:
                continue  # a dummy across one rail carries nothing
            key = (m.device, m.w_nm, m.l_nm)
            if key not in kinds:
                model = bind(*key, chip.corner)
                name = f"model_{len(kinds)}"
                cards.append(model.card(name, exact=chip.exact))
                kinds[key] = (name, model.instance(), mismatch.sign(m.device))
            name, geometry, sign = kinds[key]
            lines.append(f"m{_safe(m.name)} {d} {g} {s} {b} {name}{geometry} delvto={sign * shift:.9g}")
        return lines, cards

    def _wiring(self) -> list[str]:
        """Resistors, and for transients the capacitors, summed per pair of nodes: settled currents do not need them."""
        flat = self.chip.flat
        values = [(c.name, c.farad) for c in flat.capacitors] + [(r.name, r.ohm) for r in flat.resistors]
        for name, value in values:
            if not (np.isfinite(value) and value > 0):
                raise InputError(f"netlist: {name[:60]!r} has the value {value}; extract the layout again")
        lines = []
        for i, r in enumerate(flat.resistors):
            a, b = self._net(r.a), self._net(r.b)
            if a != b:  # both ends on one rail: carries nothing
                lines.append(f"r{i} {a} {b} {r.ohm:.6e}")
        total: dict[tuple[str, str], float] = {}
        for c in flat.capacitors if self.stimulus.dynamic else ():
            a, b = sorted((self._plate(c.a), self._plate(c.b)))
            if a != b and {a, b} != _RAILS:
                total[a, b] = total.get((a, b), 0.0) + c.farad
        return [*lines, *(f"c{i} {a} {b} {farad:.6e}" for i, ((a, b), farad) in enumerate(total.items()))]

    def _outputs(self) -> list[str]:
        return [f"v_out_{j} out_{j} gnd {self.chip.output_V:.9g}" for j in range(self.chip.design.layers[-1])]

    def _inputs(self) -> list[str]:
        return [f"i_in_{i} vdd in_{i} {self._steps(c)}" for i, c in enumerate(self.stimulus.inputs.T)]

    def _steps(self, levels: Floats) -> str:
        """A staircase through `levels`, one per pattern, as a source value."""
        s = self.stimulus
        points = [(0.0, levels[0])]
        for p in range(1, len(levels)):
            if levels[p] != levels[p - 1]:
                points += [(p * s.dwell_s, levels[p - 1]), (p * s.dwell_s + s.rise_s, levels[p])]
        if len(points) == 1:
            return f"{levels[0]:.9e}"
        return f"pwl({' '.join(f'{t:.9e} {v:.9e}' for t, v in points)})"

    def _starts(self) -> list[str]:
        """Latch states: held while the operating point is found (.nodeset guesses were lost on the way), then free."""
        if self.chip.memory == "ideal":
            return []
        supply, lines = self.chip.supply_V, []
        for net, high in self._bits(self.chip.codes).items():
            q, bar = (supply, 0.0) if high else (0.0, supply)
            lines.append(f".ic v({_safe(net)})={q:.9g} v({net}_bar)={bar:.9g}")
        return lines
