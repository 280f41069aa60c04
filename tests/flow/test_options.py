"""Numbers of options: what is not finite is no number."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from somaforge.flow import cli
from somaforge.flow.commands.options import Number

SPEC = str(Path(__file__).parents[2] / "examples/iris.yaml")
LAYOUT = str(Path(__file__).parents[1] / "cases/inv.gds")


def options(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Parameter]]:
    """Every option and argument of a command and of those below it."""
    for parameter in command.params:
        yield " ".join((*path, parameter.opts[0])), parameter
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from options(below, (*path, name))


def test_every_option_that_takes_a_number_refuses_what_is_not_finite() -> None:
    loose = (click.FloatRange, click.types.FloatParamType)
    found = {name: option.type for name, option in options(cli.cli) if isinstance(option.type, loose)}
    assert len(found) > 5
    assert [name for name, kind in found.items() if not isinstance(kind, Number)] == []


@pytest.mark.parametrize(
    "arguments",
    [
        # each comparison with nan is false: a yield of nothing would have been enough
        ["montecarlo", SPEC, "--min-yield", "nan"],
        ["noise", SPEC, "--wire", "nan"],
        ["pdk", "mismatch", "sky130", "--polarity", "n", "--w", "1", "--l", "1", "--current", "nan"],
        ["drc", "--layout", LAYOUT, "--timeout", "nan"],
        ["drc", "--layout", LAYOUT, "--timeout", "inf"],
    ],
)
def test_nan_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(arguments) == 2
    said = capsys.readouterr().err
    assert f"{arguments[-1]} is no finite number." in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("option", ["--temperatures", "--supplies"])
@pytest.mark.parametrize("value", ["nan", "inf", "1e999", "27,nan"])
def test_lists_of_numbers_too(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["montecarlo", SPEC, "--chips", "1", option, value]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
