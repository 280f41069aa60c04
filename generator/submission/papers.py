"""What a chip with our control is to its user: which of a tile's pins is what, and the text of its papers.

The pins are those of docs/bench.md: firmware and board know them by these places.
"""

from collections.abc import Mapping

from somaforge.generator.control import Control, Frame, clocks, lane_row, row, write_words
from somaforge.generator.design import Design
from somaforge.generator.spec import Spec
from somaforge.generator.submission.chip import Manual
from somaforge.pdk.templating import render

CLOCK_HZ = 20_000_000
"""docs/control.md."""
PULSES_PER_C = 3.9e12
"""Of the converter: 3.9 MHz at 1 uA (docs/control.md, Measurement)."""
NIBBLE, CLASS = 4, 4
"""Bits."""
TILE_PINS: Mapping[str, tuple[str, str]] = {
    "clk": ("clk", "clock, 20 MHz"),
    "rst_n": ("rst_n", "reset, low"),
    "cs_n": ("ui_in[0]", "cs_n, frame"),
    "sck": ("ui_in[1]", "sck"),
    "mosi": ("ui_in[2]", "mosi"),
    **{f"nibble_{k}": (f"ui_in[{4 + k}]", f"nibble[{k}]") for k in range(NIBBLE)},
    "miso": ("uo_out[0]", "miso"),
    "class_valid": ("uo_out[1]", "class_valid"),
    "busy": ("uo_out[2]", "busy"),
    "pulse": ("uo_out[3]", "pulse of the converter"),
    **{f"class_out_{k}": (f"uo_out[{4 + k}]", f"class[{k}]") for k in range(CLASS)},
    "reference": ("ua[0]", "reference current"),
    "monitor": ("ua[1]", "monitor of the selected output current"),
}
"""Net of the control (a bus as <bus>_<bit>), or analog net -> pin of a tile, what the pinout says of it."""


def tile_uses() -> dict[str, str]:
    """Pin of the tile -> what it is for."""
    return dict(TILE_PINS.values())


def per_pattern(control: Control) -> int:
    """Clocks of loading a pattern in nibbles, or through lanes, at a quarter of the clock (docs/control.md, Time)."""
    word = [0] * control.pattern.width
    if control.lanes:
        return clocks([lane_row(control, word, 0)] * control.pattern.rows, per_bit=4, between=12)
    return clocks([row(word, 0, pattern=True, nibbles=True)] * control.pattern.rows, per_bit=4, between=12)


def per_network(control: Control) -> int:
    """Clocks of writing all weights bit by bit at an eighth of the clock."""
    frames: tuple[Frame, ...] = write_words([[0] * control.weights.width] * control.weights.rows)
    return clocks(frames, per_bit=8, between=12)


def manual(design: Design) -> Manual:
    """The papers; InputError for a design that has no control."""
    control, spec = Control.of(design), design.spec
    texts = {
        name: render(
            f"papers_{name}.md.j2",
            layers="-".join(map(str, spec.array.layers)),
            bits=spec.array.bits,
            driver_bits=driver_bits(spec),
            control=control,
            identity=f"{control.identity:08x}",
            clock_mhz=CLOCK_HZ // 1_000_000,
        ).strip()
        for name in ("works", "program", "test")
    }
    timing = (
        (f"loading a pattern in nibbles, {per_pattern(control)} clocks", time(per_pattern(control))),
        (f"writing all weights bit by bit, {per_network(control)} clocks", time(per_network(control))),
        ("sck", "at most clk / 8, clk / 4 if nothing is read"),
        ("a measurement of 10 nA, 16 pulses", f"{16 / (PULSES_PER_C * 10e-9) * 1e6:.0f} us"),
    )
    return Manual(texts["works"], timing, texts["program"], texts["test"])


def time(count: int) -> str:
    """Clocks as a time, for a reader."""
    seconds = count / CLOCK_HZ
    return f"{seconds * 1e6:.3g} us" if seconds < 1e-3 else f"{seconds * 1e3:.3g} ms"


def driver_bits(spec: Spec) -> int:
    """Bits of an input's code; 0 without drivers."""
    return 0 if spec.drivers is None else spec.drivers.bits
