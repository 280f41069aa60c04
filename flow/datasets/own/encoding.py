"""How features become currents from 0 (none) to 1 (full scale): what is in the spec under encoding and scaling."""

from dataclasses import dataclass

import numpy as np

from somaforge.flow.datasets.own.table import Table
from somaforge.generator.spec import OwnData
from somaforge.pdk.arrays import Floats

HOW = {
    "offset": "smallest training value 0",
    "complement": "smallest training value 0, and one minus it as a second input",
    "two_inputs": "one input for values above 0 and one for those below",
    "positive": "0 stays 0",
}
SCALES = {"feature": "each feature's largest is 1", "common": "the largest of all features is 1", "none": "not scaled"}


@dataclass(frozen=True, eq=False)
class Encoding:
    """What training patterns say about features, and how any pattern is encoded with it."""

    data: OwnData
    low: Floats
    """[features] becomes 0."""
    span: Floats
    """[features] above `low` becomes 1."""

    @classmethod
    def of(cls, data: OwnData, train: Floats) -> "Encoding":
        """From training patterns [patterns, features] alone; a feature that never changes becomes 0."""
        features = train.shape[1]
        low = train.min(axis=0) if data.encoding in ("offset", "complement") else np.zeros(features)
        top = np.abs(train).max(axis=0) if data.encoding == "two_inputs" else train.max(axis=0)
        if data.scaling == "none":
            low, top = np.zeros(features), np.ones(features)
        elif data.scaling == "common":
            low, top = np.full(features, low.min()), np.full(features, top.max())
        span = top - low
        return cls(data, low, np.where(span > 0, span, 1.0))

    def currents(self, x: Floats) -> Floats:
        """Patterns [patterns, inputs] from 0 to 1."""
        scaled = (x - self.low) / self.span
        positive = np.clip(scaled, 0.0, 1.0)
        parts = [positive]
        if self.data.encoding == "complement":
            parts = [positive, 1.0 - positive]
        elif self.data.encoding == "two_inputs":
            parts = [positive, np.clip(-scaled, 0.0, 1.0)]
        found = np.stack(parts, axis=2).reshape(len(x), -1)  # the inputs of a feature lie side by side
        return np.hstack([found, np.ones((len(x), 1))]) if self.data.constant else found

    def names(self, features: tuple[str, ...]) -> tuple[str, ...]:
        """Of every input."""
        pairs = {"complement": ("", " (one minus)"), "two_inputs": (" above 0", " below 0")}
        ends = pairs.get(self.data.encoding, ("",))
        found = tuple(f"{name}{end}" for name in features for end in ends)
        return (*found, "constant") if self.data.constant else found

    def describe(self) -> str:
        """For the report."""
        constant = ", and a constant input" if self.data.constant else ""
        return f"{HOW[self.data.encoding]}, {SCALES[self.data.scaling]} on the training patterns{constant}"

    def require(self, table: Table) -> None:
        """InputError with the place of the first value that this encoding does not take."""
        least, most = -np.inf, np.inf
        if self.data.encoding == "positive" or self.data.scaling == "none":
            least = -1.0 if self.data.encoding == "two_inputs" else 0.0
        if self.data.scaling == "none":
            most = 1.0
        wrong = (table.values < least) | (table.values > most)
        if wrong.any():
            row, column = (int(k) for k in np.argwhere(wrong)[0])
            bounds = f"{least:g} to {most:g}" if np.isfinite(most) else f"{least:g} or more"
            raise table.refuse(
                row,
                column,
                f"{table.values[row, column]:g} is not {bounds}, as encoding: {self.data.encoding} with scaling: "
                f"{self.data.scaling} demands; choose another of these (docs/data.md)",
            )
