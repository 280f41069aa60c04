"""Text from the templates room: strict (an unknown variable is an error) and without logic of its own."""

from functools import lru_cache
from importlib import resources

import jinja2

from somaforge.pdk.errors import ToolError


def source(name: str) -> str:
    """The text of a template; ToolError if it is not there."""
    try:
        return resources.files("somaforge.templates").joinpath(name).read_text(encoding="utf-8")
    except OSError as error:
        raise ToolError(f"template {name}: cannot be read ({error}); install somaforge again") from None


@lru_cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(source),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # decks, not HTML: their values are validated names and formatted numbers
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(name: str, /, **values: object) -> str:
    """The template `name` with its holes filled; for SPICE and other plain text, not for HTML."""
    return _environment().get_template(name).render(**values)
