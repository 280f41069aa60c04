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


BOMB = "a0: &a0 {k: 1}\n" + "".join(
    f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}], k{i}: 1}}\n" for i in range(1, 12)
)
LISTS = "a0: &a0 [1, 1]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "not YAML: more than 20000 values, aliases and merge keys counted"),
        (LISTS, "not YAML: more than 20000 values"),
        ("a: &a [*a]\n", "not YAML: a value that contains itself"),
        ("a: " + "[" * 3000 + "]" * 3000, "not YAML: more than 20 lists or mappings inside each other"),
        ("a: " + "{a: " * 3000, "not YAML: more than 20 lists or mappings inside each other"),
        ("a: " + "9" * 6000, "not YAML: a number of 6000 characters, 40 at most"),
        ("a: 0x" + "f" * 6000, "not YAML: a number of 6002 characters"),
        ("a: 1" + ":59" * 3000, "not YAML: a number of 9001 characters"),
        ("a: [" + "1," * 25_000 + "]", "not YAML: more than 20000 values"),
        ("a: [" + "1," * 3_000_000 + "]", "longer than 256 kB; a spec is a few kB"),
        ("a: 2026-13-45", "not YAML: month must be in 1..12"),
        ("a: " + "\x00", "not YAML: unacceptable character"),
    ],
    ids=range(12),
)
def test_what_would_never_end_is_refused_in_one_short_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as refused:
        read_yaml(path)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 600


def test_devices_and_folders_are_no_specs(tmp_path: Path) -> None:
    for path, message in ((Path("/dev/zero"), "not a file"), (tmp_path, "cannot read the spec")):
        with pytest.raises(InputError, match=message):
            read_yaml(path)


def test_aliases_of_a_reasonable_size_stand(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: [*a, *a]\n")
    assert read_yaml(path) == {"a": {"x": 1}, "b": {"x": 1, "y": 2}, "c": [{"x": 1}, {"x": 1}]}
