"""Verilog in Icarus Verilog: compiled and run in a folder that keeps sources and logs."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from somaforge.pdk.errors import ToolError
from somaforge.pdk.tool import run_again, run_tool


def run(
    files: Mapping[str, str],
    folder: Path,
    plusargs: Sequence[str],
    timeout_s: float,
    libraries: Sequence[Path] = (),
    defines: Mapping[str, str] | None = None,
    output: str = "run.vvp",
) -> str:
    """What the simulation of `files` (name -> text; those that end with .v are compiled) prints.

    ToolError if a program is missing, fails or hangs.
    """
    build(files, folder, timeout_s, libraries, defines, output)
    return _run(["vvp", "-N", output, *plusargs], folder, timeout_s)


def build(
    files: Mapping[str, str],
    folder: Path,
    timeout_s: float,
    libraries: Sequence[Path] = (),
    defines: Mapping[str, str] | None = None,
    output: str = "run.vvp",
) -> None:
    """Write and compile the files, for `vvp -N output` in the folder. ToolError as for `run`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="ascii")
    marks = [f"-D{key}={value}" for key, value in (defines or {}).items()]
    sources = [*map(str, libraries), *(name for name in files if name.endswith(".v"))]
    _run(["iverilog", "-g2005", "-grelative-include", *marks, "-o", output, *sources], folder, timeout_s)


def _run(command: list[str], folder: Path, timeout_s: float) -> str:
    """What the program prints, also written to <program>.log."""
    if shutil.which(command[0]) is None:
        raise ToolError(f"{command[0]}: not installed; run make setup (Debian package iverilog)")
    try:
        done = run_again(lambda: run_tool(command, timeout_s, folder=folder), command[0])
    except TimeoutError:
        raise ToolError(f"{command[0]}: no result in {timeout_s:g} s; simulate a smaller array") from None
    (folder / f"{command[0]}.log").write_text(done.text, encoding="utf-8")
    if done.code != 0:
        reason = next((line.strip() for line in done.text.splitlines() if line.strip()), "no message")
        raise ToolError(f"{command[0]}: ended with exit code {done.code} ({reason[:200]}); see {command[0]}.log")
    return done.text
