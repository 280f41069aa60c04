"""Types of the spec's fields: names, lengths, corners, temperatures, supplies."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from somaforge.pdk import PROCESSES, load
from somaforge.pdk.errors import InputError

SAFE_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
METRIC_NAME = re.compile(r"[a-z0-9_]+(__[A-Za-z0-9_]+)+")


def _safe_name(value: str) -> str:
    if not SAFE_NAME.fullmatch(value):
        raise ValueError("must be 1 to 32 of a-z, 0-9 and _, starting with a letter (it names files and circuits)")
    if "__" in value or value.endswith("_"):
        raise ValueError("must not hold __ or end with _: these join a design's name to those of its cells")
    return value


def _known(value: str) -> str:
    try:
        return load(value).name
    except InputError as error:
        raise ValueError(str(error).removeprefix("pdk: ")) from None


def _whole_nm(value: float) -> float:
    if abs(value * 1000 - round(value * 1000)) > 1e-6:
        raise ValueError("must be a whole number of nm")
    return value


FIRST = next(iter(PROCESSES))
"""The process of a spec that names none."""
Process = Annotated[str, AfterValidator(_known)]
Name = Annotated[str, AfterValidator(_safe_name)]
Um = Annotated[float, Field(gt=0, le=20, allow_inf_nan=False), AfterValidator(_whole_nm)]
"""On the grid of the process (Spec._fits_the_process)."""
LayerSize = Annotated[int, Field(ge=1, le=512)]
Corner = str
"""One of the process's (Spec._has_its_process)."""
Celsius = Annotated[float, Field(ge=-40, le=125)]
Supply = Annotated[float, Field(ge=0.8)]
"""In V; the most is the process's (Spec._fits_the_process)."""


class Model(BaseModel):
    """Frozen, strict about types, and refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)
