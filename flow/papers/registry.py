"""The parts of the page, in its order: one file in parts/ and one line here each."""

import difflib
from collections.abc import Sequence

from somaforge.flow.papers.part import Part
from somaforge.flow.papers.parts.brainscales import BRAINSCALES_2
from somaforge.flow.papers.parts.conv import CONV
from somaforge.flow.papers.parts.decision_time import DECISION_TIME
from somaforge.flow.papers.parts.dense import DENSE
from somaforge.flow.papers.parts.fig3 import FIG_3
from somaforge.flow.papers.parts.fig4 import FIG_4
from somaforge.flow.papers.parts.fig5 import FIG_5
from somaforge.flow.papers.parts.presentation import PRESENTATION
from somaforge.flow.papers.parts.table1 import TABLE_1
from somaforge.pdk.errors import InputError

PARTS: tuple[Part, ...] = (
    TABLE_1,
    FIG_3,
    FIG_4,
    FIG_5,
    PRESENTATION,
    DECISION_TIME,
    DENSE,
    CONV,
    BRAINSCALES_2,
)


def named(names: Sequence[str]) -> tuple[Part, ...]:
    """Parts by name, in the page's order; all without a name. InputError with the nearest one for one that is not."""
    by_name = {part.name: part for part in PARTS}
    for name in names:
        if name not in by_name:
            nearest = difflib.get_close_matches(name, by_name, n=1, cutoff=0.0)[0]
            raise InputError(f"--part {name}: there is none; nearest: {nearest}; known: {', '.join(by_name)}")
    return tuple(part for part in PARTS if not names or part.name in names)
