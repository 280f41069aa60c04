"""What a deck means, whatever it calls its model cards and in whatever order it lists its elements."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import platformdirs
from PySpice.Spice.NgSpice.Shared import NgSpiceCommandError, NgSpiceShared

from somaforge.flow.spice import process

Meaning = dict[str, list[str]]


def _number(text: str) -> str:
    """However it is written."""
    try:
        return repr(float(text) + 0.0)  # no -0
    except ValueError:
        return text


def _words(words: list[str]) -> str:
    """Parameters in order, without those that say nothing."""
    values = (word.partition("=") for word in words)
    return " ".join(sorted({f"{key}={_number(value)}" for key, _, value in values} - {"m=1.0", "delvto=0.0"}))


def _plain(line: str) -> str:
    return "".join(map(_number, re.split(r"([\s(),=]+)", line)))


def meaning(deck: str) -> Meaning:
    """Transistors with their cards by content, other elements, options; each sorted. Commands as they come."""
    lines = [x.strip() for x in deck.replace("\n+", " ").splitlines()[1:]]
    lines = [" ".join(x.split()) for x in lines if x and not x.startswith("*")]
    cards: dict[str, str] = {}
    for words in (x.split() for x in lines if x.startswith(".model") and "(" not in x and len(x.split()) > 20):
        cards[words[1]] = hashlib.sha256(f"{words[2]} {_words(words[3:])}".encode()).hexdigest()[:16]
    found: Meaning = {"cards": sorted(cards.values()), "transistors": [], "elements": [], "options": [], "commands": []}
    control = False
    for line in lines:
        words = line.split()
        control = line == ".control" or (control and line != ".endc")
        if words[0] == ".model" and words[1] in cards:
            continue
        if words[0].startswith(".option"):
            found["options"] += words[1:]
        elif control or (
            words[0].startswith(".") and words[0] not in (".ic", ".nodeset", ".model", ".subckt", ".ends")
        ):
            found["commands"].append(_plain(line))
        elif words[0][0] in "mM" and words[5] in cards:
            found["transistors"].append(" ".join((*words[:5], cards[words[5]], _words(words[6:]))))
        else:
            found["elements"].append(_plain(line))
    for key in ("transistors", "elements", "options"):
        found[key].sort()
    return found


def digest(deck: str) -> dict[str, str]:
    """Per part of its meaning: how many lines, and a hash of them."""
    return {
        part: f"{len(lines)} {hashlib.sha256(chr(10).join(lines).encode()).hexdigest()[:16]}"
        for part, lines in meaning(deck).items()
    }


class RecordedError(Exception):
    """Instead of a simulation."""


@contextmanager
def recorded(folder: Path) -> Iterator[list[str]]:
    """Decks that a simulator would have been given meanwhile; the first one ends what asked for it."""
    decks: list[str] = []

    def batch(command: list[str], _: float, **__: object) -> None:
        decks.append(Path(command[-1]).read_text(encoding="ascii"))
        raise RecordedError

    def shared(_: object, deck: str) -> None:
        decks.append(re.sub(r"\r", "", deck))
        raise NgSpiceCommandError("recorded")

    with (
        mock.patch.object(process, "run_tool", batch),
        mock.patch.object(NgSpiceShared, "load_circuit", shared),
        mock.patch.object(platformdirs, "user_cache_dir", return_value=str(folder)),
    ):
        yield decks
