"""A chip that fills a frame: the block, what each of the frame's pins is for, and what a user must know."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from somaforge.generator.block import Block, Port, Role
from somaforge.pdk.errors import InputError
from somaforge.pdk.frames import Frame, FramePin

_NUMBERED = re.compile(r"(.+)\[(\d+)\]")


def frame_role(pin: FramePin) -> Role:
    """What a pin of a frame is for, seen from the chip."""
    if pin.kind == "supply":
        return Role.SUPPLY
    if pin.kind == "ground":
        return Role.GROUND
    if pin.kind == "analog":
        return Role.MONITOR
    digital = {"input": Role.DIGITAL_INPUT, "output": Role.DIGITAL_OUTPUT, "inout": Role.DIGITAL_BOTH}
    return digital[pin.direction]


def frame_ports(frame: Frame) -> tuple[Port, ...]:
    """A port for every shape of every pin of the frame; the wires below them are the chip's."""
    return tuple(Port(pin.name, frame_role(pin), layer, box) for pin in frame.pins for layer, box in pin.shapes)


@dataclass(frozen=True)
class Manual:
    """What the papers say; Markdown."""

    how_it_works: str
    timing: tuple[tuple[str, str], ...]
    """(what, how long), each at most a line."""
    how_to_program: str
    how_to_test: str


@dataclass(frozen=True)
class FramedChip:
    """A finished chip in its frame."""

    frame: Frame
    block: Block
    """Its ports are those of the frame and its own supply straps, its circuit the whole chip's."""
    uses: Mapping[str, str]
    """Pin of the frame -> what it is for, in a few words; pins that the chip does not use are not in it."""
    clock_hz: int
    """0: it has no clock, or any."""
    manual: Manual
    beyond_array: float | None = None
    """Area that is not the array's, over the array's; None where nobody said."""

    def __post_init__(self) -> None:
        """InputError unless name, pins, supplies and uses are what the frame has."""
        for problem in self._problems():
            raise InputError(f"chip in {self.frame.name}: {problem}")

    def _problems(self) -> list[str]:
        top, ports = self.frame.shuttle.top, set(self.block.circuit.ports)
        named = self.block.name.startswith(top) if top.endswith("_") else self.block.name == top
        pins = {pin.name for pin in self.frame.pins}
        supplies = {supply.net for supply in self.frame.supplies}
        found = [] if named else [f"its top cell {self.block.name!r} must be called {top}{'...' * top.endswith('_')}"]
        found += [f"it has no port {name}" for name in sorted((pins | supplies) - ports)]
        found += [f"its port {name} is no pin of the frame" for name in sorted(ports - pins - supplies)]
        found += [f"uses: {name} is no pin of the frame" for name in sorted(set(self.uses) - pins)]
        found += [f"uses: {name} needs one line of text" for name, text in self.uses.items() if not _is_line(text)]
        analog = self.analog_used
        beyond = [name for name in self.bonded_pins[len(analog) :] if name in analog]
        found += [f"uses: {name} is used, but not every analog pin before it" for name in beyond]
        found += [f"uses: {name} reaches no package" for name in analog if name not in self.bonded_pins]
        return found

    @property
    def bonded_pins(self) -> tuple[str, ...]:
        """Analog pins of the frame that reach a package, in the order of their numbers."""
        return self._analog([pin.name for pin in self.frame.pins])[: self.frame.shuttle.bonded]

    @property
    def analog_used(self) -> tuple[str, ...]:
        """Those of the analog pins that the chip uses, in the order of their numbers."""
        return self._analog(self.uses)

    def _analog(self, names: Iterable[str]) -> tuple[str, ...]:
        own = [name for name in names if bus_of(name)[0] == self.frame.shuttle.analog]
        return tuple(sorted(own, key=lambda name: bus_of(name)[1] or 0))


@dataclass(frozen=True)
class Project:
    """Whose chip it is."""

    title: str
    author: str
    description: str
    discord: str = ""
    language: str = "Analog"

    def __post_init__(self) -> None:
        """InputError unless every text is one line and none but `discord` is empty."""
        for key, value in vars(self).items():
            if not _is_line(value) and not (key == "discord" and value == ""):
                raise InputError(f"chip.project.{key}: must be one line of text, not {value!r}")


def _is_line(text: str) -> bool:
    return text.strip() == text != "" and text.isprintable()


def bus_of(name: str) -> tuple[str, int | None]:
    """Name of the bus and number of a pin; None for a single wire.

    >>> bus_of("ui_in[3]"), bus_of("clk")
    (('ui_in', 3), ('clk', None))
    """
    found = _NUMBERED.fullmatch(name)
    return (found[1], int(found[2])) if found else (name, None)


@dataclass(frozen=True)
class Bus:
    """Pins of one name in Verilog."""

    name: str
    direction: str
    width: int
    """0: a single wire."""


def buses(frame: Frame) -> tuple[Bus, ...]:
    """The frame's pins as the ports of a Verilog module; ValueError if the numbers of one have gaps."""
    numbers: dict[str, list[int]] = {}
    directions: dict[str, str] = {}
    for pin in frame.pins:
        bus, number = bus_of(pin.name)
        numbers.setdefault(bus, []).extend([] if number is None else [number])
        directions[bus] = pin.direction
    for name, own in numbers.items():
        if sorted(own) != list(range(len(own))):
            raise ValueError(f"frame {frame.name}: bus {name} has gaps")
    return tuple(Bus(name, directions[name], len(own)) for name, own in numbers.items())
