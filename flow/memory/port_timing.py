"""How fast the programming port may be clocked: its slow parts at transistor level, then added up.

Simulated with the foundry's cells and a real latch: one repeater of a control bus with the loads of its group, a word
line from its gate to its far end, a bit line that a latch pulls down, a bit line that is written through, and one that
is charged again. Wires are a lumped model: the totals of the longest lines, word lines as a ladder.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from somaforge.flow.memory.port_deck import WIRE_F, PortDeck, crossing
from somaforge.flow.spice.batch import run_batch
from somaforge.flow.spice.deck import pwl, transient
from somaforge.generator.cells.plan import plan_core
from somaforge.generator.design import Design
from somaforge.generator.names import LATCH, is_access
from somaforge.generator.periphery.measures import library
from somaforge.generator.periphery.netlist import Plan, default_plan
from somaforge.generator.periphery.plan import word_drive
from somaforge.pdk.models import OperatingPoint

WORD_F = 4e-15
"""Of a word line per latch: two access gates and its share of wire (extracted rows: 3.6 to 4.2 fF)."""
LINE_F = 1.5e-15
"""Of a bit line's wire per row: 8 um of a column's."""
PERIPHERY_F = 10e-15
"""Of a bit line's wire from the array to its flip-flop; the cells' own capacitance is simulated."""
SETUP_S = 0.3e-9
"""Of the scan flip-flop; the foundry's library gives 0.1 to 0.25 ns in its slow corner."""
CAPTURE = 0.4
"""A line is read as 0 below this part of the supply: the flip-flop's input switches at a half, less its spread."""
_START_S, _STOP_S, _EDGE_S, _STEP_S = 1e-9, 60e-9, 0.1e-9, 2e-11
_LADDER = 8


@dataclass(frozen=True)
class PortTiming:
    """Delays in s at one corner, temperature and supply."""

    repeater_s: float
    """Of one repeater of a control bus."""
    chain_s: float
    """Of the longest chain of repeaters."""
    word_s: float
    """From the gate of a word line to its far end."""
    read_s: float
    """From the open latch to a line that is read as 0."""
    write_s: float
    """From the line's driver to a latch that holds its new value."""
    charge_s: float
    """From the end of a read to a line that is high again."""

    @property
    def half_period_s(self) -> float:
        """The clock may not be low for a shorter time: control, word line, the slowest use of a bit line, set-up."""
        return self.chain_s + self.word_s + max(self.read_s, self.write_s, self.charge_s) + SETUP_S

    @property
    def clock_Hz(self) -> float:  # noqa: N802 (a unit)
        """Highest clock rate with a symmetrical clock."""
        return 0.5 / self.half_period_s


def slow(design: Design) -> OperatingPoint:
    """Where the process's logic is slowest, with its tolerance of the supply below the design's."""
    models = design.pdk.models
    return replace(models.slow, supply_V=models.slow.supply_V / models.nominal.supply_V * design.spec.supply_V)


def word_ohm(design: Design) -> float:
    """Of a word line per latch, in ohm: its share of a synapse's row wire, which is as narrow as it may be, where its
    sheet resistance is the highest."""
    length = plan_core(design).width / design.weights.latches
    wires = design.pdk.wires
    sheet = max(wires.interconnect(corner).sheet_ohm[wires.roles["row"]] for corner in wires.corners)
    return sheet * length / design.pdk.rules.row.width


def plan_of(design: Design) -> Plan:
    """The periphery as the layout has it, but for where groups begin: as many columns share a repeater."""
    return replace(default_plan(design.memory), word_drive=word_drive(library(design.pdk), design.memory))


def measure(design: Design, plan: Plan, at: OperatingPoint) -> PortTiming:
    """Timing of the port of a design whose periphery has that plan; ToolError if ngspice fails."""
    bench = _Bench(design, plan, at)
    levels = {"bus_1": 0.5, "bus_2": 0.5, "word_end": 0.8, "line_read": CAPTURE, "q_write": 0.1, "line_charge": 0.95}
    found = bench.crossings(levels)
    repeater = found["bus_2"] - found["bus_1"]
    return PortTiming(
        repeater_s=repeater,
        chain_s=repeater * (1 + max(len(plan.groups), plan.segments)),
        word_s=found["word_end"] - _START_S,
        read_s=found["line_read"] - _START_S,
        write_s=found["q_write"] - _START_S,
        charge_s=found["line_charge"] - _START_S,
    )


