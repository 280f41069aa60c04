"""The command line. Exit codes: 0 all well, 1 a check failed, 2 wrong input, 3 a tool is missing or crashed."""

import errno
import os
import sys
import traceback
from collections.abc import Sequence

import click

from somaforge.flow.commands import bitfile, montecarlo, noise, project, runs, stages
from somaforge.pdk.errors import SomaforgeError

EXIT_INPUT = 2
EXIT_TOOL = 3
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells count


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="somaforge", prog_name="somaforge")
def cli() -> None:
    """Compile a short spec of an analog neural network into silicon, and prove that it works."""


for command in (
    *project.COMMANDS,
    *stages.COMMANDS,
    *runs.COMMANDS,
    montecarlo.montecarlo,
    noise.noise,
    bitfile.bitfile,
):
    cli.add_command(command)


def _complain(text: str) -> None:
    """One line on stderr, whatever the message holds."""
    print(f"somaforge: {' '.join(text.split())}", file=sys.stderr)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    try:
        code = cli.main(arguments, standalone_mode=False, prog_name="somaforge")
        return code if isinstance(code, int) else 0
    except SomaforgeError as error:
        _complain(str(error))
        return error.exit_code
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
        return EXIT_INPUT if error.errno in (errno.ENAMETOOLONG, errno.ELOOP) else EXIT_TOOL  # the name itself is wrong
    except Exception as error:  # noqa: BLE001  the outermost frame: nothing unknown may look like success
        return _internal(error)


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
