"""Circuits: counts by hand, names, the flat form."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from specs import design

from somaforge.generator.block import Role
from somaforge.generator.netlist import spice_text


def test_prototype_counts_are_the_papers() -> None:
    """7-7-7: 21 somas and 98 synapses. Per synapse: 2 sign switches, 7 + 7 units, 3 switches, 2 dummies, 4 latches of
    6; per soma 5 transistors of 4 units and 2 + 6 dummies; per output synapse 21 without latches."""
    made = design([7, 7, 7])
    assert made.synapse_count == 98
    synapse = 2 + 14 + 3 + 2 + 4 * 6
    assert made.library.transistor_count() == 98 * synapse + 21 * (20 + 8) + 7 * 21
    assert len(made.flat.mos) == made.library.transistor_count()


def test_scaled_mirrors_are_the_papers_eleven_transistors() -> None:
    made = design([4, 3, 3], mirror={"style": "scaled"})
    synapse = made.library.circuits[made.cell("synapse")]
    working = [m for m in synapse.mos if "dummy" not in m.name]
    assert len(working) == 11
    assert sorted({m.w_nm for m in working if m.name.startswith("mp")}) == [840, 1680, 3360]


@given(st.integers(4, 6), st.integers(1, 5), st.integers(3, 5), st.integers(1, 4))
def test_flat_and_hierarchical_agree(a: int, b: int, c: int, bits: int) -> None:
    made = design([a, b, c], bits=bits)
    names = [m.name for m in made.flat.mos]
    assert len(names) == len(set(names)) == made.library.transistor_count()
    assert set(made.library.circuits["drawn"].ports) <= set(made.flat.nets)
    for circuit in made.library.circuits.values():
        for call in circuit.calls:
            assert len(call.nets) == len(made.library.circuits[call.circuit].ports)


def test_every_net_joins_at_least_two_terminals() -> None:
    made = design([4, 3, 3])
    counts: dict[str, int] = dict.fromkeys(made.flat.ports, 1)
    for m in made.flat.mos:
        for net in (m.d, m.g, m.s, m.b):
            counts[net] = counts.get(net, 0) + 1
    assert [net for net, n in counts.items() if n < 2] == []


@pytest.mark.parametrize("dialect", ["spice", "cdl"])
def test_netlist_text_has_every_circuit_and_transistor(dialect: str) -> None:
    made = design([4, 3, 3])
    text = spice_text(made.library, dialect)  # type: ignore[arg-type]
    assert re.findall(r"^\.subckt (\S+)", text, re.MULTILINE) == list(made.library.circuits)
    per_circuit = sum(len(c.mos) for c in made.library.circuits.values())
    assert text.count("sky130_fd_pr__") == per_circuit
    assert max(len(line) for line in text.splitlines()) <= 110


def test_design_hash_names_the_silicon_only() -> None:
    base = design([4, 3, 3])
    assert base.hash == design([4, 3, 3]).hash
    assert base.hash != design([4, 3, 3], bits=2).hash


def test_pins_of_the_cdl_are_no_ports_of_a_circuit() -> None:
    """Lists of pins that are longer than a line: every line of them is a comment, and says what the pins are."""
    text = spice_text(design([4, 5, 3]).library, "cdl", {"wl_0_0": Role.DIGITAL_INPUT, "out_0": Role.ANALOG_OUTPUT})
    lines = text.splitlines()
    after = [b for a, b in pairwise(lines) if a.startswith("*.PININFO")]
    assert not any(line.startswith("+") for line in after)
    assert " wl_0_0:I" in text
    assert " out_0:B" in text
