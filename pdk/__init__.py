"""What somaforge builds on: one folder per process."""

from collections.abc import Callable

from somaforge.pdk.base import DeviceType, Pdk
from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130.process import SKY130

_PDKS: dict[str, Callable[[], Pdk]] = {"sky130": lambda: SKY130}


def load(name: str) -> Pdk:
    """The process with that name; InputError if somaforge does not know it."""
    try:
        return _PDKS[name]()
    except KeyError:
        raise InputError(f"pdk: unknown process {name!r}; known: {', '.join(sorted(_PDKS))}") from None


__all__ = ["DeviceType", "Pdk", "load"]
