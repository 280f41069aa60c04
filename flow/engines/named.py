"""Engines by name, as a spec asks for them.

An engine is a file or folder here with its `Named`, and a line below that imports it.
"""

from somaforge.flow.engines.array import ARRAY as ARRAY
from somaforge.flow.engines.base import Named
from somaforge.flow.engines.ngspice import NGSPICE as NGSPICE
from somaforge.generator.spec import Spec
from somaforge.pdk.errors import InputError, nearest

ENGINES: dict[str, Named] = {found.name: found for found in list(globals().values()) if isinstance(found, Named)}
"""Every engine that is imported above, by name."""


def named(spec: Spec) -> Named:
    """The engine of a spec; InputError with the nearest one if there is none of that name."""
    if spec.engine in ENGINES:
        return ENGINES[spec.engine]
    raise InputError(f"engine: there is no {spec.engine}; {nearest(spec.engine, ENGINES)}")
