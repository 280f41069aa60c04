"""How many gates lie between two flip-flops: what a clock has to wait for."""

from collections.abc import Mapping

from somaforge.generator.periphery.netlist import Gate, GateNetlist
from somaforge.pdk.library import LOGIC, OUTPUT

CLOCK_PINS = ("clock", "clock_n")


def longest_path(netlist: GateNetlist) -> tuple[Gate, ...]:
    """Gates from a flip-flop or a pin through functions without memory to a flip-flop or a pin, the most that there
    are; what drives clocks alone is left out. ValueError for a loop of gates without memory."""
    drivers = {gate.output: gate for gate in netlist.gates if gate.drives}
    best: dict[str, tuple[Gate, ...]] = {}
    for gate in drivers.values():
        _reach(gate, drivers, best)
    read = {net for gate in netlist.gates for pin, net in gate.pins if pin not in (*CLOCK_PINS, OUTPUT)}
    return max((best[net] for net in best if net in read or net in netlist.outputs), key=len, default=())


def _reach(gate: Gate, drivers: Mapping[str, Gate], best: dict[str, tuple[Gate, ...]]) -> None:
    """The longest way to the gate's output, and to all before it; without recursion, as ways are long."""
    waiting, open_ = [gate], set[str]()
    while waiting:
        here = waiting[-1]
        if here.output in best:
            waiting.pop()
            continue
        if here.function not in LOGIC:
            best[here.output] = (here,)
            continue
        before = [net for pin, net in here.pins if pin != OUTPUT]
        missing = [drivers[net] for net in before if net in drivers and net not in best]
        if missing:
            if here.name in open_ and any(other.name in open_ for other in missing):
                raise ValueError(f"{here.name} is in a loop of gates without memory")
            open_.add(here.name)
            waiting += missing
            continue
        open_.discard(here.name)
        best[here.output] = (*max((best.get(net, ()) for net in before), key=len), here)
