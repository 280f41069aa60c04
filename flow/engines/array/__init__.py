"""Our own engine: the feed-forward network solved layer by layer with tables of the reference simulator's devices."""

from somaforge.flow.engines.array.engine import ArrayEngine

__all__ = ["ArrayEngine"]
