"""Runs a notebook as Jupyter does, in the interpreter that runs this: python notebook.py FILE [NAME=VALUE ...].

A setting replaces the value of a line `NAME = ...` of the notebook; one that has no such line is an error.
"""

import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def with_settings(notebook: nbformat.NotebookNode, settings: dict[str, str]) -> None:
    """Change values in place."""
    for name, value in settings.items():
        changed = 0
        for cell in notebook.cells:
            cell.source, count = re.subn(rf"^{name} = \S.*$", f"{name} = {value}", cell.source, flags=re.MULTILINE)
            changed += count
        if changed != 1:
            raise SystemExit(f"{name}: {changed} lines set it")


def main(path: Path, settings: dict[str, str]) -> None:
    """Prints what the cells print; an error in a cell ends it with code 1."""
    notebook = nbformat.read(path, 4)
    with_settings(notebook, settings)
    NotebookClient(notebook, timeout=3600, resources={"metadata": {"path": str(path.parent)}}).execute()
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        kinds = ", ".join(output.get("data", {}))
        print(output.get("text", f"[{kinds}]"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), dict(argument.split("=", 1) for argument in sys.argv[2:]))
