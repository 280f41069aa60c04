"""What the tests of the report share."""

from pathlib import Path

import pytest
from tests.flow.report.example import made_run

from somaforge.flow.report.data import RunData


@pytest.fixture
def run(tmp_path: Path) -> RunData:
    return made_run(tmp_path)
