"""At rest: many patterns on one chip, and the first result in time of a design that nobody simulated before.

    python bench/engine_parts/rest.py [--patterns 10000] [--first 9-6-4 --bits 4]

Prints JSON. The first result starts from an empty folder of tables, so ngspice measures transistors and cells; what
numba compiled when the package was first used stays (`compiled__s`: what a small network took before).
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from engine_parts.chips import chip_of, patterns, wired
from engine_parts.reference import PERIOD_S
from somaforge.flow.engines.array.engine import ArrayEngine


def usage() -> float:
    """Processor seconds of this process and of the simulators that it started."""
    return sum(resource.getrusage(who).ru_utime for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def timed(work: Any) -> tuple[Any, dict[str, float]]:
    """What `work()` says, and its processor and clock seconds."""
    start = usage(), time.monotonic()
    found = work()
    return found, {"cpu__s": usage() - start[0], "wall__s": time.monotonic() - start[1]}


def many(layers: tuple[int, ...], count: int) -> dict[str, Any]:
    """`count` patterns at rest on one chip that is new to the engine, whose tables are there."""
    engine, chip = ArrayEngine(), chip_of(layers)
    engine.dc(chip_of((4, 4)), patterns(64, 4))  # tables, compiled loops
    engine.places(chip)
    inputs = patterns(count, layers[0])
    found, seconds = timed(lambda: engine.dc(chip, inputs))
    peak = 1024.0 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"layers": list(layers), "patterns": count, "attempts": found.effort.attempts, **seconds, "rss__bytes": peak}


def first(layers: tuple[int, ...], bits: int) -> dict[str, Any]:
    """One pattern in time of a chip whose transistors and cells ngspice has to measure first."""
    small = chip_of((4, 4))
    _, compiled = timed(lambda: ArrayEngine().transient(small, patterns(2, 4), PERIOD_S))
    with tempfile.TemporaryDirectory(prefix="bench-first-") as folder:
        chip = wired(chip_of(layers, bits=bits))
        engine = ArrayEngine(cache=Path(folder))
        _, rest = timed(lambda: engine.dc(chip, patterns(1, layers[0])))
        _, moving = timed(lambda: engine.transient(chip, patterns(1, layers[0]), PERIOD_S))
    both = {key: rest[key] + moving[key] for key in rest}
    return {"layers": list(layers), "bits": bits, "compiled__s": compiled["cpu__s"], "at_rest": rest, **both}


def main() -> None:
    """Both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patterns", type=int, default=10_000)
    parser.add_argument("--first", default="9-6-4")
    parser.add_argument("--bits", type=int, default=4)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    found = {"load": load, "many": many((196, 100, 50, 10), options.patterns)} if options.patterns else {"load": load}
    if options.first:
        found["first"] = first(tuple(int(n) for n in options.first.split("-")), options.bits)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
