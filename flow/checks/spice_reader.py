"""SPICE and CDL netlists for LVS: foundry X lines, M, R, C, D lines, parameters, includes; one device for each finger.

KLayout's own reader was tried on what occurs (tests/cases): it does not know `m=` on calls, `.option scale`, CDL's
slash and remarks, hangs on `w= l=` and writes names in upper case. So lines are read here, and KLayout gets the
circuits. What is not understood is refused with file and line.
"""

from dataclasses import dataclass, field
from pathlib import Path

import klayout.db as kdb

from somaforge.flow.checks.spice_cards import Cards, Definition, Words, names_in, read_cards, split
from somaforge.flow.checks.spice_lines import Line
from somaforge.flow.checks.spice_scope import Scope
from somaforge.flow.checks.spice_sizes import copies, device_sizes, passed_over
from somaforge.pdk.errors import InputError
from somaforge.pdk.netlist_devices import Device, NetlistDevices

PARTS_LIMIT = 5_000_000
"""Devices and calls of all circuits together: four times the transistors of the largest network here, each listed."""
CIRCUITS_LIMIT = 20_000
"""Circuits, with other parameters counted as another: far above any library."""
DEPTH_LIMIT = 100
"""Calls inside calls."""


def read_netlist(
    path: Path, top: str, devices: NetlistDevices, blackboxes: frozenset[str] = frozenset()
) -> kdb.Netlist:
    """What `top` of the netlist in `path` is made of, of `devices`; W and L in um, names as first written, elements
    without their first letter. Circuits that are called with other parameters than their own carry them in their name.

    `blackboxes` (small letters) are not looked into. InputError (file and line) if anything is not understood.
    """
    cards = read_cards(path)
    builder = _Builder(cards, blackboxes, devices)
    chosen = cards.definitions.get(top.lower())
    if chosen is None:
        names = ", ".join(sorted(d[0].name for d in cards.definitions.values())[:5])
        raise InputError(f"netlist {path}: no subcircuit {top!r}; it has: {names or 'none'}")
    builder.circuit(_one(chosen), {}, chosen[0].line, 0)
    builder.connect_globals()
    builder.netlist.case_sensitive = False
    return builder.netlist


def find_circuit(netlist: kdb.Netlist, name: str, where: str = "netlist") -> kdb.Circuit:
    """The circuit with that name, upper and lower case the same (SPICE); InputError if there is none."""
    for circuit in netlist.each_circuit():
        if circuit.name.lower() == name.lower():
            return circuit
    names = ", ".join(sorted(c.name for c in netlist.each_circuit())[:5])
    raise InputError(f"{where}: no subcircuit {name!r}; it has: {names or 'none'}")


def _one(definitions: list[Definition]) -> Definition:
    """The only definition of a name: the same text may stand twice (a library that is included twice)."""
    first = definitions[0]
    for other in definitions[1:]:
        if not first.same_as(other):
            raise InputError(f"{other.line.where}: {other.name} is another circuit on line {first.line.number}")
    return first


@dataclass
class _Made:
    """A circuit under construction."""

    circuit: kdb.Circuit
    scope: Scope
    nets: dict[str, kdb.Net] = field(default_factory=dict)
    """By name in small letters."""
    globals: set[str] = field(default_factory=set)
    """Global nets that it or a circuit in it uses, and that are no ports of it."""
    calls: list[tuple[kdb.SubCircuit, "_Made"]] = field(default_factory=list)

    def net(self, name: str) -> kdb.Net:
        """The net of that name, made if it is new."""
        key = name.lower()
        if key not in self.nets:
            self.nets[key] = self.circuit.create_net(name)
        return self.nets[key]

    def short(self, line: Line) -> None:
        """Two names of one net (the foundry's CDL: `rI1 a b short`). InputError if both are ports."""
        first, second = line.text.split()[1:3]
        ports = [pin.name().lower() for pin in self.circuit.each_pin()]
        if first.lower() in ports and second.lower() in ports:
            raise InputError(f"{line.where}: {first} and {second} are two ports of {self.circuit.name} and one net")
        keep, other = (second, first) if second.lower() in ports else (first, second)
        if other.lower() in self.nets:
            keep, other = other, keep
        if other.lower() in self.nets:
            raise InputError(f"{line.where}: a third short of {other}; write one name")
        self.nets[other.lower()] = self.net(keep)


def _is_short(line: Line) -> bool:
    words = line.text.split()
    return len(words) == 4 and words[0][0] in "rR" and words[3].lower() == "short"


