"""What a tester learns about one chip: soma slopes, strength of negative weights, gain of the weight codes.

The forward model that characterization fits and training uses, for one pattern of input currents x_0 [A]:

    x_l[j] = relu( sum_i w_(l-1)[i, j] * slopes[l-1][i] * bent_(l-1)(x_(l-1)[i]) )  l = 1 .. last layer
    out[j] = slopes[last][j] * bent_last(x_last[j])                             [A]
    bent_l(x[i]) = I * (x[i] / I)^exponents[l][i],  I = the highest of levels_A (1 A if there is none)
    w_m[i, j] = code_gain[c] if c >= 0 else -negative_strength[m] * code_gain[-c],   c = code of the synapse

`x_l` are the currents into the somas of layer l. A slope is the current that one unit weight takes from a soma
per current into that soma (about 0.25 for a soma of four units), so it absorbs everything that is common to the
rails of that soma. Only whole paths from an input to an output can be measured, so the scale between layers is
free: the convention is that all layers have the same geometric mean, and code_gain[full scale] = full scale.
With the strength of single synapses measured (flow/learning/strengths.py), a weight is multiplied by its own; latches
that are stuck change the code before, somas that are dead hand nothing on. Each bit has its own strength: the weight
of a code is the code's gain times the mean strength of its bits, each counted as often as it has unit mirrors.
The exponent is a little below 1 (0.92 at 325 nA, 0.96 at 50 nA): mirrors leave weak inversion and sign switches drop
voltage. Where transistors also differ in how they leave it (laws `binned` and `subthreshold`), somas differ in it; then
each has its own (flow/learning/fan_laws.py).
"""

import json
import math
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from somaforge.generator.address import WeightFormat
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError
from somaforge.pdk.json_file import parse_json

FORMAT = 4
Dead = tuple[tuple[int, int], ...]
"""Somas (layer, soma) that hand nothing on."""
Strengths = tuple[tuple[tuple[tuple[float, ...], ...], ...], ...]


