"""Tables of measured readings as an engine: what characterizes virtual chips asks, and gets what was measured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from somaforge.flow.bench.round import Round
from somaforge.flow.bench.table import Table
from somaforge.flow.engines.base import DcResult, Effort, Program, ProgrammedChip, TransientResult
from somaforge.flow.learning.tester import Bench
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import ToolError

MEASURED = ("measured",)


class NotMeasured(Exception):  # noqa: N818  no error: the plan's next round
    """Nobody has measured that round yet."""

    def __init__(self, asked: Round) -> None:
        super().__init__(f"round {asked.digest} is not measured")
        self.asked = asked


@dataclass(eq=False)
class Replay:
    """Answers one call after the other from the tables; NotMeasured where they end."""

    tables: Sequence[Table]
    name: str = "measured"
    rounds: list[Round] = field(default_factory=list)
    """What was asked so far."""
    look: Callable[[Table, Round], None] = lambda table, asked: None
    """At every table before its readings are believed."""

    def dc(self, chip: ProgrammedChip, inputs: Floats, programs: Sequence[Program] | None = None) -> DcResult:
        """Readings of the next table; InputError if that one is of another round."""
        asked = Round.of(chip, inputs, programs)
        if len(self.rounds) == len(self.tables):
            raise NotMeasured(asked)
        table = self.tables[len(self.rounds)]
        table.require(asked, len(self.rounds) + 1)
        self.look(table, asked)
        self.rounds.append(asked)
        still = np.zeros(len(inputs))
        return DcResult(table.currents, still, still, Effort(0.0, MEASURED, MEASURED))

    def transient(
        self, chip: ProgrammedChip, inputs: Floats, pattern_time_s: float, probes: Sequence[str] = ()
    ) -> TransientResult:
        """ToolError: a table holds settled currents."""
        raise ToolError("a table of measured readings holds settled currents; nothing in time can be read from it")


class Readings(Bench):
    """The tester whose readings the tables hold: its errors are those of the meter, nothing is added to a reading."""

    def read(self, currents: Floats) -> Floats:
        """The readings."""
        self.patterns += len(currents)
        return currents

    def as_placed(self, chip: ProgrammedChip) -> ProgrammedChip:
        """The chip was as warm as it was."""
        return chip
