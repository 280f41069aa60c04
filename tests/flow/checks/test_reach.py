"""A pin whose wire leads to nothing: KLayout's comparison drops its net and takes another for it."""

import klayout.db as kdb
import pytest

from somaforge.flow.checks.reach import unconnected


def circuits(joined: bool) -> kdb.Circuit:
    """A top with pin `y` over a cell with one device; not joined, the wire of the pin ends before the cell. The
    netlist is kept in the circuit."""
    netlist = kdb.Netlist()
    kind = kdb.DeviceClassMOS4Transistor()
    kind.name = "nfet"
    netlist.add(kind)
    cell = kdb.Circuit()
    cell.name = "cell"
    netlist.add(cell)
    inner = cell.create_net("q")
    device = cell.create_device(kind, "m")
    for terminal in range(4):
        device.connect_terminal(terminal, inner)
    cell.connect_pin(cell.create_pin("q"), inner)
    top = kdb.Circuit()
    top.name = "top"
    netlist.add(top)
    net = top.create_net("y")
    top.connect_pin(top.create_pin("y"), net)
    reached = net if joined else top.create_net("other")
    top.create_subcircuit(cell, "x").connect_pin(0, reached)
    KEPT.append(netlist)
    return top


KEPT: list[kdb.Netlist] = []


@pytest.mark.parametrize(
    ("layout", "schematic", "found"), [(True, True, []), (False, True, ["y"]), (False, False, []), (True, False, [])]
)
def test_a_pin_that_leads_to_nothing_is_named(layout: bool, schematic: bool, found: list[str]) -> None:
    assert unconnected(circuits(layout), circuits(schematic)) == found
