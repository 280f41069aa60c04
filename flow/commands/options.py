"""Types of command-line options that several commands take."""

from pathlib import Path
from typing import Any, Literal

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


class NamedPath(click.Path):
    """A path that is not empty: "" would be the folder where the user stands."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As the base class; click reports the empty path as wrong usage."""
        if str(value) == "" and not isinstance(value, Path):
            self.fail("the path is empty; give one, . for this folder.", param, ctx)
        return super().convert(value, param, ctx)


PATH = NamedPath()
pdk_option = click.option("--pdk", metavar="NAME", help="The layout's process [default: the only one known].")
patterns_option = click.option(
    "--patterns", type=PatternCount(), help="Test patterns, from the first; all: the whole set [default: the spec's]."
)
