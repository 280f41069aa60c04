"""The prototype's control in silicon: gates, area, wires, the longest way between flip-flops, what it draws at rest.

python bench/control.py prints what docs/control.md says.
"""

from dataclasses import replace
from pathlib import Path

from somaforge.flow.control.gates import gates_of
from somaforge.flow.memory.leakage import of_gates
from somaforge.generator.control import Control
from somaforge.generator.control_block import control_block
from somaforge.generator.design import build
from somaforge.generator.digital.timing import longest_path
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.netlist import Gate
from somaforge.generator.spec import load_spec

SPEC = Path(__file__).parents[1] / "examples/prototype.yaml"


def _rising(gate: Gate) -> Gate:
    return replace(gate, function="reset_flip_flop", pins=(("clock", gate.net("clock_n")), *gate.pins[1:]))


def main() -> None:
    """Print."""
    design = build(load_spec(SPEC))
    control = Control.of(design)
    found = gates_of(control, PortMeasures(design.pdk).cells)
    block = control_block(design.pdk, control, found)
    x1, y1, x2, y2 = block.frame.outline
    gates = block.netlist.gates
    flops = [gate for gate in gates if "flip_flop" in gate.function]
    print(f"{len(found.gates)} gates, {len(gates)} with buffers and repeaters, {len(flops)} flip-flops")
    print(f"{(x2 - x1) / 1000:.1f} x {(y2 - y1) / 1000:.1f} um, {block.utilization:.0%} of it cells")
    print(f"half perimeters {block.placement.length_um / 1000:.1f} mm")
    print(f"longest way: {len(longest_path(block.netlist))} gates")
    falling = [gate for gate in flops if gate.function == "falling_reset_flip_flop"]
    levels = dict.fromkeys(control_pins := block.netlist.inputs, False) | {gate.output: False for gate in flops}
    levels |= {pin: True for pin in control_pins if pin in ("rst_n", "cs_n")}
    # Reset is released a clock after the pin: these two are 1 from then on.
    levels |= {gate.output: True for gate in flops if gate.output.startswith("awake")}
    # At rest, with the clock low, a flip-flop of the falling edge shows its first half, whose state a deck cannot set
    # by its output: it is counted as one of the rising edge, the same transistors but for an inverter.
    plain = [_rising(gate) if gate in falling else gate for gate in gates]
    print(f"at rest {of_gates(design, plain, levels, design.spec.at) * 1e9:.2f} nW at {design.spec.at}")


if __name__ == "__main__":
    main()
