"""The board's side of the protocol, in what MicroPython and CPython share. docs/bench.md describes the lines.

A line is a number, a word and its arguments, and a checksum. The answer has the same number. A line that comes once
more with the same number was not heard: its answer is sent again, and nothing is done again.
"""

import binascii

PROTOCOL = 1
LONGEST = 8192
"""Characters of a line."""
CS_N, SCK, MOSI, NIBBLE = 0, 1, 2, 4
"""Places of the pins among the chip's inputs; a nibble has four."""
MISO, VALID, BUSY, CLASS = 0, 1, 2, 4
"""Among its outputs; the class has four."""


class WireError(Exception):
    """A line that cannot be done; the text is for the other side."""


def sealed(text: str) -> str:
    """The line with its checksum."""
    return "%s *%08x" % (text, binascii.crc32(text.encode()) & 0xFFFFFFFF)  # noqa: UP031  MicroPython


def opened(line: str) -> str:
    """The text of a line; WireError if its checksum is wrong."""
    text, mark, sum_ = line.strip().rpartition(" *")
    if not mark or sealed(text)[-8:] != sum_:
        raise WireError("checksum")
    return text


class Wire:
    """Does what lines say; `pins` has write(byte), read() -> byte, reset(), milliseconds()."""

    def __init__(self, pins: object, board: str, clock_hz: int) -> None:
        """Nothing is sent before the first line."""
        self.pins = pins
        self.board = board
        self.clock_hz = clock_hz
        self.last = ("", "")
        pins.write(1 << CS_N)  # type: ignore[attr-defined]

    def line(self, line: str) -> str:
        """The answer to a line."""
        try:
            text = opened(line[:LONGEST])
            number, _, rest = text.partition(" ")
        except WireError as error:
            return sealed("- error %s" % error)  # noqa: UP031
        if number == self.last[0]:
            return self.last[1]
        try:
            answer = "ok " + self.done(rest.split(" "))
        except WireError as error:
            answer = "error %s" % error  # noqa: UP031
        except (ValueError, IndexError):
            answer = "error not understood"
        self.last = (number, sealed(number + " " + answer))
        return self.last[1]

    def done(self, words: list[str]) -> str:
        """What a word asks for."""
        verb = words[0]
        if verb == "hello":
            return "somaforge %d %s %d" % (PROTOCOL, self.board, self.clock_hz)  # noqa: UP031
        if verb == "send":
            return ",".join([self.frame(part) for part in words[1].split(",")])
        if verb == "wait":
            return self.wait(int(words[1]))
        if verb == "pins":
            return "%02x" % self.pins.read()  # type: ignore[attr-defined]  # noqa: UP031
        if verb == "reset":
            self.pins.reset()  # type: ignore[attr-defined]
            return ""
        raise WireError("unknown word " + verb[:20])

    def frame(self, text: str) -> str:
        """The answer to a frame cc:payload; bits stand as 0 and 1, nibbles as hex digits: these are answered with -."""
        head, _, payload = text.partition(":")
        command = int(head, 16)
        if not 0 <= command <= 0xFF:
            raise WireError("command " + head[:20])
        write, read = self.pins.write, self.pins.read  # type: ignore[attr-defined]
        write(0)
        for place in range(7, -1, -1):
            bit = (command >> place & 1) << MOSI
            write(bit)
            write(bit | 1 << SCK)
        answer = []
        nibbles = command & 0x50 == 0x50
        for digit in payload:
            pins = int(digit, 16) << NIBBLE if nibbles else int(digit, 2) << MOSI
            write(pins)
            if not nibbles:
                answer.append("1" if read() >> MISO & 1 else "0")
            write(pins | 1 << SCK)
        write(0)
        write(1 << CS_N)
        write(1 << CS_N)
        write(1 << CS_N)
        return "".join(answer) or "-"

    def wait(self, limit_ms: int) -> str:
        """Until nothing is under way."""
        start = self.pins.milliseconds()  # type: ignore[attr-defined]
        while self.pins.read() >> BUSY & 1:  # type: ignore[attr-defined]
            if self.pins.milliseconds() - start > limit_ms:  # type: ignore[attr-defined]
                return "busy"
        return "idle"
