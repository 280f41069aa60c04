"""Capacitance of simple shapes against closed forms written out here with the tables of the PDK."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from somaforge.flow.pex import capacitance
from somaforge.flow.pex.kernel import EMPTY, Rectangles, couple
from somaforge.flow.pex.resistance import squares
from somaforge.flow.pex.tiling import LARGEST_NM, aligned
from somaforge.pdk.sky130.parasitics import CONDUCTORS, INTERCONNECT, SIDEWALL_SHARE

UM = 1000
FAR = 100 * UM
AF = 1e-18
LAYER = {name: k for k, name in enumerate(CONDUCTORS)}


def shapes(*rows: tuple[str, float, float, float, float, int]) -> Rectangles:
    """(conductor, left, bottom, right, top in um, net)."""
    table = np.array([[LAYER[r[0]], *(round(v * UM) for v in r[1:5]), r[5]] for r in rows], dtype=np.int64)
    return Rectangles(table[:, 0], table[:, 1:5], table[:, 5])


def solve(*rows: tuple[str, float, float, float, float, int]) -> dict[tuple[int, int], float]:
    """(net, net) -> aF; net 0 is the substrate."""
    c = couple(shapes(*rows), (-FAR, -FAR, FAR, FAR), INTERCONNECT)
    return {(a, b): f / AF for a, b, f in zip(c.a.tolist(), c.b.tolist(), c.farad.tolist(), strict=True)}


def reach(plate_aF_um2: float, near_um: float, far_um: float = 8.0) -> float:
    """Part of the fringe that lands between two distances from the edge."""
    alpha = 0.02 * plate_aF_um2
    return (math.atan(alpha * far_um) - math.atan(alpha * near_um)) / math.atan(alpha * 8.0)


def test_plate_over_substrate_has_area_and_perimeter() -> None:
    """met1, 10 by 20 um: 25.78 aF/um2 and 40.57 aF/um (klayout-pex tech file)."""
    assert solve(("met1", 0, 0, 10, 20, 1)) == {(0, 1): pytest.approx(25.78 * 200 + 40.57 * 60, rel=1e-6)}


@pytest.mark.parametrize("spacing", [0.14, 0.28, 0.5, 1.0, 2.0])
def test_parallel_wires(spacing: float) -> None:
    """Two met1 wires, 0.14 by 50 um: sidewall, and the fringe between them ends at the neighbour."""
    found = solve(("met1", 0, 0, 0.14, 50, 1), ("met1", 0.14 + spacing, 0, 0.28 + spacing, 50, 2))
    assert found[1, 2] == pytest.approx(SIDEWALL_SHARE * 44.0 * 50 / (spacing + 0.25), rel=0.01)
    inner = reach(25.78, 0, spacing)
    ground = 25.78 * 0.14 * 50 + 40.57 * (50 * (1 + inner) + 0.28)
    assert found[0, 1] == pytest.approx(ground, rel=0.01)
    assert found[0, 1] == pytest.approx(found[0, 2])


def test_crossing_wires() -> None:
    """met2 across met1, 0.2 um wide each: plate 133.86 aF/um2, fringes 67.05 down and 48.19 up, by their reach."""
    found = solve(("met1", -20, -0.1, 20, 0.1, 1), ("met2", -0.1, -20, 0.1, 20, 2))
    reach_over = reach(133.86, 0, 8.0)
    # met2's two long edges run over met1 for 0.2 um each: their field lands on met1 over its whole reach.
    down = 2 * 0.2 * 67.05 * reach_over
    # met1's two long edges run under met2 for 0.2 um each.
    up = 2 * 0.2 * 48.19 * reach_over
    assert found[1, 2] == pytest.approx(133.86 * 0.04 + down + up, rel=0.03)


def test_a_wire_moved_nearer_couples_as_the_closed_form_says() -> None:
    """0.3 um nearer: C changes by the ratio of (spacing + offset)."""
    far, near = (solve(("met2", 0, 0, 0.2, 30, 1), ("met2", 0.2 + s, 0, 0.4 + s, 30, 2))[1, 2] for s in (0.6, 0.3))
    assert near / far == pytest.approx((0.6 + 0.3) / (0.3 + 0.3), rel=0.01)


def test_the_middle_wire_shields() -> None:
    """Only nearest neighbours couple."""
    found = solve(*(("met1", k, 0, k + 0.5, 50, 1 + round(k)) for k in (0, 1, 2)))
    assert (1, 3) not in found
    assert found[1, 2] > 0


def test_a_plate_between_shields() -> None:
    """li under met1 under met2: met2 does not see li through met1."""
    found = solve(("li", 0, 0, 5, 5, 1), ("met1", -20, -20, 25, 25, 2), ("met2", 0, 0, 5, 5, 3))
    assert (1, 3) not in found
    assert found[2, 3] > 133.86 * 25


def test_comb() -> None:
    """n fingers between n + 1 fingers: 2n gaps of the pair's sidewall."""
    fingers = [("met1", 0.4 * k, 0.0, 0.4 * k + 0.2, 40.0, 1 + k % 2) for k in range(9)]
    assert solve(*fingers)[1, 2] == pytest.approx(8 * SIDEWALL_SHARE * 44.0 * 40 / (0.2 + 0.25), rel=0.01)


