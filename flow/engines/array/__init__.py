"""Our own engine: the feed-forward network solved layer by layer with tables of the reference simulator's devices."""

from pathlib import Path

from somaforge.flow.engines.base import Engine, Named


def _make(_: Path | None) -> Engine:
    from somaforge.flow.engines.array.engine import ArrayEngine  # with torch: only who simulates waits for it

    return ArrayEngine()


ARRAY = Named("array", "array engine", False, _make)
