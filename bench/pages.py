"""Tables of results into pages of docs/, at places that name the command which made them."""

from pathlib import Path

from somaforge.pdk.files import atomic_write


def put(page: Path, name: str, command: str, table: str) -> None:
    """`table` between the marks of `name`; SystemExit if the page has no such place."""
    head, start, rest = page.read_text(encoding="utf-8").partition(f"<!-- {name}: {command} -->\n")
    _, end, tail = rest.partition(f"<!-- end of {name} -->\n")
    if not (start and end):
        raise SystemExit(f"{page}: no place for {name}")
    atomic_write(page, head + start + table + end + tail)
