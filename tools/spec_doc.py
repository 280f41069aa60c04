"""Writes docs/spec.md from the spec's own classes: python tools/spec_doc.py. A test compares the two."""

import inspect
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from somaforge.flow import datasets
from somaforge.flow.engines.named import ENGINES
from somaforge.generator.spec import Spec
from somaforge.generator.spec.fields import Model
from somaforge.pdk import PROCESSES

TARGET = Path(__file__).parents[1] / "docs/spec.md"
HEAD = """# The spec

Written by `tools/spec_doc.py` from `generator/spec/`; do not edit.

A spec is a YAML file. `somaforge init iris` prints one to start from. It is validated once and frozen: an unknown
key, a wrong type, a size that does not fit or an unsafe name ends with exit code 2 and one line that says what and
where, and nothing is written. Units are in the names of the keys. Numbers may have an
exponent (`2e-6`).
"""


def models(annotation: Any) -> list[type[BaseModel]]:
    """Spec classes inside a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in models(part)]


def bounds(field: FieldInfo) -> str:
    """Limits of a field's value, for a reader."""
    words = []
    inside = [rule for part in get_args(field.annotation) for rule in getattr(part, "__metadata__", ())]
    inside = [piece for rule in inside for piece in getattr(rule, "metadata", [rule])]
    for rule in (*field.metadata, *inside):
        for name, sign in (("gt", ">"), ("ge", ">="), ("lt", "<"), ("le", "<=")):
            value = getattr(rule, name, None)
            if value is not None:
                words.append(f"{sign} {value:g}")
    choices = [a for a in get_args(field.annotation) if isinstance(a, str)]
    return " or ".join(choices) if choices else ", ".join(words)


def default(field: FieldInfo) -> str:
    """What holds if the key is left out."""
    if field.default is PydanticUndefined:
        return "required"
    if isinstance(field.default, BaseModel):
        return "see below"
    if field.default is None or field.default == ():
        return "none"
    if isinstance(field.default, tuple):
        return f"[{', '.join(map(str, field.default))}]"
    return str(field.default)


def section(model: type[Model], path: str) -> list[str]:
    """The table of one class, then those of the classes in it."""
    lines = ["", f"## {path or 'Top level'}", "", inspect.getdoc(model) or "", ""]
    lines += ["| key | default | allowed | meaning |", "|---|---|---|---|"]
    inner: list[str] = []
    for name, field in model.model_fields.items():
        meaning = " ".join((field.description or "").split())
        nested = models(field.annotation)
        if nested and not meaning:
            meaning = inspect.getdoc(nested[0]) or ""
        known = {"pdk": PROCESSES, "dataset": [*datasets.SOURCES, "files"], "engine": ENGINES}.get(name, ())
        allowed = " or ".join(known) if known else bounds(field)
        lines.append(f"| `{name}` | {default(field)} | {allowed} | {meaning} |")
        for part in nested:
            inner += section(part, f"{path}.{name}".lstrip("."))  # type: ignore[arg-type]
    return lines + inner


def text() -> str:
    """The whole file."""
    return HEAD + "\n".join(section(Spec, "")) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