class _Bench(PortDeck):
    """The deck: circuits side by side that share nothing but the supply. Every one starts at _START_S."""

    def __init__(self, design: Design, plan: Plan, at: OperatingPoint) -> None:
        super().__init__(design, "timing of the port", at)
        self.plan = plan
        self.latch = design.library.flatten(design.cell(LATCH)).mos

    def crossings(self, wanted: Mapping[str, float]) -> dict[str, float]:
        """The time at which each node last crosses its part of the supply."""
        for part in (self._bus, self._word, self._read, self._write, self._charge):
            part()
        text = self.deck.text(*transient([f"v({node})" for node in wanted], _STEP_S, _STOP_S, f"0 {_STEP_S:.6e}"))
        names, values = run_batch(text, None, "port_timing", 300.0)
        waves = {name: values[:, k] for k, name in enumerate(names)}
        return {n: crossing(n, waves["time"], waves[f"v({n})"], part * self.supply) for n, part in wanted.items()}

    def _step(self, node: str, rising: bool) -> None:
        low, high = (0.0, self.supply) if rising else (self.supply, 0.0)
        self.deck.put(f"v_{node} {node} 0 {pwl([(0.0, low), (_START_S, low), (_START_S + _EDGE_S, high)])}")

    def _bus(self) -> None:
        """Two loaded groups of `read`, the bus with the most gates on it, and a repeater after them."""
        bits = max(self.plan.groups)
        load = 2 * bits * self.pin_F("tri_state_inverter", 2, "off") + bits * WIRE_F
        self._step("bus_0", rising=True)
        for k in range(3):
            self.gate(f"repeater_{k}", "buffer", 2, a=f"bus_{k}", y=f"bus_{k + 1}")
        self.deck.put(*(f"c_bus_{k} bus_{k} 0 {load:.6e}" for k in (1, 2)))

    def _word(self) -> None:
        latches, ohm = self.plan.memory.width, word_ohm(self.design)
        self._step("select", rising=True)
        self.gate("word_gate", "nand2", 1, a="vdd", b="select", y="word_n")
        self.gate("word_driver", "inverter", self.plan.word_drive, a="word_n", y="word_0")
        for k in range(_LADDER):
            end = "word_end" if k == _LADDER - 1 else f"word_{k + 1}"
            self.deck.put(
                f"r_word_{k} word_{k} {end} {latches * ohm / _LADDER:.6e}",
                f"c_word_{k} {end} 0 {latches * WORD_F / _LADDER:.6e}",
            )

    def _read(self) -> None:
        """A latch that holds 0 on a charged pair, the drivers let go."""
        self._step("open", rising=True)
        self._pair("read", "open", driver={"a": "0", "off": "vdd"}, held=False)
        self.deck.put(f".ic v(line_read)={self.supply:.9g} v(bar_read)={self.supply:.9g}")

    def _write(self) -> None:
        """A 0 through the driver into an open latch that holds 1."""
        self._step("zero", rising=True)
        self._pair("write", "vdd", driver={"a": "zero", "off": "0"}, held=True)
        self.deck.put("r_bar_write bar_write vdd 1")

    def _charge(self) -> None:
        """A line that a read has left at ground; its latch is closed."""
        self._step("release", rising=False)
        self._pair("charge", "0", driver={"a": "0", "off": "release"}, held=False)
        self.deck.put(f".ic v(line_charge)=0 v(bar_charge)={self.supply:.9g}")

    def _pair(self, tag: str, word: str, driver: Mapping[str, str], held: bool) -> None:
        """A pair of bit lines with one latch, the closed latches of all other rows, its driver and its flip-flop."""
        rows = self.plan.memory.rows
        own = {"wl": word, "bl": f"line_{tag}", "blb": f"bar_{tag}", "q": f"q_{tag}", "qb": f"qb_{tag}"}
        nets = {**own, "vdd": "vdd", "gnd": "0", "vpb": "vdd", "vnb": "0"}
        for mos in self.latch:
            self.put(mos, nets, tag)
            if is_access(mos.name) and rows > 1:
                self.put(mos, {**nets, "wl": "0", "q": "vdd", "qb": "vdd"}, f"{tag}_others", parallel=rows - 1)
        wired = rows * LINE_F + PERIPHERY_F + self.pin_F("scan_flip_flop", 1, "data")
        self.deck.put(*(f"c_{line}_{tag} {line}_{tag} 0 {wired:.6e}" for line in ("line", "bar")))
        self.gate(f"driver_{tag}", "tri_state_inverter", 2, **driver, y=f"line_{tag}")
        high, low = (f"q_{tag}", f"qb_{tag}") if held else (f"qb_{tag}", f"q_{tag}")
        self.deck.put(f".ic v({high})={self.supply:.9g} v({low})=0")
