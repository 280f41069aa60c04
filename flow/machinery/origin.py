"""Which somaforge this is: its version, and the commit where it runs from a repository."""

import json
import shutil
import subprocess
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import somaforge

TIMEOUT_S = 10.0
NOT_KNOWN = "unknown"


@lru_cache(maxsize=1)
def origin() -> dict[str, str]:
    """`version`, `commit` (40 hexadecimal digits or "unknown") and `changes` ("yes", "no" or "unknown": whether
    tracked files differ from that commit).
    """
    return {"version": somaforge.__version__, **_commit(Path(somaforge.__file__).resolve())}


def _commit(source: Path) -> dict[str, str]:
    """Of the repository that has this source file; else what the installer wrote down (PEP 610)."""
    if _git(source.parent, "ls-files", "--error-unmatch", source.name) is not None:
        head, changes = _git(source.parent, "rev-parse", "HEAD"), _git(source.parent, "status", "--porcelain", "-uno")
        if head is not None and changes is not None:
            return {"commit": head.strip(), "changes": "yes" if changes.strip() else "no"}
    return {"commit": _installed(), "changes": NOT_KNOWN}


def _installed() -> str:
    """The commit from which pip installed the package."""
    try:
        text = metadata.distribution("somaforge").read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return NOT_KNOWN
    commit = json.loads(text).get("vcs_info", {}).get("commit_id") if text else None
    return str(commit) if commit else NOT_KNOWN


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints; None if it is not there or refuses."""
    program = shutil.which("git")
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
