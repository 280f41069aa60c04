"""What says that `final/` is older than the steps beside it, from the moment one of them is made again."""

from pathlib import Path

from somaforge.pdk.files import atomic_write

FINAL = "final"
STALE = "STALE"


def mark_stale(out: Path, step: str) -> None:
    """Note in `final/`, if there is one, that a step is being made again; publishing replaces the whole folder."""
    mark = out / FINAL / STALE
    if mark.parent.is_dir() and not mark.exists():
        atomic_write(mark, f"{step} was made again after these files were taken; somaforge run SPEC renews them\n")


def is_stale(final: Path) -> bool:
    """Whether the mark is there."""
    return (final / STALE).exists()
