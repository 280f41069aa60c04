"""HTML from the templates room. Names in specs and layouts come from other people: everything is escaped."""

from functools import lru_cache

import jinja2

from somaforge.pdk.templating import source


@lru_cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(source),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(template: str, /, **values: object) -> str:
    """The template with its holes filled; only values of type Markup are not escaped: our own SVG, made from numbers.

    ToolError if there is no such template; jinja2.UndefinedError if a hole is left.
    """
    return _environment().get_template(template).render(**values)
