"""Types of the spec's fields: names, lengths, corners, temperatures, supplies."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

SAFE_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
METRIC_NAME = re.compile(r"[a-z0-9_]+(__[A-Za-z0-9_]+)+")


def _safe_name(value: str) -> str:
    if not SAFE_NAME.fullmatch(value):
        raise ValueError("must be 1 to 32 of a-z, 0-9 and _, starting with a letter (it names files and circuits)")
    if "__" in value or value.endswith("_"):
        raise ValueError("must not hold __ or end with _: these join a design's name to those of its cells")
    return value


def _on_grid(value: float) -> float:
    if abs(value * 200 - round(value * 200)) > 1e-6:
        raise ValueError("must lie on the 0.005 um grid")
    return value


Name = Annotated[str, AfterValidator(_safe_name)]
Um = Annotated[float, Field(gt=0, le=20, allow_inf_nan=False), AfterValidator(_on_grid)]
LayerSize = Annotated[int, Field(ge=1, le=512)]
Corner = Literal["tt", "ss", "ff", "sf", "fs"]
Celsius = Annotated[float, Field(ge=-40, le=125)]
Supply = Annotated[float, Field(ge=0.8)]
"""In V; the most is the process's (Spec._fits_the_process)."""


class Model(BaseModel):
    """Frozen, strict about types, and refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)
