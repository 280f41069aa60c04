"""YAML as people write numbers, and no key twice."""

import re
from pathlib import Path
from typing import Any

import yaml

from somaforge.pdk.errors import InputError


class _Loader(yaml.SafeLoader):
    """PyYAML follows YAML 1.1, where 8e12 and 15.0e9 are words: a number with an exponent needs a point and a sign."""

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


def read_yaml(path: Path) -> Any:
    """The value in a YAML file; InputError if it cannot be read or is not YAML."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot read the spec: {error}") from None
    except yaml.YAMLError as error:
        detail = " ".join(str(error).split())
        raise InputError(f"{path}: not YAML: {detail}") from None
