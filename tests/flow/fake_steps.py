"""Small steps for the machinery's tests; `python fake_steps.py OUT` runs them in a process that can be killed.

FAKE_PAUSE names the place where the process writes `paused` into OUT's parent and waits to be killed: a step's name or
"part" (inside a worker).
"""

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from somaforge.flow.machinery.base import Context, Step, nothing
from somaforge.flow.runner.run import Runner
from somaforge.generator.spec import Spec, load_spec

SPEC = Path(__file__).parents[2] / "examples/iris.yaml"


def _pause(out: Path, place: str) -> None:
    if os.environ.get("FAKE_PAUSE") == place:
        (out.parent / "paused").touch()
        time.sleep(60)


def first(context: Context) -> Mapping[str, float]:
    (context.folder / "a.txt").write_text("first half ")
    _pause(context.folder.parent, "first")
    (context.folder / "a.txt").write_text("first half and second half")
    return {"first__size__count": 26}


def square(folder: Path, number: int) -> None:
    """One part: counts its runs outside the store so that a test can see repetition."""
    out = folder.parents[2]
    with (out.parent / f"ran_{number}").open("a") as stream:
        stream.write("x")
    if number > 2:
        _pause(out, "part")
    (folder / "square.txt").write_text(str(number * number))


def parts(context: Context) -> Mapping[str, float]:
    folders = context.each(square, {f"n{n}": n for n in (1, 2, 3, 4)})
    total = sum(int((f / "square.txt").read_text()) for f in folders.values())
    (context.folder / "total.txt").write_text(str(total))
    return {"parts__total__count": total}


def last(context: Context) -> Mapping[str, float]:
    text = context.input("first", "a.txt").read_text() + context.input("parts", "total.txt").read_text()
    (context.folder / "b.txt").write_text(text)
    _pause(context.folder.parent, "last")
    return {"last__length__count": len(text), "last__wrong__count": 0}


def steps() -> tuple[Step, ...]:
    return (
        Step("first", first, lambda spec: ("a.txt",), config=nothing),
        Step("parts", parts, lambda spec: ("total.txt",), config=nothing),
        Step("last", last, lambda spec: ("b.txt",), ("first", "parts"), config=nothing, checks=("last__wrong__count",)),
    )


def spec() -> Spec:
    return load_spec(SPEC)


if __name__ == "__main__":
    outcomes = Runner(spec(), Path(sys.argv[1]), steps()).run()
    print({k: v for o in outcomes for k, v in o.metrics.items()})
