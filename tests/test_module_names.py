"""Test modules have names of their own: pytest takes two of one name for one, but in packages."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).parent


def twice(names: Iterable[str]) -> list[str]:
    """Names that stand there more than once."""
    return sorted(name for name, count in Counter(names).items() if count > 1)


def test_no_two_test_modules_have_one_name() -> None:
    loose = [path for path in HERE.rglob("test_*.py") if not (path.parent / "__init__.py").exists()]
    assert twice(path.name for path in loose) == []


def test_two_of_one_name_are_found() -> None:
    assert twice(["test_a.py", "test_b.py", "test_a.py"]) == ["test_a.py"]
