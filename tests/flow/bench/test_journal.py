"""Readings that are kept while a chip is measured: those of something else are refused, what a full disk took stays."""

import resource
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from tests.flow.bench.test_loop import spec

from somaforge.flow.bench.journal import Journal
from somaforge.flow.commands.board import Place
from somaforge.pdk.errors import InputError

ONE, TWO = {"array": "one"}, {"array": "two"}


def test_readings_of_other_currents_are_not_gone_on_with() -> None:
    """Of another reference, input current, tester, simulated chip, law of mismatch, temperature or supply; other
    training fits them."""
    subjects = [
        Place(changed, port, seed, None).subject(own)
        for changed, port, seed, own in (
            (spec(), "a", 0, False),
            (spec(), "a", 0, True),
            (spec(input={"full_scale_A": 50e-9}), "a", 0, False),
            (spec(characterization={}), "a", 0, False),
            (spec(), None, 1, False),
            (spec(), None, 2, False),
            (spec(chips={"seeds": [1], "law": "subthreshold"}), None, 1, False),
        )
    ]
    subjects += [Place(spec(), "a", 0, None).subject(False, *at) for at in ((27.0, None), (80.0, None), (None, 1.8))]
    assert all(a != b for a, b in combinations(subjects, 2))
    assert Place(spec(training={"epochs": 3}), "b", 0, None).subject(False) == subjects[0]


def test_a_full_disk_is_named_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "unfinished.jsonl"
    journal = Journal(path, ONE)
    journal.add("x", np.array([1e-9]))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 9, limits[1]))
    try:
        for _ in range(2):  # a part of a line, then nothing at all
            with pytest.raises(OSError, match=r"unfinished\.jsonl"):
                journal.add("y", np.array([2e-9]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        journal.close()
    again = Journal(path, ONE)
    assert again.waiting == 1
    again.close()


def test_a_journal_that_is_not_ours_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "a/unfinished.jsonl"
    Journal(path, ONE).close()
    held = Journal(path, TWO)  # nothing was read for the other
    with pytest.raises(InputError, match="another bench run measures this chip"):
        Journal(path, TWO)
    held.add("x", np.array([1e-9, 2e-9]))
    held.close()
    again = Journal(path, TWO)
    with pytest.raises(InputError, match="a reading of 2 outputs, the chip has 3"):
        again.take("x", 3)
    again.close()
    for line in ('{"asked": "x", "outputs_A": [NaN]}', "[" * 100_000, '{"asked": 1}', "3"):
        path.write_text('{"subject": {"array": "two"}}\n' + line + "\n")
        with pytest.raises(InputError, match="line 2: no reading"):
            Journal(path, TWO)
    assert path.read_text().endswith("3\n")


@pytest.mark.parametrize("head", ['{"subject": "of an older version"}', "{}", "3", "[" * 100_000])
def test_a_journal_that_does_not_say_of_what_is_refused(head: str, tmp_path: Path) -> None:
    path = tmp_path / "unfinished.jsonl"
    path.write_text(f"{head}\n" + '{"asked": "x", "outputs_A": [1e-9]}\n')
    with pytest.raises(InputError, match="1 unfinished readings of another chip, or of another version of somaforge"):
        Journal(path, ONE)
    assert path.read_text().startswith(head)
