"""The part of docs/results.md on adaptive presentation."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def adaptive(results: Path) -> Iterable[str]:
    """Fixed time against patterns that end when their decision looks safe."""
    path = results / "adaptive.json"
    if not path.is_file():
        return
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    yield "\n## MNIST: patterns that end when their decision looks safe\n\n"
    yield "    somaforge run examples/mnist.yaml --out runs/mnist --skip drc --until program\n"
    yield f"    python bench/adaptive.py examples/mnist.yaml runs/mnist --chips {data['chips']}\n\n"
    yield f"{data['patterns']} test images on {data['chips']} programmed chips in time, law `{data['law']}`, with\n"
    yield "what the memory leaks. Safe: an output leads the second by a share of its current for a while, and some\n"
    yield "time has passed (`flow/measure/adaptive.py`); a pattern that never looks safe runs for "
    yield f"{1e6 * data['pattern_time_s']:.0f} us.\nRule and fixed time are chosen on half of every chip's images and "
    yield "judged on the other half, both ways. Not in it:\nwhat a readout takes that compares all the time.\n\n"
    yield "| chosen for the winner at rest in | way | winner at rest | accuracy | mean time | energy | saved |\n"
    yield "|---|---|---|---|---|---|---|\n"
    for way in data["ways"]:
        for name in ("fixed", "adaptive"):
            w = way[name]
            saved = f"{100 * way['saved']:.0f} %" if name == "adaptive" else ""
            yield f"| {100 * way['share']:.0f} % | {name} | {100 * w['agreement']:.1f} % | {100 * w['accuracy']:.1f} % "
            yield f"| {1e6 * w['time_s']:.1f} us | {1e9 * w['energy_J']:.2f} nJ | {saved} |\n"
    for way in data["ways"]:
        rules = "; ".join(
            f"{100 * r['lead']:.0f} % for {1e6 * r['held_s']:.1f} us, not before {1e6 * r['after_s']:.0f} us"
            for r in way["rules"]
        )
        yield f"\nRules chosen for {100 * way['share']:.0f} %: {rules}.\n"
