"""The periphery's gates: one driver per net, every input driven, clocks against the data."""

from collections import Counter

import pytest

from somaforge.generator.address import memory_map
from somaforge.generator.periphery.netlist import GateNetlist, Plan, build, default_plan

OUTPUTS = {"X", "Y", "Z", "Q", "GCLK"}


@pytest.fixture(params=[((2, 2, 1), 3), ((1, 1), 1), ((20, 3), 2)])
def netlist(request: pytest.FixtureRequest) -> GateNetlist:
    layers, bits = request.param
    return build(memory_map(layers, bits))


def test_every_net_has_one_driver(netlist: GateNetlist) -> None:
    driven = Counter(net for gate in netlist.gates for pin, net in gate.pins if pin in OUTPUTS)
    driven.update(netlist.inputs)
    assert set(driven.values()) == {1}
    used = {net for gate in netlist.gates for pin, net in gate.pins if pin not in OUTPUTS}
    assert used <= set(driven)
    assert set(netlist.outputs) | set(netlist.lines) <= set(driven)
    # What no gate uses: the port, the complement lines, the last repeaters of a chain and the last token.
    unused = set(driven) - used - set(netlist.outputs) - set(netlist.lines)
    assert unused == set()


def test_names_are_unique(netlist: GateNetlist) -> None:
    assert len({g.name for g in netlist.gates}) == len(netlist.gates)


def _depth(netlist: GateNetlist, net: str) -> int:
    """Buffers between the clock gate and a net."""
    drivers = {net: gate for gate in netlist.gates for pin, net in gate.pins if pin in OUTPUTS}
    gate = drivers[net]
    return 0 if gate.cell.startswith("dlclkp") else 1 + _depth(netlist, gate.net("A"))


@pytest.mark.parametrize(("flop", "pin"), [("sdfxtp_1", "SCD"), ("dfxtp_1", "D")])
def test_a_receiver_is_never_clocked_after_its_sender(netlist: GateNetlist, flop: str, pin: str) -> None:
    flops = {g.net("Q"): g for g in netlist.gates if g.cell == flop}
    for gate in flops.values():
        sender = flops.get(gate.net(pin))
        if sender is not None:
            assert _depth(netlist, gate.net("CLK")) <= _depth(netlist, sender.net("CLK"))


def test_groups_must_make_the_word() -> None:
    memory = memory_map((2, 2), 1)
    assert default_plan(memory).groups == (4,)
    with pytest.raises(ValueError, match=r"groups \(2, 1\) do not make a word of 4 bits"):
        Plan(memory, (2, 1))
