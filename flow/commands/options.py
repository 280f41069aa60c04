"""Types of command-line options that several commands take."""

import math
import os
from pathlib import Path
from typing import Any, Literal

import click

from somaforge.flow.datasets.files import VARIABLE, folder


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


class Number(click.FloatRange):
    """A number of a range. nan and inf are none: every comparison with nan is false, and so no bound would hold."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As the base class; click reports what is not finite as wrong usage."""
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value} is no finite number.", param, ctx)
        return found


def _use(context: click.Context, option: click.Parameter, named: Path | None) -> None:
    """The folder, if there is one of that name: whoever reads data in this process or one that it starts finds it."""
    if named is not None:
        folder(named)
        os.environ[VARIABLE] = str(named.absolute())


data_option = click.option(
    "--data-dir",
    type=PATH,
    envvar=VARIABLE,
    show_envvar=True,
    callback=_use,
    expose_value=False,
    help="Folder with the files of the data set.",
)
pdk_option = click.option("--pdk", metavar="NAME", help="The layout's process [default: the only one known].")
patterns_option = click.option(
    "--patterns", type=PatternCount(), help="Test patterns, from the first; all: the whole set [default: the spec's]."
)
