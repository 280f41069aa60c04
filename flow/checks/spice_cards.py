"""Lines of a netlist as definitions: subcircuits, parameters, options. Bodies are read when a circuit needs them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from somaforge.flow.checks.spice_lines import Line, read_lines
from somaforge.flow.checks.spice_values import ExpressionError, evaluate
from somaforge.pdk.errors import InputError

# Statements about a simulation: none of them says what is connected to what.
_SIMULATION = {
    ".title", ".temp", ".tran", ".ac", ".dc", ".op", ".noise", ".tf", ".four", ".pz", ".sens", ".save", ".print",
    ".plot", ".probe", ".meas", ".measure", ".ic", ".nodeset", ".width", ".model", ".func", ".csparam",
}  # fmt: skip
# Options that change what sizes or parameters mean, and that nothing here follows.
_REFUSED_OPTIONS = {"scalm", "parhier", "wnflag"}
# magic writes `.option scale=5000u` for the foundry's models, whose sizes are in um: a unit of 5 mm is one of 5 nm.
_COARSEST_M = 1e-4
_SIZE_UNITS = {"meter": 1.0, "metre": 1.0, "micron": 1e-6}


@dataclass(frozen=True)
class Words:
    """A line in words."""

    plain: tuple[str, ...]
    given: dict[str, str]
    """name=value, names in small letters, CDL's "$" in front kept; an empty value is ""."""
    model: str | None
    """CDL's $[model]."""


@dataclass
class Definition:
    """One .subckt."""

    name: str
    ports: tuple[str, ...]
    defaults: dict[str, str]
    """Parameters of its head in small letters; "" has no value."""
    line: Line
    parameters: dict[str, str] = field(default_factory=dict)
    """.param inside it."""
    body: list[Line] = field(default_factory=list)

    def same_as(self, other: "Definition") -> bool:
        """True if both were written with the same words."""
        return (self.line.text.split(), [b.text.split() for b in self.body], self.parameters) == (
            other.line.text.split(), [b.text.split() for b in other.body], other.parameters
        )  # fmt: skip


@dataclass
class Cards:
    """A netlist's definitions."""

    definitions: dict[str, list[Definition]] = field(default_factory=dict)
    """By name in small letters."""
    parameters: dict[str, str] = field(default_factory=dict)
    globals: list[str] = field(default_factory=list)
    """Names of global nets as first written."""
    scale_m: float | None = None
    """Metres of a size of 1; None: not said."""


def split(line: Line) -> Words:
    """The words of a line; InputError if quotes or brackets do not close or a name is given twice."""
    tokens = _tokens(line)
    plain: list[str] = []
    given: dict[str, str] = {}
    model: str | None = None
    k = 0
    while k < len(tokens):
        token = tokens[k]
        if k + 1 < len(tokens) and tokens[k + 1] == "=":
            name = token.lower()
            if name in given:
                raise InputError(f"{line.where}: {token} is given twice")
            empty = k + 2 >= len(tokens) or tokens[k + 2] == "=" or (k + 3 < len(tokens) and tokens[k + 3] == "=")
            given[name] = "" if empty else tokens[k + 2]
            k += 2 if empty else 3
            continue
        if token == "=":
            raise InputError(f"{line.where}: = without a name before it")
        if given:
            # "params:" is a word of its own in front of parameters, not behind them.
            raise InputError(f"{line.where}: {token!r} behind the parameters is not understood")
        if token.startswith("$["):
            model = token[2:].rstrip("]")
        elif token.lower() != "params:":
            plain.append(token)
        k += 1
    return Words(tuple(plain), given, given.pop("$.model", model))


def _tokens(line: Line) -> list[str]:
    tokens: list[str] = []
    word = ""
    closing: list[str] = []
    for character in line.text:
        if closing:
            word += character
            if character == closing[-1]:
                closing.pop()
            elif character in "{(" and closing[-1] in "})":
                closing.append({"{": "}", "(": ")"}[character])
        elif character.isspace() or character == "=":
            if word:
                tokens.append(word)
            word = ""
            if character == "=":
                tokens.append("=")
        else:
            word += character
            if character in "'\"{(":
                closing.append({"{": "}", "(": ")"}.get(character, character))
    if closing:
        raise InputError(f"{line.where}: {closing[-1]} is missing at its end")
    if word:
        tokens.append(word)
    return tokens


