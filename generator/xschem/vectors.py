"""What is drawn once although there are many: transistors in parallel, and instances that differ by a number."""

import re
from dataclasses import dataclass, replace

from somaforge.generator.circuit import Call, Circuit, Mos

_LAST = re.compile(r"_?\d+$")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Devices:
    """Transistors in parallel."""

    mos: Mos
    """One of them, with the name of all."""
    count: int


def devices(circuit: Circuit) -> list[Devices]:
    """The circuit's transistors, those of one kind and size between the same nets once."""
    alike: dict[Mos, list[Mos]] = {}
    for m in circuit.mos:
        alike.setdefault(replace(m, name="", junctions=None), []).append(m)
    used = {m.name for m in circuit.mos}
    found = []
    for group in alike.values():
        first = group[0]
        name = _LAST.sub("", first.name)
        if len(group) == 1 or not name or name in used:
            name = first.name
        used.add(name)
        found.append(Devices(replace(first, name=name), len(group)))
    return found


@dataclass(frozen=True)
class Instances:
    """Calls of one circuit."""

    calls: tuple[Call, ...]

    @property
    def names(self) -> str:
        """As xschem takes them: joined by commas."""
        return ",".join(call.name for call in self.calls)

    def nets(self, port: int) -> str:
        """What is at a port: one net for all of them, or one for each, in their order."""
        nets = [call.nets[port] for call in self.calls]
        return nets[0] if len(set(nets)) == 1 else ",".join(nets)


def instances(circuit: Circuit) -> list[Instances]:
    """The circuit's calls, those of one circuit whose names differ by their last number once."""
    alike: dict[tuple[str, str], list[Call]] = {}
    for call in circuit.calls:
        alike.setdefault((call.circuit, _LAST.sub("", call.name)), []).append(call)
    return [Instances(tuple(group)) for group in alike.values()]


def shown(names: str) -> str:
    """A list of names for a reader: what is between the first and the last that differ, as a range.

    >>> shown("vp_0,vp_1,vp_2"), shown("bl_0_4,bl_1_4"), shown("a,b,c"), shown("in")
    ('vp_0..2', 'bl_0..1_4', 'a, b, c', 'in')
    >>> shown("a,b,c,d,e"), shown("a_1,a_0")
    ('a, .. e', 'a_1, a_0')
    """
    words = names.split(",")
    if len(words) == 1:
        return names
    if len({_NUMBER.sub("#", word) for word in words}) == 1:
        columns = list(zip(*(map(int, _NUMBER.findall(word)) for word in words), strict=True))
        moving = [k for k, column in enumerate(columns) if len(set(column)) > 1]
        if len(moving) == 1:
            column = columns[moving[0]]
            if list(column) == list(range(column[0], column[0] + len(column))):
                place = list(_NUMBER.finditer(words[0]))[moving[0]]
                return f"{words[0][: place.end()]}..{column[-1]}{words[0][place.end() :]}"
    return ", ".join(words) if len(words) < 4 else f"{words[0]}, .. {words[-1]}"
