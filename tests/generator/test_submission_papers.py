"""Papers of a chip with our control: pins that the frame has, times by hand."""

from pathlib import Path

from somaforge.generator.control import Control
from somaforge.generator.design import build
from somaforge.generator.spec import load_spec
from somaforge.generator.submission import papers
from somaforge.pdk import load

PROTOTYPE = Path(__file__).parents[2] / "examples/prototype.yaml"


def test_the_pins_are_those_of_a_tile() -> None:
    frame = load("sky130").frames.load("tiny-tapeout-2x2")
    uses = papers.tile_uses()
    ways = {name: frame.pin(name).direction for name in uses}
    # clk, rst_n, three wires of the interface, four of the nibble; miso, valid, busy, pulse, four of class; two analog
    assert len(uses) == len(papers.TILE_PINS) == 2 + 3 + 4 + 4 + 4 + 2
    assert sum(way == "output" for way in ways.values()) == 8
    assert [name for name in uses if frame.pin(name).kind == "analog"] == ["ua[0]", "ua[1]"]
    assert "ui_in[3]" not in uses


def test_ports_of_the_control_have_those_names() -> None:
    text = Control.of(build(load_spec(PROTOTYPE))).verilog()
    for net in papers.TILE_PINS:
        bus = net.rsplit("_", 1)[0] if net[-1].isdigit() else net
        assert f" {bus}" in text, net


def test_times_are_those_of_the_interface() -> None:
    control = Control.of(build(load_spec(PROTOTYPE)))
    # docs/control.md: two rows of 28 bits in nibbles, 7.2 us at 20 MHz
    assert (control.pattern.rows, control.pattern.width) == (2, 28)
    assert papers.per_pattern(control) == 2 * ((8 + 7) * 4 + 12)
    assert papers.time(papers.per_pattern(control)) == "7.2 us"
    # seven rows emptied and row 0 entered by 8 frames of 8 bits, then 7 rows of 8 + 56 bits at an eighth of the clock
    assert papers.per_network(control) == 8 * (8 * 8 + 12) + 7 * ((8 + 56) * 8 + 12)


def test_the_papers_name_what_a_user_needs() -> None:
    design = build(load_spec(PROTOTYPE))
    manual = papers.manual(design)
    assert f"0x{Control.of(design).identity:08x}" in manual.how_to_program
    assert "codes of\n6 bits" in manual.how_it_works
    assert "clock 20 MHz" in manual.how_to_test
    assert len(manual.timing) == 4
