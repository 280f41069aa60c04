"""The prototype's control in silicon: gates, area, wires, the longest way between flip-flops, what it draws at rest.

python bench/control.py prints what docs/control.md says.
"""

from pathlib import Path

from somaforge.flow.control.gates import gates_of
from somaforge.flow.control.levels import flip_flops
from somaforge.flow.measure.control_power import at_rest_W
from somaforge.generator.control import Control
from somaforge.generator.control_block import control_block
from somaforge.generator.design import build
from somaforge.generator.digital.timing import longest_path
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.spec import load_spec

SPEC = Path(__file__).parents[1] / "examples/prototype.yaml"


def main() -> None:
    """Print."""
    design = build(load_spec(SPEC))
    control = Control.of(design)
    found = gates_of(control, PortMeasures(design.pdk).cells)
    block = control_block(design.pdk, control, found)
    x1, y1, x2, y2 = block.frame.outline
    gates = block.netlist.gates
    flops = flip_flops(block.netlist)
    print(f"{len(found.gates)} gates, {len(gates)} with buffers and repeaters, {len(flops)} flip-flops")
    print(f"{(x2 - x1) / 1000:.1f} x {(y2 - y1) / 1000:.1f} um, {block.utilization:.0%} of it cells")
    print(f"half perimeters {block.placement.length_um / 1000:.1f} mm")
    print(f"longest way: {len(longest_path(block.netlist))} gates")
    print(f"at rest {at_rest_W(design, block.netlist) * 1e9:.2f} nW at {design.spec.at}")


if __name__ == "__main__":
    main()
