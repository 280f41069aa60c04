"""A round as files that any tester can work through: weights, stimulus, expected ranges, and the table to fill in."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from somaforge.flow.bench.expected import Expected
from somaforge.flow.bench.round import DIGITS, Round
from somaforge.flow.bench.table import UNITS, blank
from somaforge.flow.memory import bitfile, port
from somaforge.generator.spec import Spec
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import atomic_write
from somaforge.pdk.templating import render

NANO = 1e9


def write(folder: Path, spec: Spec, asked: Round, wanted: Expected, number: int) -> Path:
    """Round `number` as folder/round-<number>; InputError if that is there with another content."""
    place = require_free(folder, asked, number)
    marked = place / "stimulus.csv"
    for i, program in enumerate(asked.programs):
        data = bitfile.pack(program, asked.design)
        atomic_write(place / f"weights/{i:05d}.bit", data)
        words = port.to_words(asked.design.memory, bitfile.parse(data, "weights").values)
        atomic_write(place / f"weights/{i:05d}.mem", port.words_file(words))
    _csv(place / "weights.csv", asked, _codes(asked))
    head = ["pattern", "weights", *(f"in_{i}_nA" for i in range(asked.inputs.shape[1]))]
    rows = (
        [str(p), f"{w:05d}", *(f"{v * NANO:.{DIGITS}g}" for v in x)]
        for p, (w, x) in enumerate(zip(asked.weights, asked.inputs, strict=True))
    )
    _csv(place / "expected.csv", asked, _ranges(asked, wanted))
    if not (place / "table.csv").exists():  # somebody may be filling it in
        _csv(place / "table.csv", asked, blank(asked))
    atomic_write(place / "README.txt", render("plan_readme.txt.j2", spec=spec, asked=asked, number=number, units=UNITS))
    _csv(marked, asked, [head, *rows])
    return place


def require_free(folder: Path, asked: Round, number: int) -> Path:
    """The folder of that round; InputError if another chip's or another spec's lies there."""
    place = folder / f"round-{number}"
    marked = place / "stimulus.csv"
    if marked.exists() and asked.digest not in marked.read_text(encoding="utf-8", errors="replace").partition("\n")[0]:
        raise InputError(f"{place}: holds another plan; give another folder (plan --out, characterize --plans)")
    return place


def _codes(asked: Round) -> Iterable[list[str]]:
    yield ["weights", "matrix", "row", "column", "code"]
    for i, program in enumerate(asked.programs):
        for m, codes in enumerate(program):
            yield from ([f"{i:05d}", str(m), str(r), str(c), str(codes[r, c])] for r, c in np.argwhere(codes).tolist())


def _ranges(asked: Round, wanted: Expected) -> Iterable[list[str]]:
    yield ["pattern", "output", "low_nA", "middle_nA", "high_nA"]
    for pattern in range(asked.patterns):
        for output in range(asked.outputs):
            at = pattern, output
            values = (wanted.low[at], wanted.middle[at], wanted.high[at])
            yield [str(pattern), str(output), *(f"{v * NANO:.4g}" for v in values)]


def _csv(path: Path, asked: Round, rows: Iterable[list[str]]) -> None:
    text = io.StringIO()
    text.write(f"# somaforge plan {asked.digest}\n")
    csv.writer(text, lineterminator="\n").writerows(rows)
    atomic_write(path, text.getvalue())
