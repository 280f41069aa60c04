"""Readings that are kept while a chip is measured: those of something else are refused, what a full disk took stays."""

import resource
from pathlib import Path

import numpy as np
import pytest
from tests.flow.bench.test_loop import spec

from somaforge.flow.bench.journal import Journal
from somaforge.flow.commands.board import Place
from somaforge.pdk.errors import InputError


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
    assert len(set(subjects)) == len(subjects)
    assert Place(spec(training={"epochs": 3}), "b", 0, None).subject(False) == subjects[0]


def test_a_full_disk_is_named_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "unfinished.jsonl"
    journal = Journal(path, "one")
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
    again = Journal(path, "one")
    assert again.waiting == 1
    again.close()


def test_a_journal_that_is_not_ours_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "a/unfinished.jsonl"
    Journal(path, "one").close()
    held = Journal(path, "two")  # nothing was read for the other
    with pytest.raises(InputError, match="another bench run measures this chip"):
        Journal(path, "two")
    held.add("x", np.array([1e-9, 2e-9]))
    held.close()
    again = Journal(path, "two")
    with pytest.raises(InputError, match="a reading of 2 outputs, the chip has 3"):
        again.take("x", 3)
    again.close()
    for line in ('{"asked": "x", "outputs_A": [NaN]}', "[" * 100_000, '{"asked": 1}', "3"):
        path.write_text('{"subject": "two"}\n' + line + "\n")
        with pytest.raises(InputError, match="line 2: no reading"):
            Journal(path, "two")
    assert path.read_text().endswith("3\n")
