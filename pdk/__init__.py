"""What somaforge builds on: one folder per process, and one line for it here."""

from somaforge.pdk.base import DeviceType, Pdk
from somaforge.pdk.errors import InputError, nearest
from somaforge.pdk.sky130.process import SKY130

PROCESSES: dict[str, Pdk] = {
    process.name: process
    for process in (
        SKY130,  # a new process: its line goes here
    )
}
"""By name."""


def load(name: str) -> Pdk:
    """The process with that name; InputError with the nearest one if somaforge does not know it."""
    if name in PROCESSES:
        return PROCESSES[name]
    raise InputError(f"pdk: unknown process {name!r}; {nearest(name, PROCESSES)}")


def default() -> str:
    """The name of the only process there is; InputError if there are several, one of which must be named."""
    if len(PROCESSES) != 1:
        raise InputError(f"several processes are known ({', '.join(sorted(PROCESSES))}): name one with --pdk")
    return next(iter(PROCESSES))


__all__ = ["PROCESSES", "DeviceType", "Pdk", "default", "load"]
