"""Files of a netlist as logical lines: includes read, continuations joined, remarks gone, each with its place.

What may be read is bounded: netlists come from other people, and one of two lines can ask for an endless file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from somaforge.pdk.errors import InputError

BYTES_LIMIT = 256 * 2**20
"""Of all files together: forty times the largest netlist here (25,100 synapses)."""
FILES_LIMIT = 1000
DEPTH_LIMIT = 30
"""Files that include each other."""
LINE_LIMIT = 2**20
"""Characters of one line with its continuations."""

# ngspice manual 2.2 (comments): ";", "//" and "$" after a blank. CDL gives "$[model]" and "$name=value" a meaning.
_REMARK = re.compile(r";|(?:(?<=\s)|^)//|(?:(?<=[\s,])|^)\$(?!\[|[A-Za-z_.]\w*\s*=)")
_QUOTES = "\"'"


@dataclass(frozen=True)
class Line:
    """One line, continuations joined."""

    text: str
    path: Path
    number: int
    """Of the first line, from 1."""

    @property
    def where(self) -> str:
        """For messages: "netlist a.spice, line 3"."""
        return f"netlist {self.path}, line {self.number}"


def read_lines(path: Path) -> Iterator[Line]:
    """Every line of `path` and of what it includes, in order; InputError if it is not text, or too much of it."""
    if not path.is_file():
        raise InputError(f"netlist {path}: {'no such file' if not path.exists() else 'not a regular file'}")
    yield from _Files().read(path, f"netlist {path}", None)


class _Files:
    def __init__(self) -> None:
        self.bytes = 0
        self.files = 0
        self.open: list[Path] = []

    def read(self, path: Path, asked: str, section: str | None) -> Iterator[Line]:
        """`section` None: the whole file but its sections; else that `.lib` section alone."""
        lines = self._joined(path, asked)
        inside: str | None = None
        found = False
        self.open.append(path.resolve())
        control = False
        for line in lines:
            words = line.text.split(None, 2)
            card = words[0].lower()
            if card in (".control", ".endc"):
                control = card == ".control"
            elif control:
                continue
            elif card == ".lib" and len(words) == 2:
                if inside is not None:
                    raise InputError(f"{line.where}: section {words[1]} begins inside section {inside}")
                inside = words[1].lower()
                found = found or inside == section
            elif card == ".endl":
                inside = None
            elif inside != section:
                continue
            elif card in (".include", ".inc", ".lib"):
                yield from self._included(line, card)
            elif card == ".end":
                break
            else:
                yield line
        self.open.pop()
        if control:
            raise InputError(f"netlist {path}: .control without .endc")
        if inside is not None:
            raise InputError(f"netlist {path}: .lib {inside} without .endl, or without a section to take")
        if section is not None and not found:
            raise InputError(f"{asked}: {path} has no section {section}")

    def _included(self, line: Line, card: str) -> Iterator[Line]:
        rest = line.text.split(None, 1)[1].strip() if len(line.text.split(None, 1)) == 2 else ""
        section: str | None = None
        if card == ".lib":
            rest, _, name = rest.rpartition(" ")
            section = name.strip(_QUOTES).lower()
        target = rest.strip().strip(_QUOTES)
        if not target:
            raise InputError(f"{line.where}: {card} without a file")
        path = Path(target).expanduser()
        path = path if path.is_absolute() else line.path.parent / path
        if path.resolve() in self.open and section is None:
            raise InputError(f"{line.where}: {target} includes itself")
        if len(self.open) >= DEPTH_LIMIT:
            raise InputError(f"{line.where}: more than {DEPTH_LIMIT} files include each other")
        if not path.is_file():
            why = "not a regular file" if path.exists() else "no such file"
            raise InputError(f"{line.where}: {card} {target}: {why}")
        yield from self.read(path, line.where, section)

    def _joined(self, path: Path, asked: str) -> Iterator[Line]:
        """Lines without remarks; blank and comment lines may stand between a line and its continuation."""
        self.files += 1
        if self.files > FILES_LIMIT:
            raise InputError(f"{asked}: more than {FILES_LIMIT} files; is one included again and again?")
        text: list[str] = []
        size = first = 0
        with path.open("rb") as file:
            for number, raw in enumerate(iter(lambda: _read_line(file, asked), b""), 1):
                self.bytes += len(raw)
                if self.bytes > BYTES_LIMIT or len(raw) > LINE_LIMIT:
                    raise InputError(f"netlist {path}, line {number}: more text than a netlist can have")
                if b"\0" in raw:
                    raise InputError(f"netlist {path}, line {number}: not a text file")
                line = _decoded(raw, path, number)
                directive = _directive(line)
                line = directive if directive is not None else line
                if line[:1] == "*" or not line:
                    continue
                if line[0] == "+":
                    if not text:
                        raise InputError(f"netlist {path}, line {number}: a continuation of nothing")
                    text.append(line[1:])
                    size += len(line)
                    if size > LINE_LIMIT:
                        raise InputError(f"netlist {path}, line {first}: longer than {LINE_LIMIT} characters")
                    continue
                if text:
                    yield Line(" ".join(text), path, first)
                text, first, size = [line], number, len(line)
        if text:
            yield Line(" ".join(text), path, first)


def _read_line(file: IO[bytes], asked: str) -> bytes:
    """The next line; InputError for a file that can be opened and not read (/proc has such)."""
    try:
        return file.readline(LINE_LIMIT + 1)
    except OSError as error:
        raise InputError(f"{asked}: cannot be read ({error.strerror})") from None


def _decoded(raw: bytes, path: Path, number: int) -> str:
    """A line without blanks around it, byte order mark and remark."""
    try:
        line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
    except UnicodeDecodeError:
        # A remark in an old encoding is text all the same; anything else would be a name that nobody can check.
        line = raw.decode("latin-1").strip()
        if not line.startswith("*"):
            start = _REMARK.search(line)
            if start is None or not line[: start.start()].isascii():
                raise InputError(f"netlist {path}, line {number}: not UTF-8 text") from None
    if line.startswith("*") or not line:
        return line
    start = _REMARK.search(line)
    return line if start is None else line[: start.start()].rstrip()


_DIRECTIVES = {"*.global", "*.scale", "*.mega", "*.connect", "*.equiv", "*.join", "*.j", "*.include"}


def _directive(line: str) -> str | None:
    """CDL writes some statements as comments; those that say what the circuit is are read as statements."""
    if line[:2] == "*." and line.split(None, 1)[0].lower() in _DIRECTIVES:
        return line[1:]
    return None
