"""What is written for a shuttle: names, pinout, modes of pads."""

from dataclasses import replace

import pytest
import yaml

from somaforge.generator.block import Block, Port, Role
from somaforge.generator.circuit import Circuit, Library
from somaforge.generator.submission import caravel, tiny_tapeout
from somaforge.generator.submission.chip import FramedChip, Manual, Project, buses, frame_ports
from somaforge.generator.submission.write import family_of
from somaforge.pdk import load
from somaforge.pdk.errors import InputError
from somaforge.pdk.frames import Frame

PDK = load("sky130")
TILE = PDK.frames.load("tiny-tapeout-1x2")
MANUAL = Manual("Works.", (("a | b", "1 us"),), "Program it.", "Test it.")


def empty(frame: Frame, name: str, ports: tuple[Port, ...] | None = None) -> Block:
    """A block of pins alone, which is never drawn."""
    straps = tuple(
        Port(s.net, Role.GROUND if s.ground else Role.SUPPLY, s.layer, (0, 0, 2000, 200_000)) for s in frame.supplies
    )
    own = (*straps, *frame_ports(frame)) if ports is None else ports
    circuit = Circuit(name, tuple(dict.fromkeys(port.net for port in own)), (), ())
    return Block(name, frame.outline, own, Library({name: circuit}, name), lambda layout: layout.create_cell(name))


def chip(**uses: str) -> FramedChip:
    given = {f"{name[:-1].rstrip('_')}[{name[-1]}]": text for name, text in uses.items()}
    return FramedChip(TILE, empty(TILE, "tt_um_x"), given, 1000, MANUAL)


def test_the_pinout_says_what_pins_are_for() -> None:
    found = dict(tiny_tapeout.pinout(chip(ui_in_0="clock", uio_in_3="data", uio_out_3="answer", ua_0="current")))
    assert len(found) == 3 * 8 + 6
    assert found["ui[0]"] == "clock"
    assert found["uio[3]"] == "data, answer"
    assert found["ua[0]"] == "current"
    assert {text for key, text in found.items() if key not in ("ui[0]", "uio[3]", "ua[0]")} == {""}


def test_texts_are_what_yaml_reads() -> None:
    project = Project('A "chip": #1', "A. Person", "It's 50 % { odd } | text", discord="a#1")
    texts = {t.place: t.content for t in tiny_tapeout.texts(PDK, chip(ui_in_0="a: b", ua_0="x"), project)}
    assert set(texts) == {"info.yaml", "src/project.v", "docs/info.md"}
    info = yaml.safe_load(texts["info.yaml"])
    assert info["yaml_version"] == 6
    assert info["project"]["title"] == project.title
    assert info["project"]["description"] == project.description
    assert (info["project"]["analog_pins"], info["project"]["tiles"]) == (1, "1x2")
    assert info["pinout"]["ui[0]"] == "a: b"
    assert "| a \\| b | 1 us |" in texts["docs/info.md"]
    assert "    input  wire [7:0] ui_in,\n" in texts["src/project.v"]
    assert "    input  wire       VGND,\n" in texts["src/project.v"]


def test_buses_are_whole() -> None:
    assert {bus.name: bus.width for bus in buses(TILE)} == {
        **dict.fromkeys(("clk", "ena", "rst_n"), 0),
        **dict.fromkeys(("ua", "ui_in", "uio_in", "uio_oe", "uio_out", "uo_out"), 8),
    }
    holed = replace(TILE, pins=tuple(pin for pin in TILE.pins if pin.name != "ui_in[3]"))
    with pytest.raises(ValueError, match="bus ui_in has gaps"):
        buses(holed)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"block": empty(TILE, "chip")}, "its top cell 'chip' must be called tt_um_..."),
        ({"block": empty(TILE, "tt_um_x", frame_ports(TILE))}, "it has no port VDPWR"),
        ({"uses": {"ui[0]": "clock"}}, "uses: ui[0] is no pin of the frame"),
        ({"uses": {"clk": "two\nlines"}}, "uses: clk needs one line of text"),
        ({"uses": {"ua[1]": "x"}}, "uses: ua[1] is used, but not every analog pin before it"),
        ({"uses": {f"ua[{n}]": "x" for n in range(7)}}, "uses: ua[6] reaches no package"),
    ],
)
def test_what_does_not_fit_the_frame_is_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(InputError) as said:
        replace(chip(), **change)  # type: ignore[arg-type]
    assert str(said.value) == f"chip in tiny-tapeout-1x2: {says}"


@pytest.mark.parametrize("author", ["", " x", "a\nb", "\u200b"])
def test_papers_need_an_author(author: str) -> None:
    with pytest.raises(InputError, match=r"chip\.project\.author: must be one line of text"):
        Project("t", author, "d")


def test_an_unknown_shuttle_is_refused() -> None:
    with pytest.raises(InputError, match="nothing is known of what moon asks for"):
        family_of("moon")


@pytest.mark.needs_pdk
def test_modes_of_pads_follow_from_what_they_are_used_for() -> None:
    frame = PDK.frames.load("caravel-analog")
    uses = {"io_in[5]": "clock", "io_out[6]": "data", "io_in[14]": "a", "io_out[14]": "b", "gpio_analog[1]": "current"}
    framed = FramedChip(frame, empty(frame, frame.top_cell("x")), uses, 0, MANUAL)
    found = dict(caravel.modes(framed))
    assert len(found) == 9 + 13
    assert found.pop(5) == "GPIO_MODE_USER_STD_INPUT_NOPULL"
    assert found.pop(6) == "GPIO_MODE_USER_STD_OUTPUT"
    assert found.pop(8) == "GPIO_MODE_USER_STD_ANALOG"
    assert found.pop(25) == "GPIO_MODE_USER_STD_BIDIRECTIONAL"
    assert set(found.values()) == {"GPIO_MODE_MGMT_STD_INPUT_NOPULL"}
