"""The version of the code behind a step: a hash of its modules and of every somaforge module and template they use."""

import ast
import hashlib
from functools import lru_cache
from pathlib import Path

import somaforge

ROOT = Path(somaforge.__file__).parent
PACKAGE = "somaforge"


def _file(module: str) -> Path | None:
    """Source file of a somaforge module; None if the name is not one."""
    package, *parts = module.split(".")
    if package != PACKAGE:
        return None
    path = ROOT.joinpath(*parts)
    for candidate in (path / "__init__.py", path.with_suffix(".py")):
        if candidate.is_file():
            return candidate
    return None


@lru_cache(maxsize=1024)
def _uses(path: Path) -> tuple[frozenset[str], frozenset[str]]:
    """Somaforge modules and template names that a source file mentions."""
    modules: set[str] = set()
    templates: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            modules.add(node.module)
            modules.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(".j2"):
            templates.add(node.value)
    return frozenset(m for m in modules if m.split(".")[0] == PACKAGE), frozenset(templates)


def files_of(module: str) -> tuple[Path, ...]:
    """Every file that the module's behaviour depends on, sorted."""
    todo, modules, templates = [module], set[str](), set[str]()
    while todo:
        name = todo.pop()
        path = _file(name)
        if name in modules or path is None:
            continue
        modules.add(name)
        used, named = _uses(path)
        templates |= named
        parents = [name.rsplit(".", k)[0] for k in range(1, name.count(".") + 1)]
        todo += [*used, *parents]
    paths = {p for m in modules if (p := _file(m)) is not None}
    paths |= {p for t in templates if (p := ROOT / "templates" / t).is_file()}
    return tuple(sorted(paths))


@lru_cache(maxsize=64)
def code_version(module: str) -> str:
    """SHA-256 over names and contents of files_of(module)."""
    digest = hashlib.sha256()
    for path in files_of(module):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()
