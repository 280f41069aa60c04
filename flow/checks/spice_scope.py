"""What a parameter is worth: in the subcircuit, in its head as the call sets it, in the whole netlist."""

from collections.abc import Mapping

from somaforge.flow.checks.spice_lines import Line
from somaforge.flow.checks.spice_values import DEPTH_LIMIT, ExpressionError, evaluate, number
from somaforge.pdk.errors import InputError


class Scope:
    """Names and their values; expressions are evaluated when they are asked for, and once."""

    def __init__(
        self, texts: Mapping[str, str], known: Mapping[str, float] | None = None, outer: "Scope | None" = None
    ) -> None:
        self._texts = texts
        self._known = dict(known or {})
        self._outer = outer
        self._open: set[str] = set()

    def value(self, name: str) -> float:
        """Value of a name in small letters; ExpressionError if it has none or needs itself."""
        if name in self._known:
            return self._known[name]
        if name not in self._texts:
            if self._outer is None:
                raise ExpressionError(f"parameter {name!r} is not defined")
            return self._outer.value(name)
        if not self._texts[name]:
            raise ExpressionError(f"parameter {name!r} has no value")
        if name in self._open:
            raise ExpressionError(f"parameter {name!r} needs its own value")
        if len(self._open) >= DEPTH_LIMIT:
            raise ExpressionError(f"parameter {name!r}: more than {DEPTH_LIMIT} parameters that need each other")
        self._open.add(name)
        found = self._known[name] = evaluate(self._texts[name], self.value)
        self._open.discard(name)
        return found

    def evaluate(self, text: str, line: Line) -> float:
        """Value of an expression on `line`. InputError if it has none."""
        plain = number(text)
        if plain is not None:
            return plain
        try:
            return evaluate(text, self.value)
        except ExpressionError as error:
            raise InputError(f"{line.where}: {error}") from None
