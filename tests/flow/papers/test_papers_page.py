"""The page of the papers: written from the kept records, and what reaches it by itself."""

import json
from pathlib import Path

import pytest

from somaforge.flow import cli
from somaforge.flow.papers import book, page
from somaforge.flow.papers.journal import Journal
from somaforge.flow.papers.part import Part, Setting
from somaforge.flow.papers.parts.decision_time import DECISION_TIME
from somaforge.flow.papers.parts.presentation import PRESENTATION, verdict
from somaforge.flow.papers.registry import PARTS, named
from somaforge.flow.papers.works import BINAS
from somaforge.pdk.errors import InputError

ROOT = Path(__file__).parents[3]
KEPT = ROOT / "bench/results/papers"
AGAIN = "run: somaforge papers --out bench/results/papers --page docs/papers.md"


def records() -> dict[str, book.Record]:
    return {part.name: found for part in PARTS if (found := book.record(KEPT, part)) is not None}


def test_the_page_and_its_figures_are_what_was_found() -> None:
    found = records()
    plots = page.drawn(PARTS, found)
    assert (ROOT / "docs/papers.md").read_text() == page.text(PARTS, found, plots, "images/papers"), AGAIN
    names = {plot.name for members in plots.values() for plot in members}
    assert {path.stem for path in (ROOT / "docs/images/papers").glob("*.svg")} == names, AGAIN


@pytest.mark.parametrize("part", [PRESENTATION, DECISION_TIME], ids=lambda p: p.name)
def test_figures_of_benches_are_theirs(part: Part, tmp_path: Path) -> None:
    """Read, never retyped: made again from bench/results they are the same."""
    setting = Setting(ROOT / "bench/results", None, False, Journal(tmp_path / "j.json", {}), lambda said: None)
    assert json.loads(json.dumps(part.measure(setting))) == records()[part.name].figures
    nothing = Setting(tmp_path, None, False, setting.journal, setting.say)
    assert part.measure(nothing) is None


def test_what_was_asked_of_adaptive_presentation() -> None:
    """Both sides of it: energy, and accuracy that is not less."""
    fixed, same = {"accuracy": 0.98}, {"accuracy": 0.9795}
    assert verdict({"saved": 0.31, "fixed": fixed, "adaptive": same}) == "met"
    assert "saves 29 % of the 30 % asked" in verdict({"saved": 0.29, "fixed": fixed, "adaptive": same})
    assert "loses 0.5 points" in verdict({"saved": 0.31, "fixed": fixed, "adaptive": {"accuracy": 0.975}})


def part_of(numbers: list[int], asked: int) -> Part:
    """A part of three pieces that says which it makes."""

    def measure(setting: Setting) -> dict[str, int]:
        def piece(k: int) -> int:
            numbers.append(k)
            if k == 2 and numbers.count(2) == 1:
                raise KeyboardInterrupt
            return k * k

        return {f"{k}": setting.journal.piece(f"{k}", lambda k=k: piece(k)) for k in range(3)}  # type: ignore[misc]

    told = {"conditions": lambda quick: {"asked": asked}}
    return Part("three", BINAS, "Three", measure, lambda found: [f"{found}\n"], **told)


def test_an_interrupted_part_goes_on_and_a_whole_one_is_left(tmp_path: Path) -> None:
    numbers: list[int] = []
    call = (tmp_path, tmp_path, None, False, lambda said: None)
    with pytest.raises(KeyboardInterrupt):
        book.make(part_of(numbers, 1), *call)
    path = tmp_path / "three.journal.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"seconds": 60.0}))
    assert book.make(part_of(numbers, 1), *call) == "made"
    assert numbers == [0, 1, 2, 2], "finished pieces are not made again"
    made = book.record(tmp_path, part_of(numbers, 1))
    assert made is not None
    assert made.processor_s == pytest.approx(60.0, abs=1), "those of the call before count"
    assert book.make(part_of(numbers, 1), *call) == "there"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["three.json"]
    assert book.make(part_of(numbers, 2), *call) == "made", "other conditions"
    with pytest.raises(InputError, match="holds whole results, and a quick call would replace them"):
        book.make(part_of(numbers, 2), tmp_path, tmp_path, None, True, lambda said: None)


def test_damaged_records_and_journals_are_refused(tmp_path: Path) -> None:
    part = part_of([], 1)
    (tmp_path / "three.journal.json").write_text("[]")
    with pytest.raises(InputError, match="no journal of papers"):
        book.make(part, tmp_path, tmp_path, None, False, lambda said: None)
    (tmp_path / "three.json").write_text('{"part": "three"}')
    with pytest.raises(InputError, match="damaged; remove it"):
        book.record(tmp_path, part)


def test_what_has_no_record_is_listed_with_its_command() -> None:
    text = page.text([part_of([], 1)], {}, {}, "images")
    assert text.count("Not run yet.") == 1
    assert text.endswith("| Binas et al.: Three | `somaforge papers --part three` |\n")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["papers", "--part", "binas-adaptive", "--quick", "--out", str(tmp_path)]
    assert cli.run([*line, "--kept", str(ROOT / "bench/results"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parts"] == {"binas-adaptive": "made"}
    assert "A quick version" in (tmp_path / "papers.md").read_text()
    assert cli.run([*line, "--page", str(tmp_path / "binas-adaptive.json")]) == 2
    assert "ends in .md" in capsys.readouterr().err
    assert cli.run(["papers", "--part", "binas-adaptiv"]) == 2
    assert "nearest: binas-adaptive" in capsys.readouterr().err


def test_a_part_without_its_data_does_not_keep_the_others_from_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOMAFORGE_DATA", str(tmp_path))
    names = ["--part", "retraining-conv", "--part", "binas-adaptive"]
    kept = ["--kept", str(ROOT / "bench/results")]
    assert cli.run(["papers", *names, "--quick", "--out", str(tmp_path / "out"), *kept, "--json"]) == 2
    said = capsys.readouterr()
    assert json.loads(said.out)["parts"]["binas-adaptive"] == "made"
    assert "retraining-conv: cifar10: no pictures here" in said.err
    assert "26 %" in (tmp_path / "out/papers.md").read_text()


def test_parts_have_names_of_their_own() -> None:
    assert len({part.name for part in PARTS}) == len(PARTS)
    assert named(["binas-adaptive", "binas-table-1"])[0].name == "binas-table-1", "the page's order"
