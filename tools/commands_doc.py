"""Writes docs/commands.md from the command line itself: python tools/commands_doc.py. A test compares the two."""

import ast
from collections.abc import Iterator
from pathlib import Path

import click

from somaforge.flow.cli import COMMANDS, cli

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs/commands.md"
HEAD = """# The command line

Written by `tools/commands_doc.py` from `flow/commands/`; do not edit.

What every command takes, and a test that runs it (or why none does). [flow.md](flow.md) says what they are for. Exit
codes: 0 all limits met; 1 a check or limit failed; 2 the input is wrong; 3 a tool is missing or crashed.
"""
_STEP = "the whole flow runs its step (`make demo`), and the command is made as `lvs` is"
NOT_RUN = {
    "train": _STEP,
    "program": _STEP,
    "operate": _STEP,
    "power": _STEP,
    "signoff": _STEP,
    "noise": "minutes; the whole flow runs its step (`make demo`); `tests/flow/measure/test_noise_row.py` its parts",
    "plan": "minutes of simulation; `tests/flow/bench/test_plan.py` writes plans and works through them",
    "bench doctor": "it needs a board; `tests/flow/bench/` has what it looks at on a simulated one",
}
"""Commands that no test runs as a command, and why not."""
RUNNERS = ("run", "call", "somaforge", "invoke", "bench")
"""Names of functions in tests that take a command line."""


def commands() -> Iterator[tuple[str, click.Command]]:
    """Name, as it is typed, and command; of groups their members."""
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", member) for inner, member in sorted(command.commands.items()))
        elif command is not None:
            yield name, command


def _words(node: ast.AST) -> tuple[str, ...]:
    """The first constant texts of a list, or of the arguments of a call."""
    parts = node.elts if isinstance(node, ast.List | ast.Tuple) else node.args if isinstance(node, ast.Call) else []
    texts = [p.value for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str)]
    return tuple(texts[:2])


def _lines(function: ast.FunctionDef) -> Iterator[tuple[str, ...]]:
    """Command lines that a test gives to the command line."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in RUNNERS:
                yield _words(node)
                yield from (_words(part) for part in node.args)


def executed() -> dict[str, str]:
    """Command -> the first test that runs it, as `file::function`."""
    names = [name for name, _ in commands()]
    found: dict[str, str] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
                continue
            for words in _lines(node):
                for name in names:
                    if words[: name.count(" ") + 1] == tuple(name.split()):
                        found.setdefault(name, f"{path.relative_to(ROOT).as_posix()}::{node.name}")
    return found


def _option(parameter: click.Option) -> str:
    kind = "" if parameter.is_flag else f" {parameter.make_metavar(click.Context(cli))}"
    standard = parameter.default
    shown = parameter.show_default and isinstance(standard, str | int | float) and not isinstance(standard, bool)
    end = f" Default: {standard}." if shown else ""
    text = " ".join((parameter.help or "").split()).replace("|", "\\|")
    must = " Required." if parameter.required else ""
    return f"| `{', '.join(parameter.opts)}{kind.replace('|', '/')}` | {text}{end}{must} |"


def section(name: str, command: click.Command, run_by: str) -> str:
    """One command."""
    arguments = [p.make_metavar(click.Context(cli)) for p in command.params if isinstance(p, click.Argument)]
    options = [_option(p) for p in command.params if isinstance(p, click.Option)]
    lines = [
        f"## {name}",
        "",
        f"    somaforge {' '.join([name, *arguments, '[OPTIONS]' if options else ''])}".rstrip(),
        "",
    ]
    lines += [" ".join((command.help or "").split()), ""]
    lines += ["| option | |", "|---|---|", *options, ""] if options else []
    return "\n".join([*lines, run_by, ""])


def text() -> str:
    """The whole page; ValueError names a command that no test runs and that has no reason."""
    ran = executed()
    pages = []
    for name, command in commands():
        if name not in ran and name not in NOT_RUN:
            raise ValueError(f"{name}: no test runs it; write one, or say in NOT_RUN why not")
        how = f"Run by `{ran[name]}`." if name in ran else f"Not run by a test: {NOT_RUN[name]}."
        pages.append(section(name, command, how))
    return HEAD + "\n" + "\n".join(pages)


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
