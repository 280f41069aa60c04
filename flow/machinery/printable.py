"""Names of strangers on a terminal: what would move its cursor, clear it or turn its text around is shown as a code."""


def printable(text: str) -> str:
    """`text` with a code, as Python writes it, for every character that is none to see: escape, bell, end of line,
    marks of direction, bytes of a file name that are no text."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
