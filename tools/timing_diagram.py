"""Draws docs/images/port.svg: the port's pins while two words are written and one is read back, from the Verilog model.

    python tools/timing_diagram.py

The waves are those of the behavioural view (Icarus Verilog, its VCD), so the picture shows what the model does.
"""

import tempfile
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from somaforge.flow.memory import port_simulation
from somaforge.flow.memory.port import Action
from somaforge.generator.address import memory_map

TARGET = Path(__file__).parents[1] / "docs/images/port.svg"
MEMORY = memory_map((2, 2), 1)
WORDS = np.array([[1, 0, 1, 1], [0, 1, 1, 0]], dtype=np.int8)
SHOWN = (
    ("clk", "clk", ""),
    ("shift", "shift", ""),
    ("data_in", "data_in", ""),
    ("row_in", "row_in", ""),
    ("row_step", "row_step", ""),
    ("write", "write", ""),
    ("read", "read", ""),
    ("data_out", "data_out", ""),
    ("data register", "data", "inside the macro"),
    ("row token", "token", ""),
    ("word lines", "open", ""),
    ("bit lines", "line", ""),
)
"""Row of the picture, signal of the model, heading before it."""
CLOCK_PX, ROW_PX, HIGH_PX, LEFT_PX, TOP_PX = 40, 30, 17, 112, 46


@dataclass(frozen=True)
class Wave:
    """Values of a signal: (time in ps, bits)."""

    changes: tuple[tuple[int, str], ...]

    def spans(self, stop: int) -> list[tuple[int, int, str]]:
        """(from, to, bits) without changes that last no time."""
        last = dict(self.changes)
        times = sorted(last)
        pairs = zip(times, [*times[1:], stop], strict=True)
        found: list[tuple[int, int, str]] = []
        for a, b in pairs:
            if found and found[-1][2] == last[a]:
                found[-1] = (found[-1][0], b, last[a])
            elif b > a:
                found.append((a, b, last[a]))
        return found


def read_vcd(text: str) -> tuple[dict[str, Wave], int]:
    """Every signal by its name (outer scopes first), and the end of the trace in ps."""
    codes: dict[str, tuple[str, int]] = {}
    changes: dict[str, list[tuple[int, str]]] = {}
    now = 0
    for words in (line.split() for line in text.splitlines() if line.strip()):
        if words[0] == "$var" and words[4] not in codes:
            codes[words[4]] = (words[3], int(words[2]))
        elif words[0][0] == "#":
            now = int(words[0][1:])
        elif words[0][0] in "01xz":
            changes.setdefault(words[0][1:], []).append((now, words[0][0]))
        elif words[0][0] == "b" and len(words) == 2:
            changes.setdefault(words[1], []).append((now, words[0][1:]))
    waves = {}
    for name, (code, width) in codes.items():
        padded = ((t, v.rjust(width, v[0] if v[0] in "xz" else "0")) for t, v in changes.get(code, ()))
        waves[name] = Wave(tuple(padded))
    return waves, now


def simulate() -> tuple[dict[str, Wave], int, list[Action]]:
    """Two words written, the first read back."""
    step, first = Action(row_step=True), Action(row_in=True, row_step=True)
    write = [a for row in (0, 1) for a in (Action(row, shift=True), Action(write=True), step)]
    shown = [first, *write, first, Action(read=True), Action(0, check=True, shift=True)]
    actions = [step, step, *shown]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        view = port_simulation.behaviour("macro", MEMORY)
        port_simulation.simulate(view, MEMORY, WORDS, folder, actions=actions, plusargs=["+vcd=port.vcd"]).check()
        waves, stop = read_vcd((folder / "port.vcd").read_text())
    return waves, stop, actions


def draw() -> str:
    """The SVG."""
    waves, stop, actions = simulate()
    lengths = [MEMORY.width if a.shift else 1 for a in actions]
    period = stop / sum(lengths)
    start = round(sum(lengths[:2]) * period)  # the row select is being emptied before
    scale = CLOCK_PX / period
    width = LEFT_PX + round((stop - start) * scale) + 12
    height = TOP_PX + ROW_PX * len(SHOWN) + 40

    def x(time: float) -> float:
        return round(LEFT_PX + (max(time, start) - start) * scale, 1)

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="DejaVu Sans, Arial, sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *_phases(actions, lengths, period, x, height),
    ]
    y = TOP_PX
    for label, signal, heading in SHOWN:
        if heading:
            lines.append(f'<text x="6" y="{y + 18}" fill="#6a7280" font-size="11">{escape(heading)}</text>')
            y += 24
        lines.append(f'<text x="{LEFT_PX - 8}" y="{y + 14}" text-anchor="end" fill="#1d2530">{escape(label)}</text>')
        spans = [s for s in waves[signal].spans(stop) if s[1] > start]
        lines += _digital(spans, x, y) if len(spans[0][2]) == 1 else _bus(spans, x, y)
        y += ROW_PX
    return "\n".join([*lines, "</svg>"]) + "\n"


def _phases(actions, lengths, period, x, height):  # type: ignore[no-untyped-def]
    """Bands with what the tester does, and a line at each rising edge."""
    now = 0.0
    for action, length in zip(actions, lengths, strict=True):
        begin, end = now, now + length * period
        now = end
        if x(end) <= LEFT_PX:
            continue
        name = _name(action)
        middle = (x(begin) + x(end)) / 2
        yield f'<line x1="{x(begin)}" x2="{x(begin)}" y1="{TOP_PX - 14}" y2="{height - 14}" stroke="#c9d0d9"/>'
        if length > 1:
            yield f'<text x="{middle}" y="{TOP_PX - 20}" text-anchor="middle" fill="#1d2530">{name}</text>'
        else:
            yield (
                f'<text transform="translate({middle + 4},{TOP_PX - 8}) rotate(-38)" fill="#1d2530" '
                f'font-size="11">{name}</text>'
            )
        for k in range(length):
            edge = x(begin + (k + 0.5) * period)
            yield f'<line x1="{edge}" x2="{edge}" y1="{TOP_PX}" y2="{height - 14}" stroke="#e9edf1"/>'


def _name(action: Action) -> str:
    if action.shift:
        return f"shift word {action.address} {'out' if action.check else 'in'}"
    if action.row_in:
        return "token"
    return "write" if action.write else "read" if action.read else "step"


def _digital(spans, x, y):  # type: ignore[no-untyped-def]
    high, low = y + 3, y + 3 + HIGH_PX
    points = []
    for begin, end, value in spans:
        level = {"1": high, "0": low}.get(value, (high + low) / 2)
        points += [f"{x(begin)},{level}", f"{x(end)},{level}"]
    yield f'<polyline points="{" ".join(points)}" fill="none" stroke="#1f5fa8" stroke-width="1.6"/>'


def _bus(spans, x, y):  # type: ignore[no-untyped-def]
    for begin, end, value in spans:
        a, b = x(begin), x(end)
        fill = "#dbe8f6" if "1" in value and not set(value) & {"x", "z"} else "#f1f3f6"
        yield f'<rect x="{a}" y="{y + 3}" width="{round(b - a, 1)}" height="{HIGH_PX}" fill="{fill}" stroke="#1f5fa8"/>'
        if b - a >= 7 * len(value):
            yield (
                f'<text x="{(a + b) / 2}" y="{y + 16}" text-anchor="middle" fill="#1d2530" font-size="10.5" '
                f'font-family="DejaVu Sans Mono, monospace">{value}</text>'
            )


if __name__ == "__main__":
    TARGET.write_text(draw(), encoding="utf-8")
