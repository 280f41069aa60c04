"""The errors that somaforge raises on purpose; each knows the exit code of the command line."""

import difflib
from collections.abc import Iterable


class SomaforgeError(Exception):
    """Root of all errors with a message for the user: one line that says what, where and what to do."""

    exit_code = 1


class CheckError(SomaforgeError):
    """A check or a limit failed."""

    exit_code = 1


class InputError(SomaforgeError):
    """A spec, netlist, layout, bitfile or data set is wrong."""

    exit_code = 2


class ToolError(SomaforgeError):
    """A tool is missing, crashed, timed out or did not converge."""

    exit_code = 3


class NotSettledError(ToolError):
    """An engine works, but finds no solution of this circuit at this point: too little supply, or too much current."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a message about a name that is not known."""
    names = sorted(known)
    close = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.0)
    return f"nearest: {close[0]}; known: {', '.join(names)}"
