"""The control's rows get wider until its wires have room; the error says what to change if none is wide enough."""

from types import SimpleNamespace
from typing import Any

import pytest

from somaforge.generator import control_block as module
from somaforge.generator.digital.route import NoRoomError
from somaforge.pdk import load
from somaforge.pdk.errors import InputError


class Placed:
    """Rows whose wires find room below a share."""

    def __init__(self, filled: float, enough: float) -> None:
        self.filled, self._enough = filled, enough

    @property
    def routed(self) -> tuple[()]:
        if self.filled > self._enough:
            raise NoRoomError("routing: no room for the wires; 1 places are used twice, of a, b")
        return ()


@pytest.mark.parametrize(("enough", "found"), [(1.0, module.FILLED[0]), (0.45, module.FILLED[1])])
def test_the_first_one_with_room_is_taken(enough: float, found: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "placed", lambda *given: Placed(given[-1], enough))
    made: Any = control()
    assert made.filled == found


def test_without_room_in_the_widest_one_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "placed", lambda *given: Placed(given[-1], 0.1))
    with pytest.raises(
        InputError, match=r"ctl: the wires of 2 gates have no room in 22 rows; fewer chip\.drivers\.lanes"
    ):
        control()


def control() -> object:
    named: Any = SimpleNamespace(name="ctl")
    gates: Any = SimpleNamespace(gates=(1, 2))
    return module.control_block(load("sky130"), named, gates)
