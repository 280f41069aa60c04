"""The chip's control as a block: the gates that its Verilog is mapped to, in rows beside each other."""

from collections.abc import Callable, Mapping

from somaforge.generator.block import Role
from somaforge.generator.control import Control
from somaforge.generator.digital.block import Digital, place_and_route
from somaforge.generator.digital.frame import Edge, Frame
from somaforge.generator.digital.place import width
from somaforge.generator.digital.route import NoRoomError
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.netlist import GateNetlist
from somaforge.pdk import Pdk
from somaforge.pdk.errors import InputError

FILLED = (0.49, 0.41)
"""Shares of the rows that the gates take before there are buffers, diodes and repeaters: the rest is room for wires.
One after the other until the wires have it. With ports where a tile has its pins, 0.52 left twelve places that two
wires wanted; the control of 13 lanes and ten outputs has one such place at 0.49, and has none left at 0.41."""
ROWS = 22
"""60 um high: lower and longer needs more wires along the rows than there are tracks (17 rows of 322 um did not do)."""
OUTSIDE = ("clk", "rst_n", "cs_n", "sck", "mosi", "nibble", "lane", "miso", "class_out", "class_valid", "busy")
"""Ports that lead to the chip's pins, without the numbers of their bits."""


def edges(netlist: GateNetlist) -> Mapping[str, Edge]:
    """Pins of the chip on the upper edge, what leads to the other blocks on the lower one."""
    return {
        pin: "upper" if pin in OUTSIDE or pin.rpartition("_")[0] in OUTSIDE else "lower"
        for pin in (*netlist.inputs, *netlist.outputs)
    }


def placed(
    pdk: Pdk, control: Control, netlist: GateNetlist, at_nm: Mapping[str, int] | None, filled: float = FILLED[0]
) -> Digital:
    """The gates of a control (flow.synthesis makes them) in its rows, as wide as they are with that share of them.

    `at_nm`: where ports are wanted, from the left end of the rows; others come near their gates. InputError if the
    gates are not sound; wires are looked for when they are asked for.
    """
    m = PortMeasures(pdk)
    sites = -(-round(sum(width(m.cells, gate) for gate in netlist.gates) / filled) // ROWS)
    return place_and_route(
        control.name, netlist, Frame(m, ROWS, sites, edges(netlist), {"clk": Role.CLOCK}, at_nm or {})
    )


def control_block(
    pdk: Pdk,
    control: Control,
    netlist: GateNetlist,
    at_nm: Mapping[str, int] | None = None,
    refuse: Callable[[Digital], None] = lambda made: None,
) -> Digital:
    """The same with all wires, as wide as these need; its `block()` is what a chip is composed of.

    `refuse` raises where rows are too large, before their wires, which take longest, are looked for. InputError if the
    gates are not sound, or the wires have no room in the widest one either.
    """
    for filled in FILLED:
        made = placed(pdk, control, netlist, at_nm, filled)
        refuse(made)
        try:
            made.routed  # noqa: B018  looked for once, and kept
        except NoRoomError:
            continue
        return made
    raise InputError(
        f"{control.name}: the wires of {len(netlist.gates)} gates have no room in {ROWS} rows; fewer "
        "chip.drivers.lanes or outputs need fewer"
    )
