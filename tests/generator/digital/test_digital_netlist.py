"""Nothing floats: what is wrong with a netlist of gates is found and named."""

from dataclasses import replace

import pytest

from somaforge.generator.digital.netlist import require_sound, with_pin_buffers
from somaforge.generator.periphery.netlist import Gate, GateNetlist
from somaforge.pdk.errors import InputError

GATES = (
    Gate("x_0", "nand2", 1, (("a", "a"), ("b", "b"), ("y", "n"))),
    Gate("x_1", "inverter", 1, (("a", "n"), ("y", "y"))),
)
SOUND = GateNetlist(("a", "b"), ("y",), (), GATES)
DIODE = Gate("x_d", "antenna_diode", 2, (("a", "b"),))
ALONE = replace(DIODE, pins=(("a", "c"),))


def test_a_sound_netlist_passes_with_and_without_buffers() -> None:
    require_sound(SOUND)
    require_sound(replace(SOUND, gates=(*GATES, DIODE)))
    buffered = with_pin_buffers(SOUND)
    require_sound(buffered)
    assert len(buffered.gates) == 2 + 3
    assert sum(net in ("a", "b", "y") for gate in buffered.gates for _, net in gate.pins) == 3


@pytest.mark.parametrize(
    ("netlist", "says"),
    [
        (replace(SOUND, inputs=("a",)), r"b floats at x_0\.b"),
        (replace(SOUND, gates=GATES[:1]), "y floats at pin y; nothing reads n"),
        (replace(SOUND, inputs=("a", "b", "n")), "n has 2 drivers"),
        (replace(SOUND, inputs=("a", "b", "c")), "nothing reads c"),
        (replace(SOUND, inputs=("a", "b", "c"), gates=(*GATES, ALONE)), "nothing reads c"),
        (replace(SOUND, gates=(*GATES, ALONE)), r"c floats at x_d\.a"),
        (replace(SOUND, gates=(replace(GATES[0], pins=(("a", "a"), ("y", "n"))), GATES[1])), "x_0 has the pins a, y"),
        (replace(SOUND, gates=(replace(GATES[0], pins=(("a", "a"), ("b", "vdd"), ("y", "n"))), GATES[1])), "on vdd"),
        (replace(SOUND, gates=(*GATES, replace(GATES[1], pins=(("a", "n"), ("y", "z"))))), "2 gates are x_1"),
    ],
    ids=[
        "no driver",
        "output without driver",
        "two drivers",
        "unread",
        "diode alone",
        "diode without driver",
        "open pin",
        "rail",
        "same name",
    ],
)
def test_faults_are_named(netlist: GateNetlist, says: str) -> None:
    with pytest.raises(InputError, match=says):
        require_sound(netlist)
