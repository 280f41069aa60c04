"""A pattern into the drivers, clock by clock: what the pins of their port (docs/port.md) do, and how long it takes.

The data register keeps the next word while the latches hold this pattern, so the first word is there before a decision
ends; what is left then is its write and the other row.
"""

from somaforge.flow.memory.port import Action, clock_count
from somaforge.generator.address import MemoryMap


def load(memory: MemoryMap) -> tuple[Action, ...]:
    """The token to row 0, every row shifted in and written; afterwards the token has left the row select."""
    rows = [
        action
        for row in range(memory.rows)
        for action in (Action(row, shift=True), Action(write=True), Action(row_step=True))
    ]
    return (Action(row_in=True, row_step=True), *rows)


def load_s(memory: MemoryMap, half_period_s: float) -> float:
    """Time to load a pattern with a symmetrical clock."""
    return 2 * half_period_s * clock_count(load(memory), memory)


def after_decision_s(memory: MemoryMap, half_period_s: float) -> float:
    """The part of it that cannot be done while the pattern before is decided: all but the token and the first word."""
    return load_s(memory, half_period_s) - 2 * half_period_s * (1 + memory.width)
