"""VACASK netlists from our SPICE ones: the same circuit, line by line, in the other simulator's language.

Translated are the lines that somaforge writes: bound BSIM4 cards, transistors in um, resistors, capacitors, sources,
subcircuits and their calls. Anything else is an error, so nothing can be lost on the way. VACASK has no piecewise
linear source: a staircase becomes one source per step, which add up.
"""

import re
from collections.abc import Iterator, Sequence

from somaforge.pdk.errors import InputError
from somaforge.pdk.models import Models

HEAD = (
    'load "spice/bsim4v8.osdi"',
    'load "spice/resistor.osdi"',
    'load "spice/capacitor.osdi"',
    "model v_source vsource",
    "model i_source isource",
    "model r_plain sp_resistor",
    "model c_plain sp_capacitor",
)
_POWERS = {"w": 1, "l": 1, "pd": 1, "ps": 1, "ad": 2, "as": 2}
"""Of the length of 1 (Models.metres) by which a parameter is multiplied."""
_CARD_ONLY = {"level", "version"}
"""They choose the model in ngspice; here its name does."""
_SKIPPED = (".option", ".temp", ".save", ".tran", ".end", "*")
"""Belong to an analysis, which the caller writes."""
_GROUND = {"gnd", "0"}


def netlist(spice: str, models: Models, *, ground: bool = True) -> list[str]:
    """Lines of a VACASK netlist, without title and control block. InputError for a line that has no translation.

    With `ground` the node gnd is the reference, as in ngspice; subcircuits that have a pin gnd need ground=False.
    """
    lines = [line for line in re.sub(r"\n\+", " ", spice).split("\n") if line.strip()]
    return [*HEAD, *(out for line in lines for out in _line(line, models, ground))]


def name(spice: str, ground: bool = True) -> str:
    """An identifier: VACASK takes letters, digits and _ (a point becomes two, which ours never have)."""
    if ground and spice in _GROUND:
        return "0"
    return re.sub(r"[.:#]", "__", spice)


def _line(line: str, models: Models, ground: bool) -> Iterator[str]:
    words = line.split()
    kind = words[0][0].lower()
    if line.startswith(".model"):
        yield _card(words)
    elif line.startswith(".subckt"):
        yield f"subckt {words[1]}({' '.join(name(w, ground) for w in words[2:])})"
    elif line.startswith(".ends"):
        yield "ends"
    elif line.startswith(_SKIPPED) and not (line.startswith(".option") and "scale" in line and line != models.options):
        return
    elif kind == "m":
        values = dict(_pair(w) for w in words[6:])
        metres = {key: value * models.metres ** _POWERS.get(key, 0) for key, value in values.items()}
        yield _element(words[0], words[1:5], words[5], metres, ground)
    elif kind == "x" and "=" not in line:
        yield _element(words[0], words[1:-1], words[-1], {}, ground)
    elif kind in "rc" and len(words) == 4:
        master, key = ("r_plain", "r") if kind == "r" else ("c_plain", "c")
        yield _element(words[0], words[1:3], master, {key: float(words[3])}, ground)
    elif kind == "v" and len(words) == 4:
        yield _element(words[0], words[1:3], "v_source", {"dc": float(words[3])}, ground)
    elif kind == "i":
        yield from _current(words, ground)
    else:
        raise InputError(f"netlist: no VACASK for the line {line[:60]!r}; only what somaforge writes is translated")


def _element(what: str, nodes: Sequence[str], master: str, values: dict[str, float], ground: bool) -> str:
    scaled = " ".join(f"{key}={value:.10g}" for key, value in values.items())
    ends = " ".join(name(n, ground) for n in nodes)
    return f"{name(what)} ({ends}) {master} {scaled}".rstrip()


def _pair(word: str) -> tuple[str, float]:
    key, _, value = word.partition("=")
    return key, float(value)


def _card(words: Sequence[str]) -> str:
    """A bound BSIM4 card."""
    values = [_real(w) for w in words[3:] if w.partition("=")[0] not in _CARD_ONLY]
    polarity = {"nmos": 1, "pmos": -1}[words[2]]
    rows = (" ".join(values[k : k + 8]) for k in range(0, len(values), 8))
    return "\n  ".join((f"model {words[1]} sp_bsim4v8 (", f"type={polarity}", *rows)) + "\n)"


def _real(word: str) -> str:
    """An integer that VACASK's 32 bits do not hold becomes a real number."""
    key, _, value = word.partition("=")
    return f"{key}={float(value)!r}" if value.lstrip("-").isdigit() and abs(int(value)) >= 2**31 else word


def _current(words: Sequence[str], ground: bool) -> Iterator[str]:
    """A constant source, or the steps of a staircase that add up."""
    text = " ".join(words[3:])
    found = re.fullmatch(r"pwl\((.*)\)", text)
    if found is None:
        yield _element(words[0], words[1:3], "i_source", {"dc": float(text)}, ground)
        return
    numbers = [float(x) for x in found[1].split()]
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    yield _element(words[0], words[1:3], "i_source", {"dc": points[0][1]}, ground)
    for k, ((t0, a), (t1, b)) in enumerate(zip(points[1::2], points[2::2], strict=True)):
        ends = " ".join(name(n, ground) for n in words[1:3])
        shape = f'type="pulse" val0=0 val1={b - a:.10g} delay={t0:.10g} rise={t1 - t0:.10g} width={_FOREVER_S:g}'
        yield f"{name(words[0])}__step_{k} ({ends}) i_source {shape}"


_FOREVER_S = 1e3