def test_wire_over_diffusion() -> None:
    """Diffusion is the lower plate, with its own numbers (33.6 aF/um2, 43.1 aF/um)."""
    found = solve(("diffusion", -20, -20, 20, 20, 1), ("met1", -1, -1, 1, 1, 2))
    assert found[1, 2] == pytest.approx(33.6 * 4 + 43.1 * 8, rel=0.01)


def test_device_capacitance_is_left_to_the_transistor_model() -> None:
    """A gate over its channel between its diffusions: only the poly ends beyond the diffusion count."""
    rows = shapes(
        ("substrate", -0.1, 0, 0.1, 1, 1), ("poly", -0.1, -0.5, 0.1, 1.5, 1), ("diffusion", -1, 0, -0.1, 1, 2),
        ("diffusion", 0.1, 0, 1, 1, 3),
    )  # fmt: skip
    channel = np.array([EMPTY, 1, 2, 3])
    c = couple(Rectangles(rows.layer, rows.box, channel), (-FAR, -FAR, FAR, FAR), INTERCONNECT)
    assert set(zip(c.a.tolist(), c.b.tolist(), strict=True)) == {(0, 1)}
    ends = 106.13 * 0.2 * 1.0 + 55.27 * (2 * 0.2 + 4 * 0.5)
    assert c.farad[0] / AF == pytest.approx(ends, rel=0.01)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["poly", "li", "met1", "met2", "met4"]),
            st.integers(0, 29), st.integers(0, 29), st.integers(1, 9), st.integers(1, 9),
        ),
        min_size=1, max_size=12,
    ),
    st.integers(7, 31),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_windows_add_up_to_the_whole(boxes: list[tuple[str, int, int, int, int]], size: int) -> None:
    """Any tiling gives the same couplings as one window."""
    rows = [(layer, x, y, x + w, y + h, 1 + LAYER[layer] * 100 + y) for layer, x, y, w, h in boxes]
    # One net per layer and place: overlapping shapes of a layer must be one net.
    rows = [(r[0], *r[1:5], 1 + LAYER[r[0]]) for r in rows]
    all_shapes = shapes(*rows)
    whole = couple(all_shapes, (-FAR, -FAR, FAR, FAR), INTERCONNECT)
    tiled = capacitance.extract(
        all_shapes, (0, 0, 40 * UM, 40 * UM), INTERCONNECT, capacitance.Tiling((-3 * UM, 0), (size * UM, size * UM))
    ).couplings
    assert tiled.a.tolist() == whole.a.tolist()
    assert tiled.b.tolist() == whole.b.tolist()
    assert tiled.farad == pytest.approx(whole.farad, rel=1e-9)


def test_repeated_windows_are_computed_once() -> None:
    """A periodic wire pattern needs its two ends and one window between."""
    rows = [("met1", 10.0 * k, 0.0, 10.0 * k + 1, 10.0, 1 + k) for k in range(12)]
    tiling = capacitance.Tiling((0, 0), (10 * UM, 10 * UM))
    found = capacitance.extract(shapes(*rows), (0, 0, 120 * UM, 10 * UM), INTERCONNECT, tiling)
    assert found.windows == 12
    assert found.distinct <= 4


def test_mirrored_rows_are_computed_once() -> None:
    """Three lines per row, every second row upside down: bottom, inner and top rows, and the right sums."""
    rows = []
    for k in range(8):
        for low, high, net in ((1, 2, 1), (3, 3.5, 2), (7, 9, 3)):
            bottom, top = (10.0 * k + v if k % 2 == 0 else 10.0 * (k + 1) - v for v in (low, high))
            rows.append(("met1", 0.0, min(bottom, top), 30.0, max(bottom, top), 10 * k + net))
    tiling = capacitance.Tiling((0, 0), (30 * UM, 10 * UM))
    found = capacitance.extract(shapes(*rows), (0, 0, 30 * UM, 80 * UM), INTERCONNECT, tiling)
    assert (found.windows, found.distinct) == (8, 2)
    whole = couple(shapes(*rows), (-FAR, -FAR, FAR, FAR), INTERCONNECT)
    assert found.couplings.a.tolist() == whole.a.tolist()
    for ours, expected in ((found.couplings.farad, whole.farad), (found.couplings.y, whole.y)):
        assert ours == pytest.approx(expected, rel=1e-9)
    totals = np.bincount(whole.a, whole.farad, 80) + np.bincount(whole.b, whole.farad, 80)
    assert found.totals(80) == pytest.approx(totals, rel=1e-9)


@given(st.lists(st.integers(0, 300), max_size=20), st.integers(0, 300), st.integers(1, 300))
@settings(deadline=None)
def test_cuts_cover_the_box(centres: list[int], low: int, size: int) -> None:
    """Ascending, from one end to the other, no window wider than twice the halo."""
    cells = [(x * UM - 1, 0, x * UM + 1, 0) for x in centres]
    x = aligned(cells, (low * UM, 0, (low + size) * UM, UM)).x
    assert (x[0], x[-1]) == (low * UM, (low + size) * UM)
    assert np.all(np.diff(x) > 0)
    assert np.all(np.diff(x) <= LARGEST_NM)


@given(st.floats(1, 1000), st.floats(0.1, 5))
@settings(deadline=None)
def test_squares_of_a_straight_wire(ratio: float, width: float) -> None:
    """Area and perimeter give length over width back."""
    length = ratio * width
    assert squares(length * width, 2 * (length + width)) == pytest.approx(ratio, rel=1e-3)
