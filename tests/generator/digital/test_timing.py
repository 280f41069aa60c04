"""The longest way between flip-flops."""

import pytest

from somaforge.generator.digital.timing import longest_path
from somaforge.generator.periphery.netlist import Gate, GateNetlist

FLOP = Gate("x_f", "flip_flop", 1, (("clock", "clk"), ("data", "d"), ("y", "q")))


def gate(name: str, a: str, b: str) -> Gate:
    return Gate(f"x_{name}", "nand2", 1, (("a", a), ("b", b), ("y", name)))


def test_the_longest_of_two_ways() -> None:
    """By hand: q, m, n, d; the way q, d is shorter."""
    netlist = GateNetlist(("clk", "a"), (), (), (gate("d", "n", "q"), gate("n", "m", "a"), gate("m", "q", "a"), FLOP))
    assert [g.name for g in longest_path(netlist)] == ["x_f", "x_m", "x_n", "x_d"]


def test_a_loop_is_an_error() -> None:
    netlist = GateNetlist(("clk", "a"), (), (), (gate("d", "n", "q"), gate("n", "d", "a"), FLOP))
    with pytest.raises(ValueError, match="loop"):
        longest_path(netlist)
