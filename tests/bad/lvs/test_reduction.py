"""Fingers and split gates are put together; what only looks alike from both sides is not."""

from pathlib import Path

import pytest
from tracks import Fet, compare, n, p

STACK = [n("o", "a", "m", 2000), n("m", "b", "k", 2000), n("k", "c", "gnd", 2000)]
SPLIT = [fet for i in "12" for fet in (n("o", "a", f"m{i}"), n(f"m{i}", "b", f"k{i}"), n(f"k{i}", "c", "gnd"))]
CROSSED = [*SPLIT[:3], n("o", "b", "m2"), n("m2", "a", "k2"), n("k2", "c", "gnd")]
LATCH = [n("q", "qb", "gnd"), n("qb", "q", "gnd"), p("q", "qb", "vdd"), p("qb", "q", "vdd")]
PAIR = [n("q", "qb", "t"), n("qb", "q", "t"), n("t", "b", "gnd"), p("q", "c", "vdd"), p("qb", "c", "vdd")]
RATIOS = [n("o", "a", "m1", 2000), n("m1", "b", "gnd"), n("o", "a", "m2"), n("m2", "b", "gnd", 2000)]
FLOATING = [n("a", "f1", "gnd"), n("a", "f2", "gnd")]
ALL = ("a", "b", "c", "o", "vdd", "gnd")


def joined(fets: list[Fet], one: str, other: str) -> list[Fet]:
    return [Fet(f.kind, *(one if net == other else net for net in f.nets), f.w, f.length) for f in fets]


MATCH = {
    "three gates in two stacks": (SPLIT, STACK),
    "stacks joined between": (SPLIT, joined(joined(SPLIT, "m1", "m2"), "k1", "k2")),
    "a latch": (LATCH, LATCH),
    "three fingers of one": ([n("o", "a", "gnd"), n("o", "a", "gnd"), n("o", "a", "gnd", 2000)],
                             [n("o", "a", "gnd", 4000)]),
}  # fmt: skip
DIFFER = {
    "a latch with its sides joined": (joined(LATCH, "q", "qb"), LATCH),
    "a pair of crossed gates, joined": (joined(PAIR, "q", "qb"), PAIR),
    "gates that nothing drives, joined": (joined(FLOATING, "f1", "f2"), FLOATING),
    "gates exchanged in one stack": (CROSSED, STACK),
    "stacks of other ratios": (RATIOS, [n("o", "a", "m", 3000), n("m", "b", "gnd", 3000)]),
    "two of one gate for a long one": ([n("o", "a", "m"), n("m", "a", "gnd")], [n("o", "a", "gnd", 1000, 300)]),
    "other fingers": ([n("o", "a", "gnd"), n("o", "a", "gnd", 3000)], [n("o", "a", "gnd", 2000)] * 2),
}  # fmt: skip


@pytest.mark.parametrize("name", MATCH)
@pytest.mark.parametrize("turned", [False, True], ids=["drawn", "written"])
def test_match(tmp_path: Path, name: str, turned: bool) -> None:
    one, other = reversed(MATCH[name]) if turned else MATCH[name]
    assert compare(tmp_path, one, other, used(one)) == ()


@pytest.mark.parametrize("name", DIFFER)
@pytest.mark.parametrize("turned", [False, True], ids=["drawn", "written"])
def test_differ(tmp_path: Path, name: str, turned: bool) -> None:
    one, other = reversed(DIFFER[name]) if turned else DIFFER[name]
    assert compare(tmp_path, one, other, used(one))


def used(fets: list[Fet]) -> list[str]:
    nets = {net for fet in fets for net in fet.nets}
    return [net for net in ALL if net in nets]
