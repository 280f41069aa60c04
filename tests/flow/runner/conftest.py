"""What the tests of this room share."""

import pytest

from somaforge.flow.machinery import workers


@pytest.fixture(autouse=True)
def one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fake parts do nothing that is worth a second process, whose start alone takes 1.5 s of a processor. Runs that are
    killed are processes of their own and have as many as there are."""
    monkeypatch.setattr(workers, "processors", lambda: 1)
