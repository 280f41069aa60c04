"""Numbers in a spec are what they look like."""

from pathlib import Path

import pytest

from somaforge.generator.yaml_file import read_yaml
from somaforge.pdk.errors import InputError


@pytest.mark.parametrize(
    ("text", "value"),
    [("8e12", 8e12), ("15.0e-9", 15e-9), ("-.5E3", -500.0), ("1.8", 1.8), ("8", 8), ("e12", "e12"), ("1e", "1e")],
)
def test_exponents_need_no_sign_and_no_point(tmp_path: Path, text: str, value: object) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"a: {text}\n")
    found = read_yaml(path)["a"]
    assert found == value
    assert type(found) is type(value)


def test_a_key_stands_once(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\nb: {c: 1, c: 2}\n")
    with pytest.raises(InputError, match=r"not YAML: key c is given twice .*line 2"):
        read_yaml(path)
