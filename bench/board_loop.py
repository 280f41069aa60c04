"""Training with the chip in the loop against its calibrated model: the prototype on Iris, behind a simulated board.

    python bench/board_loop.py --chips 5 --epochs 30

Every chip goes through all of `bench run --loop`, in its protocol, and decides the test patterns before and after the
loop. Results are written one by one; a later call goes on where this one was stopped.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from somaforge.flow.bench import loop
from somaforge.flow.bench.board import Board
from somaforge.flow.bench.journal import Journal
from somaforge.flow.bench.simulated import simulated_link
from somaforge.generator.control import Control
from somaforge.generator.design import build
from somaforge.generator.spec import Spec, load_spec
from somaforge.pdk.files import atomic_write

ROOT = Path(__file__).parents[1]
SPEC = "examples/prototype.yaml"
RESULT = ROOT / "bench/results/board_loop.json"


def result(spec: Spec, seed: int, epochs: int) -> dict[str, Any]:
    """One chip, before and after training in the loop."""
    begin, control = time.process_time(), Control.of(build(spec))
    with tempfile.TemporaryDirectory() as folder:
        readings, taken = Path(folder) / "readings.jsonl", {}

        def say(text: str) -> None:
            taken[text] = len(readings.read_text(encoding="utf-8").splitlines()) - 1

        journal = Journal(readings, {"chip": str(seed)})
        try:
            wanted = loop.Wanted(epochs=epochs, journal=journal)
            found = loop.run(spec, Board(simulated_link(spec, control, seed), control), wanted, say=say)
        finally:
            journal.close()
    first = taken["training in the loop"]
    return {
        "chip": seed,
        "model_accuracy": found.model_accuracy,
        "chip_accuracy": found.alone,
        "loop_gain": found.loop_gain,
        "loop_accuracy": found.accuracy,
        "undecided": found.undecided,
        "readings": first,
        "loop_readings": taken["decisions"] - first,
        "cpu_s": round(time.process_time() - begin, 1),
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chips", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=30, help="with the chip in the loop")
    wanted = parser.parse_args()
    head = {"spec": SPEC, "epochs": wanted.epochs}
    kept: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    entries: list[dict[str, Any]] = kept.pop("results", [])
    if kept and kept != head:
        raise SystemExit(f"{RESULT}: was made with {kept}; remove it to begin anew")
    done = {entry["chip"] for entry in entries}
    for seed in range(1, wanted.chips + 1):
        if seed not in done:
            entries.append(result(load_spec(ROOT / SPEC), seed, wanted.epochs))
            print(json.dumps(entries[-1]), flush=True)
            atomic_write(RESULT, json.dumps({**head, "results": entries}, indent=1) + "\n")


if __name__ == "__main__":
    main()
