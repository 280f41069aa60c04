"""YAML as people write numbers, no key twice, and nothing endless: files come from strangers."""

import os
import re
import stat
from pathlib import Path
from typing import Any

import yaml

from somaforge.pdk.errors import InputError

LARGEST = 256 * 1024
"""Bytes of a file; a spec of 10,000 chips has 80 kB."""
DEEPEST = 20
"""Lists and mappings inside each other; a spec has 5."""
MOST = 20_000
"""Values, with what aliases and merge keys repeat."""
SHOWN = 300
"""Characters of a parser's message."""
LONGEST = 40
"""Characters of a number."""


class _Loader(yaml.SafeLoader):
    """PyYAML follows YAML 1.1, where 8e12 and 15.0e9 are words: a number with an exponent needs a point and a sign."""

    depth = 0
    values = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """As the base class, which calls itself until the stack ends."""
        if self.depth == DEEPEST:
            raise _refusal(f"more than {DEEPEST} lists or mappings inside each other", self._next())
        if self.values == MOST:
            raise _refusal(f"more than {MOST} values", self._next())
        self.depth, self.values = self.depth + 1, self.values + 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def _next(self) -> Any:
        return self.peek_event()  # type: ignore[no-untyped-call]

    def get_single_node(self) -> yaml.Node | None:
        """As the base class; aliases are counted before anything follows them."""
        node: yaml.Node | None = super().get_single_node()
        if node is not None:
            _count(node, {}, frozenset())
        return node

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        """As the base class, for every kind of number."""
        if node.tag in NUMBERS and len(node.value) > LONGEST:
            raise _refusal(f"a number of {len(node.value)} characters, {LONGEST} at most", node)
        return super().construct_scalar(node)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """As the base class, which lets the last of two equal keys win."""
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    said = f"key {key.value} is given twice"
                    raise yaml.constructor.ConstructorError(None, None, said, key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


def _refusal(what: str, where: Any) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, what, where.start_mark)


def _count(node: yaml.Node, known: dict[int, int], above: frozenset[int]) -> int:
    """Values below a node, each as often as aliases repeat it; an error beyond MOST, and for a value inside itself."""
    if id(node) in above:
        raise _refusal("a value that contains itself", node)
    if id(node) not in known:
        parts: list[yaml.Node] = []
        if isinstance(node, yaml.SequenceNode):
            parts = node.value
        elif isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
        inside = above | {id(node)}
        known[id(node)] = 1 + sum(_count(part, known, inside) for part in parts)
        if known[id(node)] > MOST:
            raise _refusal(f"more than {MOST} values, aliases and merge keys counted", node)
    return known[id(node)]


def _text(path: Path) -> str:
    """A file's text; InputError if it is no regular file or too long: a device never ends."""
    try:
        with path.open("rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise InputError(f"{path}: not a file; give the YAML file of a spec")
            content = stream.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise InputError(f"{path}: longer than {LARGEST // 1024} kB; a spec is a few kB")
        return content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot read the spec: {error}") from None


def read_yaml(path: Path) -> Any:
    """The value in a YAML file; InputError if it cannot be read or is not YAML."""
    try:
        return yaml.load(_text(path), Loader=_Loader)
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # ValueError: a date of month 13, a lone surrogate
        detail = " ".join(str(error).split())
        raise InputError(f"{path}: not YAML: {detail[:SHOWN]}") from None
