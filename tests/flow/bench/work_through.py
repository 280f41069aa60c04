"""A tester in miniature: works through the CSV files of a round, and knows nothing else of somaforge.

    python work_through.py plan/round-1 chip.json

The chip is a calibration's numbers; what it does with input currents is written out here once more.
"""

import csv
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

Weights = dict[tuple[int, int, int], int]
"""(matrix, row, column) -> code; 0 where nothing stands."""


def lines(path: Path) -> tuple[str, list[dict[str, str]]]:
    """The first line, and the rows below the head."""
    with path.open(encoding="utf-8", newline="") as stream:
        return stream.readline(), list(csv.DictReader(stream))


def outputs(chip: dict[str, Any], weights: Weights, inputs_A: list[float]) -> list[float]:
    """Output currents in A."""
    top = max(chip["levels_A"], default=1.0)
    somas = [current / top for current in inputs_A]
    for matrix, (slopes, following) in enumerate(zip(chip["slopes"], chip["slopes"][1:], strict=False)):
        units = [s * x ** chip["exponent"] for s, x in zip(slopes, somas, strict=True)]
        columns = [0.0] * len(following)
        for (at, row, column), code in weights.items():
            if at == matrix:
                strength = chip["code_gain"][abs(code)] * (1.0 if code > 0 else -chip["negative_strength"][matrix])
                columns[column] += strength * units[row]
        somas = [max(current, 0.0) for current in columns]
    return [top * s * x ** chip["exponent"] for s, x in zip(chip["slopes"][-1], somas, strict=True)]


def main(place: Path, chip: Path) -> None:
    """Fills in table.csv, in pA."""
    known = json.loads(chip.read_text(encoding="utf-8"))
    _, codes = lines(place / "weights.csv")
    programs: dict[str, Weights] = defaultdict(dict)
    for row in codes:
        programs[row["weights"]][int(row["matrix"]), int(row["row"]), int(row["column"])] = int(row["code"])
    plan, patterns = lines(place / "stimulus.csv")
    table = [plan, "pattern,output,current_pA\n"]
    for pattern in patterns:
        inputs = [1e-9 * float(pattern[f"in_{i}_nA"]) for i in range(len(known["slopes"][0]))]
        for output, current in enumerate(outputs(known, programs[pattern["weights"]], inputs)):
            table.append(f"{pattern['pattern']},{output},{1e12 * current:.9g}\n")
    (place / "table.csv").write_text("".join(table), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
