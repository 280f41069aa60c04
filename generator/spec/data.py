"""A data set of the user's own: which files, which column is the class, and how values become currents."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, PrivateAttr, Tag, model_validator

from somaforge.generator.spec.fields import LayerSize, Model, Name

FilePath = Annotated[str, Field(min_length=1, max_length=1000)]
Column = Annotated[str, Field(min_length=1, max_length=200)]


class OwnData(Model):
    """Files of the user's own in place of a name (docs/data.md). Paths begin at the folder of --data-dir if they lead
    somewhere from there, else at that of the spec file."""

    train: FilePath
    """Training patterns: a .csv or .tsv with a line of names, an .npz, a .parquet, or a folder with a folder of images
    for each class."""
    test: FilePath | None = None
    """Test patterns, in a file of the same form; without it every fifth training pattern of each class is held out."""
    label: Column | None = None
    """The column, or the array of an .npz, that names the class. Not for folders of images."""
    features: Annotated[tuple[Column, ...], Field(min_length=1, max_length=512, strict=False)] | None = None
    """The columns that are inputs, in this order; without it all but the label. Not for images and .npz."""
    image: Annotated[tuple[LayerSize, LayerSize], Field(strict=False)] | None = None
    """Rows and columns that images are reduced to, a pixel the mean of those it stands for; without it as they are."""
    encoding: Literal["offset", "complement", "two_inputs", "positive"] = "offset"
    """What becomes of a feature, as currents have no sign. offset: the smallest training value is no current;
    complement: the same, and full scale minus it as a second input, so that all patterns have the same total current;
    two_inputs: one for values above 0 and one for those below; positive: 0 is no current, negative values are
    refused."""
    scaling: Literal["feature", "common", "none"] = "feature"
    """What becomes the full-scale current. feature: the largest training value of each feature; common: that of all
    features; none: 1, and values from 0 to 1 (two_inputs: from -1) are demanded. Test values beyond are cut off."""
    constant: bool = False
    """One more input that always carries the full-scale current: its weights are the biases of the first layer."""

    _folder: Path | None = PrivateAttr(default=None)

    @property
    def folder(self) -> Path | None:
        """Where the spec file was, None if it came from none; no part of the spec, as results do not depend on it."""
        return self._folder

    def lies_beside(self, folder: Path | None) -> None:
        """Say once where the spec file was."""
        self._folder = folder

    @property
    def name(self) -> str:
        """What reports call it."""
        return self.train.rstrip("/").rpartition("/")[2] or self.train

    @model_validator(mode="after")
    def _no_contradiction(self) -> "OwnData":
        if self.scaling == "none" and self.encoding == "offset":
            raise ValueError("scaling: none leaves values as they are, encoding: offset moves them; use positive")
        if self.features is not None and len(set(self.features)) < len(self.features):
            raise ValueError("features: a column stands twice")
        if self.features is not None and self.label in self.features:
            raise ValueError(f"features: {self.label} is the label")
        return self


NAMED, FILES = TAGS = ("(name)", "(files)")
"""In pydantic's paths of problems alone."""


def _kind(value: Any) -> str:
    return FILES if isinstance(value, dict | OwnData) else NAMED


Data = Annotated[Annotated[Name, Tag(NAMED)] | Annotated[OwnData, Tag(FILES)], Discriminator(_kind)]
"""A data set that the flow knows by name, or files."""
