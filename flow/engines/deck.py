"""The ngspice deck of a programmed chip: transistors, wiring, stimulus. No `.control` block: nothing is executed."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from somaforge.flow.engines.base import Program, ProgrammedChip
from somaforge.flow.engines.lines import Nets, check_value, resistor_lines, transistor_lines, weight_bits
from somaforge.flow.spice.deck import Deck, held, safe, staircase, transient
from somaforge.generator.names import GROUND, RAILS, SUPPLY, complement, input_net, output_net
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError


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
    programs: tuple[Program, ...] = ()
    """The weights of every pattern, where they change with it (ideal memory only); else those of the chip."""

    @property
    def stop_s(self) -> float:
        """End of the last pattern."""
        return len(self.inputs) * self.dwell_s


@dataclass(frozen=True)
class ChipDeck:
    """Writes the deck of one chip and one stimulus."""

    chip: ProgrammedChip
    stimulus: Stimulus
    options: str
    """ngspice options beside the solver and method, for example "reltol=1e-3"."""
    uic: bool = False
    """Start from all nodes at 0 V instead of an operating point."""

    @cached_property
    def text(self) -> str:
        """The deck; InputError if a name or value in the netlist, or what is asked, cannot stand in one."""
        chip, stimulus = self.chip, self.stimulus
        options = f"klu method=gear {self.options}"
        deck = Deck(safe(chip.flat.name), chip.design.pdk.models, chip.at, options, body=chip.exact)
        deck.put(*transistor_lines(deck.cards, chip, chip.transistors, self._nets.node), *self._wiring())
        deck.put(f"v_vdd vdd gnd {chip.at.supply_V:.9g}", *self._outputs(), *self._inputs(), *self._starts())
        for i, (net, values) in enumerate(self._moved.items()):
            levels = (values * chip.at.supply_V).tolist()
            deck.put(f"v_weight_{i} {safe(net)} gnd {staircase(levels, stimulus.dwell_s, stimulus.rise_s)}")
        more = f"0 {stimulus.dwell_s / 4:.6e} {'uic' if self.uic else ''}"
        return deck.text(*transient(self.vectors, stimulus.dwell_s / 50, stimulus.stop_s, more))

    @property
    def vectors(self) -> tuple[str, ...]:
        """What ngspice saves, in this order: supply, outputs, probes, latch states."""
        outputs = (f"i(v_out_{j})" for j in range(self.chip.design.layers[-1]))
        return ("i(v_vdd)", *outputs, *(f"v({safe(p)})" for p in (*self.stimulus.probes, *self.state_nets)))

    @cached_property
    def state_nets(self) -> tuple[str, ...]:
        """Weight nets whose final voltage proves that the latches kept their state (transistor memory only)."""
        return tuple(weight_bits(self.chip, self.chip.codes)) if self.chip.memory == "transistor" else ()

    @property
    def states(self) -> Floats:
        """Programmed values (0 or 1) of `state_nets`."""
        return np.array(list(weight_bits(self.chip, self.chip.codes).values()), dtype=float)

    @cached_property
    def _nets(self) -> Nets:
        return Nets(self.chip, frozenset(self._moved))

    @cached_property
    def _moved(self) -> dict[str, Floats]:
        """Weight nets that change, with their value (0 or 1) in every pattern: latches are faster than all they switch.

        InputError for simulated latches, whose cells would drive them too.
        """
        programs = self.stimulus.programs
        if programs and self.chip.memory != "ideal":
            raise InputError("deck: weights that change with the pattern need ideal memory; latches hold theirs")
        values = [weight_bits(self.chip, program) for program in programs]
        every = {net: np.array([v[net] for v in values], dtype=float) for net in (values[0] if values else ())}
        return {net: value for net, value in every.items() if np.ptp(value) > 0}

    def _wiring(self) -> list[str]:
        """Resistors, and for transients the capacitors, summed per pair of nodes: settled currents do not need them."""
        flat, nets = self.chip.flat, self._nets
        for c in flat.capacitors:
            check_value(c.name, c.farad)
        lines = resistor_lines(flat.resistors, nets.node)
        total: dict[tuple[str, str], float] = {}
        for c in flat.capacitors if self.stimulus.dynamic else ():
            a, b = sorted((nets.plate(c.a), nets.plate(c.b)))
            if a != b and {a, b} != set(RAILS):
                total[a, b] = total.get((a, b), 0.0) + c.farad
        return [*lines, *(f"c{i} {a} {b} {farad:.6e}" for i, ((a, b), farad) in enumerate(total.items()))]

    def _outputs(self) -> list[str]:
        return [f"v_out_{j} {output_net(j)} gnd {self.chip.output_V:.9g}" for j in range(self.chip.design.layers[-1])]

    def _inputs(self) -> list[str]:
        s = self.stimulus
        steps = [staircase(levels.tolist(), s.dwell_s, s.rise_s) for levels in s.inputs.T]
        return [f"i_in_{i} vdd {input_net(i)} {source}" for i, source in enumerate(steps)]

    def _starts(self) -> tuple[str, ...]:
        """Latches come out of the operating point in their states (.nodeset guesses were lost on the way), then they
        are free."""
        if self.chip.memory == "ideal":
            return ()
        bits = weight_bits(self.chip, self.chip.codes)
        rails = {net: SUPPLY if bit else GROUND for net, bit in bits.items()}
        rails |= {complement(net): GROUND if bit else SUPPLY for net, bit in bits.items()}
        return held(rails, self.stimulus.dwell_s / 10)
