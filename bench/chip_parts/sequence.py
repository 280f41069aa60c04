"""One sequence of the prototype at transistor level: a row of weights, a pattern and the bias's ratio in, a class out.

All through the digital pins of the extracted chip, gates, ports and latches included. Latches of the row and of the
pattern hold the opposite at first, so that each of them has to turn over; the others hold what an earlier programming
left, and both row selects are empty, as it leaves them.
"""

import re
import time
from typing import Any

import numpy as np

from chip_parts.decisions import Prototype, Row
from chip_parts.netlist import whole
from somaforge.flow.bench.cosim import Word
from somaforge.flow.chips import VirtualChip
from somaforge.flow.control.simulation import HALF_PERIOD_NS
from somaforge.flow.measure.sequence import Surroundings, Traces, play
from somaforge.flow.measure.sequence_pins import PINS, PinScript
from somaforge.flow.memory import port
from somaforge.flow.readout.setting import bias_setting
from somaforge.flow.readout.whole import BANK, MACRO
from somaforge.generator import control as c
from somaforge.generator.address import Codes, MemoryMap, WeightBit, WeightFormat
from somaforge.generator.chip.framed import tile_pins
from somaforge.generator.circuit import FlatNetlist
from somaforge.generator.control import Control, Frame
from somaforge.generator.names import DOWN, place

ROW = 0
"""Of the weights' port: the token enters there."""
RACE_CLOCKS = 80
"""4 us, and the flip-flops behind `valid`."""
_TOKEN = re.compile(rf"(?:{re.escape(MACRO)}|{re.escape(BANK)})\..*token_\d+")


def words(memory: MemoryMap, codes: tuple[Codes, ...]) -> tuple[Word, ...]:
    """Of a port, 0 where there is no latch."""
    form = WeightFormat(memory.bits)
    found = port.to_words(memory, tuple(form.encode(m) for m in codes))
    return tuple(tuple(max(int(b), 0) for b in word) for word in found)


def script_of(made: Prototype, row: Row, settle_clocks: int) -> PinScript:
    """What the pins are given for a decision that is kept."""
    control = Control.of(made.design)
    ratio, _ = bias_setting(float(made.references_A[0]))
    script, first = PinScript(), c.PORT | c.STEP | c.ROW_IN
    script.send([Frame(first)])
    script.send([c.row(words(control.weights, made.codes(row["chip"]))[ROW], c.WRITE | c.STEP, nibbles=True)])
    script.send([Frame(first | c.TO_PATTERN)])
    pattern = words(control.pattern, (made.latches[row["flower"]],))
    script.send([c.row(word, c.WRITE | c.STEP, pattern=True, nibbles=True) for word in pattern])
    script.send([c.configure(ratio), c.start(settle_clocks)])
    script.wait(settle_clocks + RACE_CLOCKS)
    return script


def latches_of(flat: FlatNetlist, prefix: str) -> dict[WeightBit, str]:
    """Net of the true side of every latch whose transistor's name begins so: that of the drivers, or nothing."""
    found = {}
    for m in flat.mos:
        at = place(m.name.removeprefix(prefix)) if m.name.startswith(prefix) else None
        if at is not None and at.latch is not None and at.inside == DOWN:
            found[WeightBit(at.layer, at.row, at.column, at.latch)] = m.d
    return found


def empty_selects(flat: FlatNetlist) -> dict[str, bool]:
    """What a row select's flip-flops hold before the inverters of their outputs: high, so that no token is in it."""
    tokens = {net for net in flat.nets if _TOKEN.fullmatch(net)}
    return {m.g: True for m in flat.mos if {m.d, m.s} & tokens}


def simulate(made: Prototype, flat: FlatNetlist, row: Row) -> dict[str, Any]:
    """The decision `row` once more, from pins to pins; what was found."""
    chip, control = whole(made.design, flat), Control.of(made.design)
    seed, form = row["chip"], WeightFormat(made.spec.array.bits)
    weights, pattern = latches_of(chip, ""), latches_of(chip, f"{BANK}.")
    wanted = {net: _bit(form, made.codes(seed), at) for at, net in weights.items()}
    loaded = {net: _bit(form, (made.latches[row["flower"]],), at) for at, net in pattern.items()}
    written = {net for at, net in weights.items() if control.weights.place(at)[0] == ROW}
    held = {net: level != (net in written) for net, level in wanted.items()}
    held |= {net: not level for net, level in loaded.items()} | empty_selects(chip)
    settle = round(row["settle_s"] / HALF_PERIOD_NS / 2 * 1e9)
    script = script_of(made, row, settle)
    at_pins = {net: pin for net, (pin, _) in tile_pins([*PINS, "clk"]).items()}
    outputs = tile_pins(["class_valid", "busy", *(f"class_out_{k}" for k in range(control.class_bits))])
    watch = [*(pin for pin, _ in outputs.values()), *weights.values(), *pattern.values()]
    clock = at_pins.pop("clk")
    frame = made.design.pdk.frames.load(str(made.spec.frame))
    unused = [p.name for p in frame.pins if p.kind == "digital" and p.direction == "input"]
    low = [p for p in unused if p in chip.nets and p not in (clock, "ena", *at_pins.values())]
    pin_A = bias_setting(float(made.references_A[0]))[1]
    around = Surroundings(clock, at_pins, ("ena",), (*low, "monitor"), {"iref": pin_A}, held)
    start = time.monotonic()
    found = play(
        made.design.pdk, chip, VirtualChip.of(made.spec.chips, seed), made.spec.at, script, around, watch,
        HALF_PERIOD_NS * 1e-9,
    )  # fmt: skip
    last = script.clocks - 1
    pins = {net: found.level(pin, last) for net, (pin, _) in outputs.items()}
    return {
        "chip": seed, "flower": row["flower"], "transistors": len(chip.mos), "clocks": script.clocks,
        "wrong_written": _wrong(found, {n: wanted[n] for n in written}, last), "written": len(written),
        "wrong_pattern": _wrong(found, loaded, last), "pattern": len(loaded),
        "disturbed": _wrong(found, {n: wanted[n] for n in wanted if n not in written}, last),
        "kept": len(wanted) - len(written),
        "valid": pins["class_valid"] > 0.9, "busy": pins["busy"] > 0.1,
        "class": sum((pins[f"class_out_{k}"] > 0.5) << k for k in range(control.class_bits)),
        "worst_level": max(min(abs(level), abs(1 - level)) for level in pins.values()),
        "chosen": row["chosen"], "seconds": round(time.monotonic() - start, 1),
    }  # fmt: skip


def _bit(form: WeightFormat, codes: tuple[Codes, ...], at: WeightBit) -> bool:
    return bool(form.encode(np.asarray(codes[at.matrix]))[at.row, at.column, at.bit])


def _wrong(found: Traces, wanted: dict[str, bool], clock: int) -> int:
    """Latches that are not within a tenth of the supply of what they should hold."""
    return sum(abs(found.level(net, clock) - level) > 0.1 for net, level in wanted.items())
