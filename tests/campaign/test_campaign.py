"""The campaign of damage: a small part of it always, all of it at night; docs/reliability.md counts."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.campaign import campaign, damage
from tests.campaign.kinds import KINDS, Kind
from tests.campaign.trial import attempt

SHARE = 0.02
pytestmark = [
    pytest.mark.needs_pdk,
    pytest.mark.needs_ngspice,
    pytest.mark.needs_klayout_app,
    pytest.mark.needs_netgen,
    pytest.mark.needs_iverilog,
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.run.__name__)
def test_part_of_it(kind: Kind) -> None:
    (count,) = campaign.run((kind,), SHARE, seed=2)
    assert count.problems == ()
    assert count.trials >= 1


@pytest.mark.nightly
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.run.__name__)
def test_all_of_it(kind: Kind) -> None:
    (count,) = campaign.run((kind,))
    assert count.problems == ()


@pytest.mark.parametrize(
    ("work", "problem"),
    [
        (lambda: 0, None),
        (lambda: 2, "exit 2 with 0 lines on standard error"),
        (lambda: 1, "exit 1: (nothing on standard error)"),
        (lambda: 1 // 0, "internal error: Traceback: ZeroDivisionError"),
        (lambda: os.kill(os.getpid(), 11), "ended by SIGSEGV"),
        (lambda: os.read(os.pipe()[0], 1), "did not end in 10 s"),
        (lambda: max(iter(int, 1)), "ended by SIGXCPU"),
    ],
    ids=["well", "silent refusal", "other code", "error", "crash", "hang", "endless work"],
)
def test_a_bad_end_is_seen(tmp_path: Path, work: Callable[[], int], problem: str | None) -> None:
    found = attempt(work, tmp_path, 1.0).problem((0, 2))
    assert found is None if problem is None else problem in str(found)


def test_the_same_seed_does_the_same_damage() -> None:
    once, again = (damage.of_text("a: 1\nb: 2\n", np.random.default_rng([1, 5])) for _ in range(2))
    assert once == again
    assert len({damage.flipped(b"0123456789", np.random.default_rng([1, n])) for n in range(20)}) > 15


def test_what_is_wrong_names_no_folder_of_this_machine() -> None:
    def run(random: np.random.Generator, folder: Path) -> str | None:
        return f"{folder}/r is there, and {folder}"

    assert campaign.trial(Kind("x", run, 1), 1, 0) == "FOLDER/r is there, and FOLDER"


def test_again_does_what_went_wrong_and_nothing_else() -> None:
    done: list[int] = []

    def run(random: np.random.Generator, folder: Path) -> str | None:
        done.append(int(random.integers(1000)))
        return None if len(done) == 1 else "still wrong"

    count = campaign.again(Kind("x", run, 9), campaign.Count("x", 9, ((2, "a"), (5, "b")), ((1, "c"),)), seed=1)
    assert count == campaign.Count("x", 9, ((5, "still wrong"),), ((1, "c"), (2, "a")))
    assert done == [int(np.random.default_rng([1, n]).integers(1000)) for n in (2, 5)]
