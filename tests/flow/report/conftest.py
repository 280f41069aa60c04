"""What the tests of the report share."""

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.flow.report.example import made_run

from somaforge.flow.figures.svg import Plot
from somaforge.flow.report import build
from somaforge.flow.report.data import RunData

Draw = Callable[[RunData], Plot | None]


@pytest.fixture
def run(tmp_path: Path) -> RunData:
    return made_run(tmp_path)


@pytest.fixture(scope="session")
def figures_so_far() -> dict[tuple[str, bytes], Plot | None]:
    return {}


@pytest.fixture
def drawn_once(monkeypatch: pytest.MonkeyPatch, figures_so_far: dict[tuple[str, bytes], Plot | None]) -> None:
    """For tests of what stands around the figures: one of the same data is not drawn again (15 s for a report's).

    The data are all that figures may read; that they are the same when drawn again has a test of its own.
    """
    draw_it = build.drawn

    def once(run: RunData, draw: Draw) -> Plot | None:
        read = (run.metrics, run.chips, run.ideal, run.cells, run.corners, run.noise, run.operating, run.design.layers)
        key = f"{draw.__module__}.{draw.__name__}", pickle.dumps((run.spec.model_dump_json(), *read))
        if key not in figures_so_far:
            figures_so_far[key] = draw_it(run, draw)
        return figures_so_far[key]

    monkeypatch.setattr(build, "drawn", once)
