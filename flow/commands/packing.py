"""bitfile pack: weights of other tools into a bitfile, with what rounding costs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from somaforge.flow import datasets
from somaforge.flow.commands.code_hosts import spare
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.training import model_accuracy
from somaforge.flow.memory import bitfile
from somaforge.flow.memory.weights import files
from somaforge.flow.memory.weights.quantize import Packed, forward, placed
from somaforge.flow.memory.weights.quantize import pack as to_codes
from somaforge.flow.runner.known import read_spec
from somaforge.generator.design import build
from somaforge.pdk.files import atomic_write


@dataclass(frozen=True)
class Packing:
    """A bitfile that was written."""

    target: Path
    layers: tuple[Packed, ...]
    floats: float
    """Accuracy of the network as it came, on the test patterns."""
    codes: float
    """Of its codes, on a chip without mismatch whose synapses are ideal."""

    def to_json(self) -> dict[str, Any]:
        """For --json."""
        layers = [
            {"name": p.name, "scale": p.scale, "loss": p.loss, "cut": p.cut, "lost": p.lost, "codes": p.codes.tolist()}
            for p in self.layers
        ]
        return {
            "bitfile": str(self.target),
            "accuracy_floats": self.floats,
            "accuracy_codes": self.codes,
            "layers": layers,
        }

    def __str__(self) -> str:
        """A table for a person."""
        lines = [
            f"{p.name:<24} {'x'.join(map(str, p.codes.shape)):<9} scale {p.scale:.4g}, error {100 * p.loss:.1f} % of "
            f"the weights, {p.lost} of them rounded to 0, {p.cut} cut off"
            for p in self.layers
        ]
        lines.append(f"test patterns            floats {self.floats:.4f}, codes {self.codes:.4f} (no mismatch)")
        return "\n".join([*lines, str(self.target)]) + "\n"


def pack(weights: Path, spec: Path, target: Path, order: tuple[str, ...]) -> Packing:
    """Read, fold, round and write; InputError if the network is none that the spec's array can hold."""
    spare("--output", target, weights, spec)
    read = read_spec(spec)
    layers = files.read(weights, order)
    packed = to_codes(layers, read, weights)
    codes = placed(packed, read.array.layers)
    data = datasets.load(read.network.dataset)
    found = forward(layers, data.test_x[:, : layers[0].weight.shape[0]])
    content = bitfile.pack(codes, build(read))
    atomic_write(target, content)
    return Packing(
        target,
        packed,
        float(np.mean(found.argmax(axis=1) == data.test_y)),
        model_accuracy(Calibration.ideal(read.array.layers, read.array.bits), codes, data.test_x, data.test_y),
    )
