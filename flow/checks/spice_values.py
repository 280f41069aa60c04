"""Numbers and expressions of netlists, bounded in size: nothing is executed."""

import math
import re
from collections.abc import Callable, Mapping

LENGTH_LIMIT = 4000
DEPTH_LIMIT = 60
"""Brackets inside brackets, and parameters that need parameters."""

_SUFFIXES = {
    "t": 1e12, "g": 1e9, "meg": 1e6, "x": 1e6, "k": 1e3, "mil": 25.4e-6, "m": 1e-3,
    "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15, "a": 1e-18,
}  # fmt: skip
_NUMBER = re.compile(
    r"((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(?:(meg|mil|[tgxkmunpfa])?(?:m|f|h|hz|ohms?|v|s)?)?(?![\w.])",
    re.IGNORECASE | re.ASCII,  # digits and letters of other alphabets are no numbers to any simulator
)
_TOKEN = re.compile(r"\s*(?:(?P<name>[A-Za-z_][\w.]*)|(?P<op>\*\*|&&|\|\||[<>=!]=|[-+*/^()<>,?:]))")

_FUNCTIONS: Mapping[str, tuple[int, Callable[..., float]]] = {
    "abs": (1, abs), "sqrt": (1, math.sqrt), "exp": (1, math.exp), "ln": (1, math.log), "log": (1, math.log),
    "log10": (1, math.log10), "int": (1, lambda x: float(int(x))), "floor": (1, lambda x: float(math.floor(x))),
    "ceil": (1, lambda x: float(math.ceil(x))), "pow": (2, math.pow), "min": (2, min), "max": (2, max),
}  # fmt: skip
_OPERATORS: tuple[Mapping[str, Callable[[float, float], float]], ...] = (
    {"||": lambda a, b: float(bool(a) or bool(b))},
    {"&&": lambda a, b: float(bool(a) and bool(b))},
    {"==": lambda a, b: float(a == b), "!=": lambda a, b: float(a != b)},
    {"<": lambda a, b: float(a < b), ">": lambda a, b: float(a > b),
     "<=": lambda a, b: float(a <= b), ">=": lambda a, b: float(a >= b)},
    {"+": lambda a, b: a + b, "-": lambda a, b: a - b},
    {"*": lambda a, b: a * b, "/": lambda a, b: a / b},
)  # fmt: skip
"""From the loosest to the tightest; all from left to right. Powers bind tighter and go from right to left."""


class ExpressionError(Exception):
    """What is wrong with an expression, without its place."""


def number(text: str) -> float | None:
    """A number with SPICE's suffixes; None if `text` is not one.

    >>> number("1.5meg"), number("2k"), number("0.5u"), number("w/2")
    (1500000.0, 2000.0, 5e-07, None)
    """
    sign = -1.0 if text[:1] == "-" else 1.0
    body = text[1:] if text[:1] in ("+", "-") else text
    found = _NUMBER.fullmatch(body)
    return None if found is None else sign * _value(found)


def _value(found: re.Match[str]) -> float:
    return float(found[1]) * _SUFFIXES.get((found[2] or "").lower(), 1.0)


def evaluate(text: str, value_of: Callable[[str], float]) -> float:
    """Value of an expression, with or without quotes or braces around it; `value_of` gives the value of a name.

    ExpressionError if it is not one, or not finite.
    """
    stripped = text.strip()
    while len(stripped) > 1 and stripped[0] + stripped[-1] in ("''", '""', "{}"):
        stripped = stripped[1:-1].strip()
    if len(stripped) > LENGTH_LIMIT:
        raise ExpressionError(f"an expression of {len(stripped)} characters is too long")
    parser = _Parser(stripped, value_of)
    try:
        result = parser.whole()
    except (ArithmeticError, ValueError) as error:
        raise ExpressionError(f"{stripped!r}: {error}") from None
    if not math.isfinite(result):
        raise ExpressionError(f"{stripped!r} is not a finite number")
    return result


class _Parser:
    def __init__(self, text: str, value_of: Callable[[str], float]) -> None:
        self.text = text
        self.value_of = value_of
        self.tokens = list(self._scan())
        self.at = 0
        self.depth = 0

    def _scan(self) -> "list[tuple[str, float | str]]":
        tokens: list[tuple[str, float | str]] = []
        position, text = 0, self.text
        while position < len(text):
            while position < len(text) and text[position].isspace():
                position += 1
            if position == len(text):
                break
            numeral = _NUMBER.match(text, position)
            token = _TOKEN.match(text, position)
            if numeral is not None:
                tokens.append(("number", _value(numeral)))
                position = numeral.end()
            elif token is not None:
                tokens.append(("name", token["name"].lower()) if token["name"] else ("op", token["op"]))
                position = token.end()
            else:
                raise ExpressionError(f"{text!r} is not an expression that LVS reads")
        return tokens

    def whole(self) -> float:
        if not self.tokens:
            raise ExpressionError("an empty expression")
        result = self._choice()
        if self.at != len(self.tokens):
            raise ExpressionError(f"{self.text!r} is not an expression that LVS reads")
        return result

    def _take(self, *operators: str) -> str | None:
        if self.at < len(self.tokens):
            kind, token = self.tokens[self.at]
            if kind == "op" and token in operators:
                self.at += 1
                return str(token)
        return None

    def _need(self, operator: str) -> None:
        if self._take(operator) is None:
            raise ExpressionError(f"{self.text!r}: {operator} is missing")

    def _choice(self) -> float:
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            raise ExpressionError(f"{self.text[:40]!r}...: brackets deeper than {DEPTH_LIMIT}")
        condition = self._binary(0)
        if self._take("?") is not None:
            yes = self._choice()
            self._need(":")
            no = self._choice()
            condition = yes if condition else no
        self.depth -= 1
        return condition

    def _binary(self, level: int) -> float:
        if level == len(_OPERATORS):
            return self._unary()
        result = self._binary(level + 1)
        while (operator := self._take(*_OPERATORS[level])) is not None:
            result = _OPERATORS[level][operator](result, self._binary(level + 1))
        return result

    def _unary(self) -> float:
        sign = 1.0
        while (operator := self._take("-", "+")) is not None:
            sign = -sign if operator == "-" else sign
        base = self._atom()
        if self._take("**", "^") is not None:
            self.depth += 1
            if self.depth > DEPTH_LIMIT:
                raise ExpressionError(f"{self.text[:40]!r}...: powers deeper than {DEPTH_LIMIT}")
            base = math.pow(base, self._unary())
            self.depth -= 1
        return sign * base

    def _atom(self) -> float:
        if self._take("(") is not None:
            result = self._choice()
            self._need(")")
            return result
        if self.at == len(self.tokens):
            raise ExpressionError(f"{self.text!r} ends too early")
        kind, token = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return float(token)
        if kind != "name":
            raise ExpressionError(f"{self.text!r} is not an expression that LVS reads")
        name = str(token)
        if self._take("(") is None:
            return self.value_of(name)
        if name not in _FUNCTIONS:
            raise ExpressionError(f"function {name!r} is not known")
        arguments = [self._choice()]
        while self._take(",") is not None:
            arguments.append(self._choice())
        self._need(")")
        count, function = _FUNCTIONS[name]
        if len(arguments) != count:
            raise ExpressionError(f"{name} takes {count} arguments")
        return float(function(*arguments))
