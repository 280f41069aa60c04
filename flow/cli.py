"""The command line. Exit codes: 0 all well, 1 a check failed, 2 wrong input, 3 a tool is missing or crashed."""

import errno
import importlib
import os
import sys
import traceback
from collections.abc import Sequence

import click

from somaforge.flow.machinery.printable import printable

EXIT_INPUT = 2
EXIT_TOOL = 3
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells count
WRONG_NAMES = (errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.EEXIST)
"""What the system says of a path that nothing but another name can mend: the input is wrong, not the disk."""


COMMANDS: dict[str, tuple[str, str]] = {
    "doctor": ("project", "Say what is installed, which versions, what is missing and how to get it."),
    "pdk": ("project", "Install process data."),
    "init": ("project", "Print a spec to start from: somaforge init iris > my.yaml."),
    "report": ("project", "Build the report of the run folder RUN again from its metrics, and judge them again."),
    "run": ("whole", "Run the whole flow of SPEC; finished steps are not run again, an interrupted run goes on."),
    "generate": ("stages", "Write the netlists and the layout of SPEC."),
    "drc": ("stages", "Design rules of SPEC's layout (every deck), or of any layout of a process."),
    "lvs": ("stages", "Layout against schematic of SPEC, or of any layout of a process."),
    "pex": ("stages", "Parasitics of SPEC's layout, or of any layout of a process."),
    "plan": (
        "stages",
        "Write what a tester does to characterize a fabricated chip of SPEC: weights, stimulus and expected currents.",
    ),
    "characterize": ("stages", "Measure the virtual chips of SPEC as a tester would."),
    "train": ("stages", "Train a network for every characterized chip of SPEC."),
    "program": ("stages", "Write the weights of SPEC into the latches and read them back."),
    "evaluate": ("stages", "Run the test set through every programmed chip of SPEC."),
    "operate": (
        "stages",
        "Sweep input current and supply with the programmed chips of SPEC, as its key operating says.",
    ),
    "power": ("stages", "Voltage drop and current density of the supply straps of SPEC."),
    "tapeout": (
        "tapeout",
        "Write what the shuttle of SPEC's frame is sent, and run the shuttle's checks; or check a submission again.",
    ),
    "signoff": ("stages", "Judge SPEC's metrics and write the report."),
    "verify": ("runs", "Check RUN against its manifest: files, spec, seeds, tools, PDK data."),
    "compare": (
        "runs",
        "What got better and worse from RUN_A to RUN_B (run folders, their final/, or metrics.json files).",
    ),
    "montecarlo": (
        "montecarlo",
        "Simulate many chips of SPEC at many operating points: yield of every limit, distributions, report.",
    ),
    "noise": ("noise", "Test matrix of SPEC's cells: every code, three input currents, 30 readings."),
    "papers": (
        "papers",
        "Make the tables and figures of the papers with our arrays, and the page that has both (docs/papers.md).",
    ),
    "bench": ("board", "Measure, train and program a fabricated chip on a board."),
    "bitfile": ("bitfile", "Look at the files that program a chip."),
}
"""Command -> its module in `commands` and its first sentence: a module is imported when one of its commands is called,
so that a list of commands does not wait for a layout library."""


class Lazy(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the command's module; None for a command that there is not."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"somaforge.flow.commands.{COMMANDS[cmd_name][0]}")
        commands: Sequence[click.Command] = module.COMMANDS
        return next(command for command in commands if command.name == cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As the base class, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="somaforge", prog_name="somaforge")
def cli() -> None:
    """Compile a short spec of an analog neural network into silicon, and prove that it works."""


def _complain(text: str) -> None:
    """One line on stderr, whatever the message holds."""
    print(f"somaforge: {printable(' '.join(text.split()))}", file=sys.stderr)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    try:
        code = cli.main(arguments, standalone_mode=False, prog_name="somaforge")
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        where = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx is not None else "somaforge"
        _complain(f"{error.format_message()} See {where} --help.")
        return EXIT_INPUT
    except (click.Abort, KeyboardInterrupt) as error:
        if isinstance(error.__cause__ or error.__context__, EOFError):  # click takes the end of a file for Ctrl-D
            return _internal(error.__cause__ or error.__context__ or error)
        _complain("interrupted; the same command goes on from here")
        return EXIT_INTERRUPTED
    except OSError as error:
        _complain(f"{error.filename or 'system'}: {error.strerror or error}; check the file, its rights and the disk")
        return EXIT_INPUT if error.errno in WRONG_NAMES else EXIT_TOOL
    except Exception as error:  # noqa: BLE001  the outermost frame: nothing unknown may look like success
        from somaforge.pdk.errors import SomaforgeError  # with the whole room pdk: --help does not wait for it

        if not isinstance(error, SomaforgeError):
            return _internal(error)
        _complain(str(error))
        return error.exit_code


def _internal(error: BaseException) -> int:
    if os.environ.get("SOMAFORGE_TRACEBACK"):
        traceback.print_exception(error)
    _complain(f"internal error, {type(error).__name__}: {error}; SOMAFORGE_TRACEBACK=1 shows where")
    return EXIT_TOOL


def main() -> None:
    """The console script."""
    sys.exit(run())


if __name__ == "__main__":  # python -m somaforge.flow.cli
    main()
