"""Drawing helpers: tracks never collide."""

from hypothesis import given
from hypothesis import strategies as st

from somaforge.generator.draw import assign_tracks

SPANS = st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 200)).map(lambda s: (s[0], s[0] + s[1])), max_size=12)


@given(SPANS, st.integers(1, 50))
def test_spans_on_one_track_keep_the_clearance(spans: list[tuple[int, int]], clearance: int) -> None:
    tracks = assign_tracks(spans, clearance)
    for i, (low, high) in enumerate(spans):
        for j, (other_low, other_high) in enumerate(spans):
            if i < j and tracks[i] == tracks[j]:
                assert low - other_high >= clearance or other_low - high >= clearance


@given(SPANS)
def test_as_many_tracks_as_overlap_at_the_densest_point(spans: list[tuple[int, int]]) -> None:
    """Left edge is optimal for intervals: no more tracks than spans over one point (clearance 1 on integers)."""
    tracks = assign_tracks(spans, 1)
    densest = max((sum(low <= x <= high for low, high in spans) for x, _ in spans), default=0)
    assert len(set(tracks)) == densest
