"""A ladder of solver options: a circuit that one set does not solve is tried with the next."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from somaforge.flow.spice.process import RunError
from somaforge.pdk.errors import ToolError

Rung = TypeVar("Rung")
Found = TypeVar("Found")


def climb(what: str, rungs: Iterable[tuple[str, Rung]], attempt: Callable[[Rung], Found]) -> tuple[Found, list[str]]:
    """What the first rung that solves the circuit gives, and the names of those that were tried: it is the last.

    ToolError, which names `what` ran and says what every rung said, if none does.
    """
    tried: list[str] = []
    problems: list[str] = []
    for name, rung in rungs:
        tried.append(name)
        try:
            return attempt(rung), tried
        except RunError as problem:
            problems.append(f"{name}: {problem}")
    raise ToolError(f"ngspice: {what}: no option set gave a result ({'; '.join(problems)})")
