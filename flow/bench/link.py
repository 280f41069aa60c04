"""The host's side of the protocol: lines with numbers and checksums, asked again when no whole answer comes."""

import itertools
from dataclasses import dataclass, field
from typing import Protocol

from somaforge.flow.bench.firmware.wire import LONGEST, PROTOCOL, WireError, opened, sealed
from somaforge.pdk.errors import InputError, ToolError

TRIES = 4
TIMEOUT_S = 2.0
"""Of the first try; each further one waits twice as long: a board may be slow, and a lost line is soon sent again."""
STRAY = 100
"""Lines of earlier questions that are passed over; a board that goes on is none of ours."""


class Stream(Protocol):
    """Bytes to and from a board."""

    def write(self, data: bytes) -> None:
        """Send; OSError if the cable is gone."""
        ...

    def read_line(self, timeout_s: float) -> bytes:
        """Up to the end of a line; what has come if the time is over. OSError if the cable is gone."""
        ...


@dataclass
class Link:
    """One board."""

    stream: Stream
    timeout_s: float = TIMEOUT_S
    repeats: int = 0
    """Lines that had to be sent again."""
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1), repr=False)

    def ask(self, words: str, extra_s: float = 0.0) -> str:
        """The answer to a line; `extra_s` is what the board is told to take. ToolError if none comes, or says so."""
        number = f"{next(self._numbers):x}"
        line = sealed(f"{number} {words}")
        if len(line) > LONGEST:
            raise ValueError(f"a line of {len(line)} characters")  # boards cut it; callers send less at once
        problem = "no answer"
        for attempt in range(TRIES):
            self.repeats += attempt > 0
            try:
                self.stream.write(f"{line}\n".encode())
                found, problem = self._answer(number, self.timeout_s * 2**attempt + extra_s)
            except OSError as error:
                raise ToolError(f"board: the connection is gone ({error}); plug it in and start again") from None
            if found is not None:
                return found
        raise ToolError(f"board: {problem}, {TRIES} times; is it plugged in, and does its firmware run?")

    def _answer(self, number: str, patience_s: float) -> tuple[str | None, str]:
        """The answer, or None and what was wrong; lines that belong to no question are passed over."""
        for _ in range(STRAY):
            raw = self.stream.read_line(patience_s)
            if not raw.endswith(b"\n"):
                return None, "no answer" if not raw else "half an answer"
            try:
                text = opened(raw.decode("ascii"))
            except (WireError, UnicodeDecodeError):
                return None, "an answer that is damaged"
            theirs, _, rest = text.partition(" ")
            if theirs == "-":
                return None, "it did not understand the line"
            if theirs != number:
                continue
            kind, _, words = rest.partition(" ")
            if kind not in ("ok", "error"):  # MicroPython's prompt, a port that is looped, or another's firmware
                raise ToolError(
                    f"board: answers {kind[:20]!r}, neither ok nor error, or says again what it hears: another "
                    "firmware runs, or none; copy flow/bench/firmware, reset the board"
                )
            if kind != "ok":
                raise ToolError(f"board: refuses: {words[:200]}")
            return words, ""
        return None, f"{STRAY} lines that belong to no question"

    def hello(self) -> tuple[str, int]:
        """The board's name and its clock in Hz; InputError for another protocol."""
        words = self.ask("hello").split(" ")
        if len(words) != 4 or words[0] != "somaforge":
            raise InputError("board: it is none of somaforge's; copy flow/bench/firmware onto it")
        if not words[3].isdecimal() or int(words[3]) == 0:
            raise InputError(f"board: says that its clock has {words[3][:20]} Hz; copy the firmware again")
        if words[1] != str(PROTOCOL):
            raise InputError(f"board: protocol {words[1]}, this somaforge speaks {PROTOCOL}; copy the firmware again")
        return words[2], int(words[3])
