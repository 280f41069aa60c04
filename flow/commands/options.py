"""Types of command-line options that several commands take."""

from typing import Literal

import click


class PatternCount(click.ParamType[int | Literal["all"]]):
    """How many test patterns: a number from 1 on, or `all`."""

    name = "N|all"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | Literal["all"]:
        """The number; click reports anything else as wrong usage."""
        if value == "all":
            return "all"
        if str(value).isdecimal() and int(value) >= 1:
            return int(value)
        self.fail(f"{value} is neither a number from 1 on nor all.", param, ctx)


patterns_option = click.option(
    "--patterns", type=PatternCount(), help="Test patterns, from the first; all: the whole set [default: the spec's]."
)
