"""Texts of a submission, and how values get into them."""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """One file."""

    place: str
    """In the folder."""
    content: str


def quoted(text: str) -> str:
    """A text as YAML and JSON quote it."""
    return json.dumps(text, ensure_ascii=False)


def in_table(text: str) -> str:
    """A text inside a cell of a Markdown table."""
    return text.replace("|", "\\|")
