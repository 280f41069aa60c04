"""The periphery's gates: one driver per net, every input driven, clocks against the data."""

from collections import Counter
from dataclasses import replace

import pytest

from somaforge.generator.address import memory_map
from somaforge.generator.periphery.netlist import PORT_INPUTS, GateNetlist, Plan, build, default_plan
from somaforge.pdk.library import OUTPUT


@pytest.fixture(params=[((2, 2, 1), 3), ((1, 1), 1), ((20, 3), 2)])
def netlist(request: pytest.FixtureRequest) -> GateNetlist:
    layers, bits = request.param
    return build(memory_map(layers, bits))


def test_every_net_has_one_driver(netlist: GateNetlist) -> None:
    driven = Counter(net for gate in netlist.gates for pin, net in gate.pins if pin == OUTPUT)
    driven.update(netlist.inputs)
    assert set(driven.values()) == {1}
    used = {net for gate in netlist.gates for pin, net in gate.pins if pin != OUTPUT}
    assert used <= set(driven)
    assert set(netlist.outputs) | set(netlist.lines) <= set(driven)
    # What no gate uses: the port, the complement lines, the last repeaters of a chain and the last token.
    unused = set(driven) - used - set(netlist.outputs) - set(netlist.lines)
    assert unused == set()


def test_a_guarded_port_has_a_diode_at_every_input_and_nothing_else_is_new() -> None:
    memory = memory_map((2, 2, 1), 3)
    bare, guarded = (build(memory, replace(default_plan(memory), guarded=g)) for g in (False, True))
    diodes = [gate for gate in guarded.gates if gate.function == "antenna_diode"]
    assert sorted(gate.net("a") for gate in diodes) == sorted(PORT_INPUTS)
    assert [gate for gate in guarded.gates if gate not in diodes] == list(bare.gates)


def test_names_are_unique(netlist: GateNetlist) -> None:
    assert len({g.name for g in netlist.gates}) == len(netlist.gates)


def _depth(netlist: GateNetlist, net: str) -> int:
    """Buffers between the clock gate and a net."""
    drivers = {net: gate for gate in netlist.gates for pin, net in gate.pins if pin == OUTPUT}
    gate = drivers[net]
    return 0 if gate.function == "clock_gate" else 1 + _depth(netlist, gate.net("a"))


@pytest.mark.parametrize(("flop", "pin"), [("scan_flip_flop", "scan_data"), ("flip_flop", "data")])
def test_a_receiver_is_never_clocked_after_its_sender(netlist: GateNetlist, flop: str, pin: str) -> None:
    flops = {g.output: g for g in netlist.gates if g.function == flop}
    for gate in flops.values():
        sender = flops.get(gate.net(pin))
        if sender is not None:
            assert _depth(netlist, gate.net("clock")) <= _depth(netlist, sender.net("clock"))


def test_groups_must_make_the_word() -> None:
    memory = memory_map((2, 2), 1)
    assert default_plan(memory).groups == (4,)
    with pytest.raises(ValueError, match=r"groups \(2, 1\) do not make a word of 4 bits"):
        Plan(memory, (2, 1))
