"""What a tester learns about one chip: soma slopes, strength of negative weights, gain of the weight codes.

The forward model that characterization fits and training uses, for one pattern of input currents x_0 [A]:

    x_l[j] = relu( sum_i w_(l-1)[i, j] * slopes[l-1][i] * bent(x_(l-1)[i]) )  l = 1 .. last layer
    out[j] = slopes[last][j] * bent(x_last[j])                                 [A]
    bent(x) = I * (x / I)^exponent,  I = the highest of levels_A (1 A if there is none)
    w_m[i, j] = code_gain[c] if c >= 0 else -negative_strength[m] * code_gain[-c],   c = code of the synapse

`x_l` are the currents into the somas of layer l. A slope is the current that one unit weight takes from a soma
per current into that soma (about 0.25 for a soma of four units), so it absorbs everything that is common to the
rails of that soma. Only whole paths from an input to an output can be measured, so the scale between layers is
free: the convention is that all layers have the same geometric mean, and code_gain[full scale] = full scale.
The exponent is a little below 1 (0.92 at 325 nA): mirrors leave weak inversion and the sign switches drop voltage.
"""

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from somaforge.pdk.errors import InputError

Floats = npt.NDArray[np.float64]
FORMAT = 1


@dataclass(frozen=True)
class Calibration:
    """Measured model of one chip; see the module for the equations. Sizes are those of the physical array."""

    slopes: tuple[tuple[float, ...], ...]
    """Per layer of somas (input somas first), per soma: unit-weight current per input current."""
    residuals: tuple[tuple[float, ...], ...]
    """Same shape: relative RMS distance of the measured paths through that soma from the model."""
    negative_strength: tuple[float, ...]
    """Per matrix: magnitude of a negative unit weight, relative to the positive one."""
    code_gain: tuple[float, ...]
    """For codes 0 .. 2^bits-1: current relative to one unit; the last is 2^bits-1 by convention."""
    levels_A: tuple[float, ...] = ()
    """Input currents at which the paths were measured."""
    exponent: float = 1.0
    """Of the current of one synapse over the current into its soma, common to the chip."""

    def __post_init__(self) -> None:
        """InputError if a shape or a number cannot be a calibration."""
        bits = (len(self.code_gain)).bit_length() - 1
        shapes = [len(layer) for layer in self.slopes]
        if len(shapes) < 2 or min(shapes) < 1 or shapes != [len(layer) for layer in self.residuals]:
            raise InputError("calibration: slopes and residuals need the same layers, at least two; characterize again")
        if len(self.negative_strength) != len(shapes) - 1:
            raise InputError("calibration: negative_strength needs one number per matrix; characterize again")
        if bits < 1 or len(self.code_gain) != 2**bits or self.code_gain[0] != 0.0:
            raise InputError("calibration: code_gain needs 2^bits numbers and starts with 0; characterize again")
        positive = [*(s for layer in self.slopes for s in layer), *self.negative_strength, *self.code_gain[1:]]
        positive.append(self.exponent)
        if not all(math.isfinite(v) and v > 0 for v in positive):
            raise InputError(
                "calibration: a slope, strength, gain or exponent is not a positive number; characterize again"
            )

    @classmethod
    def ideal(cls, layers: tuple[int, ...], bits: int, slope: float = 0.25) -> "Calibration":
        """A chip without mismatch: equal slopes, symmetric weights, linear codes."""
        return cls(
            tuple((slope,) * n for n in layers),
            tuple((0.0,) * n for n in layers),
            (1.0,) * (len(layers) - 1),
            tuple(float(c) for c in range(2**bits)),
        )

    def weights(self, matrix: int, codes: npt.NDArray[np.int64]) -> Floats:
        """Weights in units of one positive unit mirror, for signed codes of any shape."""
        magnitude = np.asarray(self.code_gain)[np.abs(codes)]
        return np.where(codes < 0, -self.negative_strength[matrix] * magnitude, magnitude)

    def forward(self, codes: list[npt.NDArray[np.int64]], inputs: Floats) -> Floats:
        """Output currents [A, patterns x outputs] for input currents [A, patterns x inputs]: the model above."""
        reference = max(self.levels_A, default=1.0)
        x = np.asarray(inputs, dtype=float) / reference
        for m, code in enumerate(codes):
            x = np.maximum((x**self.exponent * np.asarray(self.slopes[m])) @ self.weights(m, code), 0.0)
        out: Floats = reference * x**self.exponent * np.asarray(self.slopes[-1])
        return out

    def to_json(self) -> str:
        """One JSON object with a format number; `from_json` reads it back to the same value."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1)

    @classmethod
    def from_json(cls, text: str, where: str = "calibration") -> "Calibration":
        """The calibration in `text`; InputError with one line that starts with `where` if it is not one."""
        try:
            data: dict[str, Any] = json.loads(text)
            if data.pop("format") != FORMAT:
                raise InputError(f"{where}: calibration of another format; characterize again")

            def layers(key: str) -> tuple[tuple[float, ...], ...]:
                return tuple(tuple(map(float, layer)) for layer in data.pop(key))

            def numbers(key: str) -> tuple[float, ...]:
                return tuple(map(float, data.pop(key)))

            slopes, residuals = layers("slopes"), layers("residuals")
            value = cls(
                slopes,
                residuals,
                numbers("negative_strength"),
                numbers("code_gain"),
                numbers("levels_A"),
                float(data.pop("exponent")),
            )
        except (json.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"{where}: not a calibration ({error!r}); characterize again") from None
        if data:
            raise InputError(f"{where}: unknown keys {sorted(data)}; characterize again")
        return value
