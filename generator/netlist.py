"""Writes the schematic: hierarchical SPICE (the foundry's X lines, um) and CDL (M lines)."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from somaforge.generator.block import Role
from somaforge.generator.circuit import Circuit, Library
from somaforge.pdk.files import atomic_write

Dialect = Literal["spice", "cdl"]
_WIDTH = 100
_NO_ROLES: Mapping[str, Role] = MappingProxyType({})


_DIRECTIONS: Mapping[Role, str] = {Role.DIGITAL_INPUT: "I", Role.CLOCK: "I", Role.DIGITAL_OUTPUT: "O"}
"""In CDL; all others are B, both."""


def _wrap(words: list[str], following: str = "+") -> str:
    """Lines of at most _WIDTH characters; `following` begins all but the first."""
    lines, line = [], ""
    for word in words:
        if line and len(line) + 1 + len(word) > _WIDTH:
            lines.append(line)
            line = following
        line = f"{line} {word}" if line else word
    return "\n".join([*lines, line])


def _circuit(circuit: Circuit, dialect: Dialect, roles: Mapping[str, Role]) -> str:
    lines = [_wrap([".subckt", circuit.name, *circuit.ports])]
    if dialect == "cdl":
        # A comment has no continuation: a line that begins with + would go on with .subckt.
        pins = (f"{p}:{_DIRECTIONS.get(roles[p], 'B') if p in roles else 'B'}" for p in circuit.ports)
        lines.append(_wrap(["*.PININFO", *pins], "*.PININFO"))
    for m in circuit.mos:
        w, l = f"{m.w_nm / 1000:g}", f"{m.l_nm / 1000:g}"  # noqa: E741
        if dialect == "spice":
            lines.append(_wrap([f"X{m.name}", m.d, m.g, m.s, m.b, m.device, f"w={w}", f"l={l}"]))
        else:
            lines.append(_wrap([f"M{m.name}", m.d, m.g, m.s, m.b, m.device, f"W={w}u", f"L={l}u"]))
    for e in circuit.elements:
        letter = e.kind if dialect == "spice" else "D"
        lines.append(_wrap([f"{letter}{e.name}", *e.nets, e.model, *(f"{name}={size:g}" for name, size in e.sizes)]))
    for call in circuit.calls:
        lines.append(_wrap([f"X{call.name}", *call.nets, call.circuit]))
    lines.append(f".ends {circuit.name}")
    return "\n".join(lines)


def spice_text(library: Library, dialect: Dialect = "spice", roles: Mapping[str, Role] = _NO_ROLES) -> str:
    """The whole library as text, children first; `roles` of the top circuit's nets (Block.roles) go into CDL."""
    head = f"* {library.top}: schematic, {library.transistor_count()} transistors ({dialect})"
    own = {library.top: roles}
    circuits = (_circuit(c, dialect, own.get(c.name, _NO_ROLES)) for c in library.circuits.values())
    return "\n\n".join([head, *circuits]) + "\n"


def write_spice(
    library: Library, path: Path, dialect: Dialect = "spice", roles: Mapping[str, Role] = _NO_ROLES
) -> None:
    """Write the library to `path`, whole or not at all."""
    atomic_write(path, spice_text(library, dialect, roles))
