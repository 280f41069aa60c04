"""Ways to damage a file: of bytes, and of text that still looks like what it was."""

import numpy as np

Random = np.random.Generator
HOSTILE = (
    "[" * 500, "{a: " * 500, "&a [*a]", "9" * 5000, "-1", "0", "1e999", ".nan", "-.inf", "null", "''",
    "../../etc/passwd", "/dev/zero", "$(touch pwned)", "; touch pwned", "`touch pwned`",
    ".control\nshell touch pwned\n.endc", "<script>", "\x1b[2J", "\u202e", "é", "{}", "[]", "true", "2026-13-45",
    "!!python/object/apply:os.system ['touch pwned']",
    "0x7f", "1:2:3",
)  # fmt: skip
"""Values that a stranger may give."""


def of_bytes(content: bytes, random: Random) -> bytes:
    """Flips, zeros, cuts, repeats or inserts, in one to four places."""
    data = bytearray(content)
    for _ in range(int(random.integers(1, 5))):
        if not data:
            return bytes(random.integers(0, 256, 16, dtype=np.uint8))
        at = int(random.integers(len(data)))
        match int(random.integers(6)):
            case 0 | 1:
                data[at] ^= 1 << int(random.integers(8))
            case 2:
                data[at] = int(random.choice([0, 0x7F, 0x80, 0xFF]))
            case 3:
                del data[at : at + int(random.integers(1, 64))]
            case 4:
                data[at:at] = data[at : at + int(random.integers(1, 64))]
            case _:
                del data[at:]
    return bytes(data)


def flipped(content: bytes, random: Random) -> bytes:
    """One to three bits differ; the length stays."""
    data = bytearray(content)
    for _ in range(int(random.integers(1, 4))):
        data[int(random.integers(len(data)))] ^= 1 << int(random.integers(8))
    return bytes(data)


def of_text(text: str, random: Random) -> str:
    """Lines removed, repeated, exchanged, or with another value; or bytes damaged."""
    lines = text.splitlines()
    for _ in range(int(random.integers(1, 4))):
        at, other = (int(n) for n in random.integers(len(lines), size=2))
        match int(random.integers(6)):
            case 0 if len(lines) > 1:
                del lines[at]
            case 1:
                lines.insert(other, lines[at])
            case 2:
                lines[at], lines[other] = lines[other], lines[at]
            case 3 | 4:
                lines[at] = _with_another_value(lines[at], random)
            case _:
                damaged = of_bytes("\n".join(lines).encode(), random).decode("utf-8", "replace")
                lines = damaged.split("\n") or [""]
    return "\n".join(lines) + "\n"


def _with_another_value(line: str, random: Random) -> str:
    """A word after a separator is replaced by something hostile."""
    words = line.replace("=", " = ").split(" ")
    words[int(random.integers(len(words)))] = str(random.choice(np.array(HOSTILE, dtype=object)))
    return " ".join(words)
