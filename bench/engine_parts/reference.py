"""One pattern of a whole network in ngspice 46 with KLU: the time that the array engine is measured against.

    python bench/engine_parts/reference.py 196-100-50-10 [--hours 2] [--start nodeset|cold]

One run: the operating point of the first pattern, then the change to the second one. Seconds are processor time of
ngspice's one thread, so that other work on the machine does not count, read at its own progress marks. Writes
bench/results/engine_ngspice/<layers>.json, which bench/engine.py reads, and the waveforms beside it.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from engine_parts.chips import chip_of, patterns, wired
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.engines.deck import ChipDeck, Stimulus
from somaforge.flow.engines.ngspice import BASE_OPTIONS, RISE_S, read_raw
from somaforge.pdk.arrays import Floats
from somaforge.pdk.files import atomic_path, atomic_write

FOLDER = Path(__file__).parents[1] / "results" / "engine_ngspice"
PERIOD_S = 10e-6
"""Of a pattern: a row of 100 synapses settles with about 1 us at 45 nA."""
_MARK = re.compile(rb"Reference value :\s*([0-9.e+-]+)")
_SOLVED = b"Initial Transient Solution"


@dataclass(frozen=True)
class Watched:
    """What a run of ngspice cost."""

    solved_s: float | None
    """Processor seconds until the operating point was there; None: never."""
    marks: list[tuple[float, float]]
    """Time in the circuit, processor seconds."""
    seconds: float
    """Processor seconds in all."""
    rss_bytes: float
    ended: bool


def soma_nets(chip: ProgrammedChip) -> tuple[str, ...]:
    """Every soma's input and rails."""
    names = []
    for layer, size in enumerate(chip.design.layers):
        for i in range(size):
            names += [f"in_{i}" if layer == 0 else f"sum_{layer}_{i}", f"vp_{layer}_{i}", f"vn_{layer}_{i}"]
    return tuple(names)


def at_rest(chip: ProgrammedChip, inputs: Floats) -> dict[str, float]:
    """Voltage of every soma net in one pattern, by the array engine."""
    nets = soma_nets(chip)
    run = ArrayEngine().transient(chip, inputs[None], PERIOD_S, nets)
    return {net: float(run.voltages[net][-1]) for net in nets}


def deck_of(chip: ProgrammedChip, inputs: Floats, period_s: float, start: str) -> str:
    """Two patterns; `start` is nodeset (the somas' nodes at the array engine's solution) or cold."""
    probes = tuple(f"sum_{k}_{i}" for k, n in enumerate(chip.design.layers) if k for i in range(n))
    options = {"nodeset": "itl1=1000", "cold": "noopiter itl1=1000"}[start]
    text = ChipDeck(chip, Stimulus(inputs[:2], period_s, RISE_S, probes=probes), f"{BASE_OPTIONS} {options} acct").text
    if start == "nodeset":
        nodes = [f".nodeset v({net})={v:.9g}" for net, v in at_rest(chip, inputs[0]).items()]
        text = text.replace("\n.save", "\n" + "\n".join(nodes) + "\n.save", 1)
    return text


def watch(deck: Path, raw: Path, hours: float) -> Watched:
    """Runs ngspice; killed after that time of the clock."""
    command = ["stdbuf", "-o0", "ngspice", "-n", "-b", "-r", str(raw), str(deck)]
    child = subprocess.Popen(
        command, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    end = time.monotonic() + 3600 * hours
    rest, used, solved = b"", 0.0, None
    marks: list[tuple[float, float]] = []
    with (deck.parent / "log").open("wb") as log:
        while piece := os.read(child.stdout.fileno(), 1 << 16):
            used = _used(child.pid) or used
            log.write(piece)
            rest = (rest + piece)[-4096:]
            if solved is None and _SOLVED in rest:
                solved = used
                print(f"operating point after {used:.0f} s", flush=True)
            found = _MARK.findall(rest)
            if found:
                at = float(found[-1])
                if not marks or at > marks[-1][0]:
                    marks.append((at, used))
                    if len(marks) % 100 == 1:
                        print(f"{at:.4e} s after {used:.0f} s", flush=True)
            if time.monotonic() > end:
                child.kill()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = usage.ru_utime + usage.ru_stime
    return Watched(solved, marks, seconds, 1024.0 * usage.ru_maxrss, child.returncode == 0)


def _used(pid: int) -> float | None:
    """Processor seconds of a running process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(layers: tuple[int, ...], hours: float, start: str, period_s: float = PERIOD_S) -> dict[str, Any]:
    """Runs and writes; what does not end in time gives lower bounds."""
    chip = wired(chip_of(layers))
    inputs = patterns(2, layers[0])
    name = "-".join(map(str, layers))
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="bench-ngspice-") as folder:
        deck, raw = Path(folder) / "deck.sp", Path(folder) / "out.raw"
        deck.write_text(deck_of(chip, inputs, period_s, start), encoding="ascii")
        print(f"{name}: deck of {deck.stat().st_size / 1e6:.0f} MB", flush=True)
        seen = watch(deck, raw, hours)
        text = (Path(folder) / "log").read_bytes().decode("ascii", "replace")
        values = read_raw(raw)[1] if seen.ended else None
    before = [s for t, s in seen.marks if t <= period_s]
    result: dict[str, Any] = {
        "layers": list(layers),
        "transistors": sum(".x_latch_" not in m.name for m in chip.flat.mos),
        "capacitors": len(chip.flat.capacitors),
        "start": start,
        "period__s": period_s,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": [load, os.getloadavg()[0]],
        "ended": seen.ended,
        "reached__s": seen.marks[-1][0] if seen.marks else 0.0,
        "rss__bytes": seen.rss_bytes,
        "operating_point__s": seen.solved_s,
        "transient_pattern__s": seen.seconds - before[-1] if before else None,
        "all__s": seen.seconds,
        "account": [x.strip() for x in text.splitlines() if re.search(r"iterations|timepoints|time.*=|Equations", x)],
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    atomic_write(FOLDER / f"{name}-{start}.json", json.dumps(result, indent=1) + "\n")
    if values is not None:
        with atomic_path(FOLDER / f"{name}-{start}.npz") as beside:
            np.savez_compressed(beside, values=values)
    return result


def main() -> None:
    """One network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("layers")
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--start", choices=("nodeset", "cold"), default="nodeset")
    options = parser.parse_args()
    found = measure(tuple(int(n) for n in options.layers.split("-")), options.hours, options.start)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