class _Builder:
    def __init__(self, cards: Cards, blackboxes: frozenset[str], devices: NetlistDevices) -> None:
        self.cards = cards
        self.blackboxes = blackboxes
        self.devices = devices
        self.netlist = kdb.Netlist()
        self.netlist.case_sensitive = True
        self.outer = Scope(cards.parameters)
        self.globals = {name.lower(): name for name in (*cards.globals, "0")}
        self.made: dict[tuple[str, tuple[tuple[str, float], ...]], _Made] = {}
        self.names: set[str] = set()
        self.open: list[str] = []
        self.renamed: set[str] = set()
        """Circuits of which a port with a global net's name got another net."""
        self.kinds: dict[str, kdb.DeviceClass] = {}
        self.parts = 0

    def circuit(self, definition: Definition, given: dict[str, float], line: Line, depth: int) -> _Made:
        """The circuit of `definition` with the parameters that a call on `line` gives it."""
        if definition.name.lower() in self.open:
            raise InputError(f"{line.where}: {definition.name} calls itself")
        if depth > DEPTH_LIMIT:
            raise InputError(f"{line.where}: more than {DEPTH_LIMIT} circuits in each other")
        head = Scope(definition.defaults, given, self.outer)
        changed = tuple(sorted((k, v) for k, v in given.items() if self._differs(definition, k, v)))
        key = (definition.name.lower(), changed)
        if key not in self.made:
            name = definition.name + (f"({','.join(f'{k}={v:g}' for k, v in changed)})" if changed else "")
            if len(self.names) >= CIRCUITS_LIMIT:
                raise InputError(f"{line.where}: more than {CIRCUITS_LIMIT} circuits with parameters of their own")
            circuit = kdb.Circuit()
            circuit.name = self._free(name)
            self.netlist.add(circuit)
            made = _Made(circuit, Scope(definition.parameters, None, head))
            for port in definition.ports:
                circuit.connect_pin(circuit.create_pin(port), made.net(port))
            self.open.append(definition.name.lower())
            if definition.name.lower() not in self.blackboxes:
                shorts = [part for part in definition.body if _is_short(part)]
                for part in shorts:
                    made.short(part)
                for part in definition.body:
                    if part not in shorts:
                        self._element(part, made, depth)
            self.open.pop()
            made.globals = {k for k in made.nets if k in self.globals}
            made.globals |= {k for _, child in made.calls for k in child.globals}
            hidden = made.globals & {port.lower() for port in definition.ports}
            if hidden and definition.name.lower() in self.renamed:
                raise InputError(
                    f"{definition.line.where}: port {sorted(hidden)[0]} of {definition.name} has the name of a global "
                    "net, and a call connects another net to it; rename one of them"
                )
            made.globals -= hidden
            self.made[key] = made
        return self.made[key]

    def _differs(self, definition: Definition, name: str, value: float) -> bool:
        default = definition.defaults[name]
        if not default:
            return True
        return Scope(definition.defaults, None, self.outer).evaluate(default, definition.line) != value

    def _free(self, name: str) -> str:
        # Two values may print alike.
        fresh = name if name not in self.names else f"{name}#{len(self.names)}"
        self.names.add(fresh)
        return fresh

    def connect_globals(self) -> None:
        """Global nets become pins of every circuit that uses them."""
        for made in self.made.values():
            for name in sorted(made.globals):
                spelled = self.globals[name]
                made.circuit.connect_pin(made.circuit.create_pin(spelled), made.net(spelled))
        for made in self.made.values():
            for call, child in made.calls:
                for pin in child.circuit.each_pin():
                    if pin.name().lower() in child.globals:
                        call.connect_pin(pin.id(), made.net(pin.name()))

    def _element(self, line: Line, made: _Made, depth: int) -> None:
        letter = line.text[0].upper()
        if letter not in "XMRCD":
            what = line.text.split()[0]
            raise InputError(f"{line.where}: {what} in {made.circuit.name} is nothing that LVS knows; remove it")
        words = split(line)
        if letter == "X" and self._call(words, line, made, depth):
            return
        plain = words.plain[1:]
        models = [(k, self.devices.find(word)) for k, word in enumerate(plain)]
        if words.model is not None:
            models = [(len(plain), self.devices.find(words.model))]
        # Behind the nodes stand the model, or a value and the model.
        known = [(k, device) for k, device in models if device is not None and k >= 2]
        if len(known) != 1:
            if letter == "X":
                called = words.model or (plain[-1] if plain else "nothing")
                if self.devices.prefix and called.lower().startswith(self.devices.prefix):
                    raise InputError(f"{line.where}: {words.plain[0]}: {called} is no device that LVS knows")
                raise InputError(f"{line.where}: {words.plain[0]} calls {called}, which nothing defines; "
                                 f"--blackbox {called} compares its pins alone")  # fmt: skip
            raise InputError(
                f"{line.where}: {line.text[:60]!r} is no device that LVS knows; remove it or add its device"
            )
        place, device = known[0]
        nodes = list(plain[:place])
        if "$sub" in words.given:
            nodes = [*nodes[: len(device.terminals) - 1], words.given.pop("$sub"), *nodes[len(device.terminals) - 1 :]]
        extra = [*nodes[len(device.terminals) :], *plain[place + 1 :]]
        if len(nodes) < len(device.terminals) or len(extra) > (letter in "RCD"):
            many = f"{len(nodes)}" if len(nodes) != len(device.terminals) else f"these and {extra[0]!r}"
            raise InputError(
                f"{line.where}: {words.plain[0]}: {device.name} has {len(device.terminals)} nodes, not {many}"
            )
        self._device(words, line, made, device, nodes)

    def _device(self, words: Words, line: Line, made: _Made, device: Device, nodes: list[str]) -> None:
        given = {
            k: 0.0 if passed_over(device, k) else made.scope.evaluate(v, line)
            for k, v in words.given.items()
            if v and _is_value(k)
        }
        where = f"{line.where}: {words.plain[0]} in {made.circuit.name}"
        sizes, number = device_sizes(device, given, self.cards.scale_m, where)
        kind = self._kind(device)
        title = words.plain[0][1:] or words.plain[0]
        nets = [made.net(node) for node in nodes]
        for k in range(number):
            self._count(line)
            part = made.circuit.create_device(kind, title if k == 0 else f"{title}__{k}")
            for terminal, net in zip(device.terminals, nets, strict=False):
                part.connect_terminal(terminal, net)
            for parameter, size in sizes.items():
                part.set_parameter(parameter, size)

    def _call(self, words: Words, line: Line, made: _Made, depth: int) -> bool:
        """True if the line was a call of a circuit, which is then made."""
        plain = list(words.plain)
        if len(plain) > 2 and plain[-2] == "/":
            del plain[-2]
        elif plain[-1][0] == "/":
            plain[-1] = plain[-1][1:]
        name = plain[-1] if len(plain) > 1 else ""
        # The foundry's models may be included: its devices stay devices. Short names are those of the netlist first.
        key = name.lower()
        if key in self.devices.by_name or (self.devices.find(name) is not None and key not in self.cards.definitions):
            return False
        nodes = plain[1:-1]
        definition = self._defined(name, nodes, line)
        if definition is None:
            return False
        if len(nodes) != len(definition.ports):
            raise InputError(
                f"{line.where}: {plain[0]} connects {len(nodes)} nets, "
                f"{definition.name} has {len(definition.ports)} ports"
            )
        times = 1
        given: dict[str, float] = {}
        multiplies = "m" not in definition.defaults or not _uses(definition, "m")
        for key, text in words.given.items():
            if key == "m" and multiplies:
                times = copies(made.scope.evaluate(text, line) if text else 1.0, f"{line.where}: {plain[0]}: m")
            elif key not in definition.defaults:
                raise InputError(f"{line.where}: {plain[0]}: {definition.name} has no parameter {key}")
            elif text:
                given[key] = made.scope.evaluate(text, line)
        pairs = zip(nodes, definition.ports, strict=True)
        if any(port.lower() in self.globals and node.lower() != port.lower() for node, port in pairs):
            self.renamed.add(definition.name.lower())
        child = self.circuit(definition, given, line, depth + 1)
        title = plain[0][1:] or plain[0]
        for k in range(times):
            self._count(line)
            call = made.circuit.create_subcircuit(child.circuit, title if k == 0 else f"{title}__{k}")
            made.calls.append((call, child))
            for number, node in enumerate(nodes):
                call.connect_pin(number, made.net(node))
        return True

    def _defined(self, name: str, nodes: list[str], line: Line) -> Definition | None:
        key = name.lower()
        if key in self.cards.definitions:
            return _one(self.cards.definitions[key])
        if key in self.blackboxes:
            raise InputError(
                f"{line.where}: {name} is a black box without ports; write .subckt {name} with their names and .ends"
            )
        return None

    def _kind(self, device: Device) -> kdb.DeviceClass:
        if device.kind not in self.kinds:
            kind = self.kinds[device.kind] = device.make()
            kind.name, kind.description = device.kind, device.family or device.name
            self.netlist.add(kind)
        return self.kinds[device.kind]

    def _count(self, line: Line) -> None:
        self.parts += 1
        if self.parts > PARTS_LIMIT:
            raise InputError(f"{line.where}: more than {PARTS_LIMIT} devices and calls")


def _uses(definition: Definition, name: str) -> bool:
    values = [value for part in definition.body for value in split(part).given.values()]
    return name in names_in([*values, *definition.parameters.values()])


_WORDS = {"topography", "model", "$x", "$y", "$t", "$d", "$a", "$lvsname"}
"""Parameters of devices that are words or places, not sizes."""


def _is_value(name: str) -> bool:
    return name not in _WORDS