def read_cards(path: Path) -> Cards:
    """The definitions of a netlist; InputError (with file and line) on anything that is not understood."""
    cards = Cards()
    inside: Definition | None = None
    for line in read_lines(path):
        card = line.text.split(None, 1)[0].lower()
        if card[0] != ".":
            # Elements outside of every subcircuit belong to a test bench around the circuit that is compared.
            if inside is not None:
                inside.body.append(line)
        elif card in (".subckt", ".macro"):
            if inside is not None:
                raise InputError(f"{line.where}: .subckt inside of {inside.name}; write it outside")
            inside = _head(line)
        elif card in (".ends", ".eom"):
            if inside is None:
                raise InputError(f"{line.where}: .ends without .subckt")
            named = line.text.split()[1:]
            if named and named[0].lower() != inside.name.lower():
                raise InputError(f"{line.where}: .ends {named[0]} ends {inside.name}")
            cards.definitions.setdefault(inside.name.lower(), []).append(inside)
            inside = None
        elif card in (".param", ".parameter", ".params"):
            _parameters(line, cards.parameters if inside is None else inside.parameters)
        elif card in _SIMULATION:
            continue
        elif inside is not None:
            # A library's circuits that nothing calls may hold what they like.
            inside.body.append(line)
        else:
            _card(card, line, cards)
    if inside is not None:
        raise InputError(f"{inside.line.where}: .subckt {inside.name} has no .ends")
    return cards


def _head(line: Line) -> Definition:
    words = split(line)
    if len(words.plain) < 2:
        raise InputError(f"{line.where}: .subckt without a name")
    # CDL may put a slash between inputs and outputs.
    ports = tuple(port for port in words.plain[2:] if port != "/")
    seen: dict[str, str] = {}
    for port in ports:
        if port.lower() in seen:
            other = seen[port.lower()]
            both = f"{port} is listed twice" if port == other else f"{other} and {port} are one name in SPICE"
            raise InputError(f"{line.where}: ports of {words.plain[1]}: {both}")
        seen[port.lower()] = port
    return Definition(words.plain[1], ports, words.given, line)


def _parameters(line: Line, known: dict[str, str]) -> None:
    words = split(line)
    if len(words.plain) > 1:
        raise InputError(f"{line.where}: {words.plain[1]!r} is not understood; parameters are name=value")
    for name, text in words.given.items():
        if known.setdefault(name, text) != text:
            raise InputError(f"{line.where}: parameter {name} is {known[name]} elsewhere and {text} here")


def _card(card: str, line: Line, cards: Cards) -> None:
    """A statement outside of subcircuits."""
    if card == ".global":
        known = {name.lower() for name in cards.globals}
        names = [word.partition(":")[0] for word in line.text.split()[1:]]
        cards.globals += [name for name in dict.fromkeys(names) if name.lower() not in known]
    elif card in (".option", ".options", ".opt"):
        words = split(line)
        for name in (*words.given, *(w.lower() for w in words.plain[1:])):
            if name in _REFUSED_OPTIONS:
                raise InputError(f"{line.where}: option {name} changes what the netlist means; LVS does not follow it")
        if "scale" in words.given:
            _scale(line, words.given["scale"], cards)
    elif card == ".scale":
        unit = line.text.split()[1:]
        if not unit or unit[0].lower() not in _SIZE_UNITS:
            raise InputError(f"{line.where}: *.SCALE is METER or MICRON")
        _set_scale(line, _SIZE_UNITS[unit[0].lower()], cards)
    elif card == ".mega":
        # "M" is mega then, in values; sizes are never written with it.
        return
    else:
        raise InputError(f"{line.where}: {line.text.split()[0]} is not understood")


def _scale(line: Line, text: str, cards: Cards) -> None:
    def value_of(name: str) -> float:
        if name not in cards.parameters:
            raise ExpressionError(f"parameter {name!r} is not defined before it")
        return evaluate(cards.parameters[name], value_of)

    try:
        scale = evaluate(text, value_of)
        _set_scale(line, scale * 1e-6 if _COARSEST_M < scale < 1 else scale, cards)
    except (ExpressionError, RecursionError) as error:
        raise InputError(f"{line.where}: scale: {error}") from None


def _set_scale(line: Line, scale: float, cards: Cards) -> None:
    if not 0 < scale <= 1:
        raise InputError(f"{line.where}: scale={scale:g}: a size of 1 is at most a metre")
    if cards.scale_m not in (None, scale):
        raise InputError(f"{line.where}: scale={scale:g} here, {cards.scale_m:g} elsewhere")
    cards.scale_m = scale


_NAME = re.compile(r"[A-Za-z_$][\w.$]*")


def names_in(values: Sequence[str]) -> set[str]:
    """Names that expressions use, in small letters."""
    return {name.lower() for value in values for name in _NAME.findall(value)}
