"""Pages leave no hole; what is escaped is seen in the tests of the reports."""

import jinja2
import pytest

from somaforge.flow.figures.page import page
from somaforge.pdk.errors import ToolError


@pytest.mark.parametrize("template", ["chip.html.j2", "montecarlo.html.j2", "report.html.j2"])
def test_a_hole_that_is_left_is_an_error(template: str) -> None:
    with pytest.raises(jinja2.UndefinedError):
        page(template)


def test_a_template_that_is_not_there() -> None:
    with pytest.raises(ToolError, match=r"template nothing\.html\.j2: cannot be read"):
        page("nothing.html.j2")
