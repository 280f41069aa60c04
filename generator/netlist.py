"""Writes the schematic: hierarchical SPICE (the foundry's X lines, um) and CDL (M lines)."""

from pathlib import Path
from typing import Literal

from somaforge.generator.circuit import Circuit, Library
from somaforge.pdk.files import atomic_write

Dialect = Literal["spice", "cdl"]
_WIDTH = 100


def _wrap(words: list[str]) -> str:
    lines, line = [], ""
    for word in words:
        if line and len(line) + 1 + len(word) > _WIDTH:
            lines.append(line)
            line = "+"
        line = f"{line} {word}" if line else word
    return "\n".join([*lines, line])


def _circuit(circuit: Circuit, library: Library, dialect: Dialect) -> str:
    lines = [_wrap([".subckt", circuit.name, *circuit.ports])]
    if dialect == "cdl":
        lines.append(_wrap(["*.PININFO", *(f"{p}:B" for p in circuit.ports)]))
    for m in circuit.mos:
        w, l = f"{m.w_nm / 1000:g}", f"{m.l_nm / 1000:g}"  # noqa: E741
        if dialect == "spice":
            lines.append(_wrap([f"X{m.name}", m.d, m.g, m.s, m.b, m.device, f"w={w}", f"l={l}"]))
        else:
            lines.append(_wrap([f"M{m.name}", m.d, m.g, m.s, m.b, m.device, f"W={w}u", f"L={l}u"]))
    for call in circuit.calls:
        lines.append(_wrap([f"X{call.name}", *call.nets, call.circuit]))
    lines.append(f".ends {circuit.name}")
    return "\n".join(lines)


def spice_text(library: Library, dialect: Dialect = "spice") -> str:
    """The whole library as text, children first."""
    head = f"* {library.top}: schematic, {library.transistor_count()} transistors ({dialect})"
    return "\n\n".join([head, *(_circuit(c, library, dialect) for c in library.circuits.values())]) + "\n"


def write_spice(library: Library, path: Path, dialect: Dialect = "spice") -> None:
    """Write the library to `path`, whole or not at all."""
    atomic_write(path, spice_text(library, dialect))