class CalibrationError(InputError):
    """Numbers that cannot be those of a chip."""


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
    """Of the current of one synapse over the current into its soma, mean over the chip."""
    exponents: tuple[tuple[float, ...], ...] = ()
    """The same of every soma, in the shape of the slopes; empty: `exponent` for all of them."""
    positive: Strengths = ()
    """Per matrix [bits, rows, columns]: strength of each bit of a positive synapse over what slope and code say; empty:
    unknown."""
    negative: Strengths = ()
    """The same of each negative synapse; empty if `positive` is."""
    stuck: tuple[tuple[int, int, int, int, int], ...] = ()
    """Latches that cannot be written: (matrix, row, column, bit, value); the bit after the magnitude is the sign."""
    dead: Dead = ()
    drivers: tuple[tuple[float, ...], ...] = ()
    """Per input and code of its driver: its current over that of the largest code; empty without drivers."""

    def __post_init__(self) -> None:
        """CalibrationError if a shape or a number cannot be a calibration."""
        bits = (len(self.code_gain)).bit_length() - 1
        shapes = [len(layer) for layer in self.slopes]
        if len(shapes) < 2 or min(shapes) < 1 or shapes != [len(layer) for layer in self.residuals]:
            raise CalibrationError(
                "calibration: slopes and residuals need the same layers, at least two; characterize again"
            )
        if self.exponents and [len(layer) for layer in self.exponents] != shapes:
            raise CalibrationError("calibration: exponents need one number for each slope; characterize again")
        if len(self.negative_strength) != len(shapes) - 1:
            raise CalibrationError("calibration: negative_strength needs one number per matrix; characterize again")
        if bits < 1 or len(self.code_gain) != 2**bits or self.code_gain[0] != 0.0:
            raise CalibrationError("calibration: code_gain needs 2^bits numbers and starts with 0; characterize again")
        positive = [*(s for layer in self.slopes for s in layer), *self.negative_strength, *self.code_gain[1:]]
        positive += [self.exponent, *(e for layer in self.exponents for e in layer)]
        if not all(math.isfinite(v) and v > 0 for v in positive):
            raise CalibrationError(
                "calibration: a slope, strength, gain or exponent is not a positive number; characterize again"
            )

        self._check_synapses(shapes)
        codes = {len(table) for table in self.drivers}
        if self.drivers and (len(self.drivers) != shapes[0] or len(codes) != 1 or min(codes) < 2):
            raise CalibrationError("calibration: drivers need one number per input and code; characterize again")
        if not all(table[0] == 0 and table[-1] == 1 and all(0 <= v < 2 for v in table) for table in self.drivers):
            raise CalibrationError("calibration: a driver's codes do not go from 0 to 1; characterize again")

    def _check_synapses(self, shapes: list[int]) -> None:
        """CalibrationError if strengths, stuck latches or dead somas do not fit the layers."""
        sizes = list(pairwise(shapes))
        bits = len(self.code_gain).bit_length() - 1
        for strengths in (self.positive, self.negative):
            arrays = [np.array(matrix, dtype=float) for matrix in strengths]
            if len(self.positive) != len(self.negative) or (
                arrays and [a.shape for a in arrays] != [(bits, *n) for n in sizes]
            ):
                raise CalibrationError(
                    "calibration: strengths of synapses need one number for each bit; characterize again"
                )
            if not all(np.all(np.isfinite(a) & (a >= 0)) for a in arrays):
                raise CalibrationError(
                    "calibration: a synapse's strength is negative or not a number; characterize again"
                )
        for matrix, row, column, bit, value in self.stuck:
            there = 0 <= matrix < len(sizes) and 0 <= row < sizes[matrix][0] and 0 <= column < sizes[matrix][1]
            if not (there and 0 <= bit <= bits and value in (0, 1)):
                raise CalibrationError(
                    f"calibration: there is no latch {(matrix, row, column, bit)} with the value {value}"
                )
        for layer, soma in self.dead:
            if not (0 <= layer < len(shapes) and 0 <= soma < shapes[layer]):
                raise CalibrationError(f"calibration: there is no soma {(layer, soma)}")

    @classmethod
    def ideal(cls, layers: tuple[int, ...], bits: int, slope: float = 0.25) -> "Calibration":
        """A chip without mismatch: equal slopes, symmetric weights, linear codes."""
        return cls(
            tuple((slope,) * n for n in layers),
            tuple((0.0,) * n for n in layers),
            (1.0,) * (len(layers) - 1),
            tuple(float(c) for c in range(2**bits)),
        )

    @cached_property
    def plain(self) -> bool:
        """Whether all synapses of a matrix are alike."""
        return not (self.positive or self.stuck or self.dead)

    def table(self, matrix: int) -> Floats:
        """Weight that each synapse has when it is programmed with the codes -full scale .. full scale, in units of one
        positive unit mirror: [rows, columns, codes].
        """
        full = len(self.code_gain) - 1
        wanted = np.arange(-full, full + 1)
        gain = np.asarray(self.code_gain)[np.abs(wanted)]
        line = np.where(wanted < 0, -self.negative_strength[matrix] * gain, gain)
        sizes = len(self.slopes[matrix]), len(self.slopes[matrix + 1])
        found: Floats = np.broadcast_to(line, (*sizes, len(line))).copy()
        form = WeightFormat((full + 1).bit_length() - 1)
        if self.positive:
            units = form.encode(np.abs(wanted))[:, :-1] * 2.0 ** np.arange(form.bits)
            share = units / np.maximum(np.abs(wanted), 1)[:, None]  # [codes, bits]
            signs = [np.einsum("brc,kb->rck", np.array(s[matrix]), share) for s in (self.negative, self.positive)]
            found *= np.where(wanted < 0, *signs)
        fixed: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for at, row, column, bit, value in self.stuck:
            if at == matrix:
                fixed.setdefault((row, column), []).append((bit, value))
        for place, bits in fixed.items():
            words = form.encode(wanted)
            for bit, value in bits:
                words[:, bit] = bool(value)
            found[place] = found[place][form.decode(words) + full]
        for layer, soma in self.dead:
            if layer == matrix:
                found[soma] = 0.0
        return found

    def weights(self, matrix: int, codes: npt.NDArray[np.int64]) -> Floats:
        """Weights in units of one positive unit mirror, for signed codes [rows, columns] of the whole matrix; of any
        shape if all synapses are alike.
        """
        if not self.plain:
            full = len(self.code_gain) - 1
            found: Floats = np.take_along_axis(self.table(matrix), codes[..., None] + full, axis=-1)[..., 0]
            return found
        magnitude = np.asarray(self.code_gain)[np.abs(codes)]
        return np.where(codes < 0, -self.negative_strength[matrix] * magnitude, magnitude)

    def forward(self, codes: list[npt.NDArray[np.int64]], inputs: Floats) -> Floats:
        """Output currents [A, patterns x outputs] for input currents [A, patterns x inputs]: the model above."""
        reference = max(self.levels_A, default=1.0)
        x = np.asarray(inputs, dtype=float) / reference
        for m, code in enumerate(codes):
            x = np.maximum((self.bent(x, m) * np.asarray(self.slopes[m])) @ self.weights(m, code), 0.0)
        out: Floats = reference * self.bent(x, len(codes)) * np.asarray(self.slopes[-1])
        out[:, [soma for layer, soma in self.dead if layer == len(self.slopes) - 1]] = 0.0
        return out

    def given(self, soma: int, share: float) -> float:
        """What that input gets, over the largest current, where `share` of it is asked for."""
        if not self.drivers:
            return share
        table = self.drivers[soma]
        return table[round(share * (len(table) - 1))]

    def bent(self, x: Floats, layer: int) -> Floats:
        """What somas of slope 1 of that layer hand on, for currents [..., somas] of 0 or more; both over the highest
        level."""
        found: Floats = x ** self.exponents_of(layer)
        return found

    def exponents_of(self, layer: int) -> Floats:
        """Of every soma of that layer."""
        return np.array(self.exponents[layer]) if self.exponents else np.full(len(self.slopes[layer]), self.exponent)

    def to_json(self) -> str:
        """One JSON object with a format number; `from_json` reads it back to the same value."""
        return json.dumps({"format": FORMAT, **asdict(self)})

    @classmethod
    def from_json(cls, text: str, where: str = "calibration") -> "Calibration":
        """The calibration in `text`; InputError with one line that starts with `where` if it is not one."""
        try:
            data: dict[str, Any] = parse_json(text)
            if data.pop("format") != FORMAT:
                raise InputError(f"{where}: calibration of another format; characterize again")

            def layers(key: str) -> tuple[tuple[float, ...], ...]:
                return tuple(tuple(map(float, layer)) for layer in data.pop(key))

            def strengths(key: str) -> Strengths:
                return tuple(
                    tuple(tuple(tuple(map(float, row)) for row in bit) for bit in matrix) for matrix in data.pop(key)
                )

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
                layers("exponents"),
                strengths("positive"),
                strengths("negative"),
                tuple((int(m), int(r), int(c), int(b), int(v)) for m, r, c, b, v in data.pop("stuck")),
                tuple((int(layer), int(soma)) for layer, soma in data.pop("dead")),
                layers("drivers"),
            )
        except (json.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"{where}: not a calibration ({error!r}); characterize again") from None
        if data:
            raise InputError(f"{where}: unknown keys {sorted(data)}; characterize again")
        return value
