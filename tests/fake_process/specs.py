"""Designs on the fake process. They are known by name only while `registered` is in use."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.fake_process import FAKE

from somaforge.generator.design import Design, build
from somaforge.generator.spec import Spec, parse_spec
from somaforge.pdk import PROCESSES

MIRROR = {"w_um": 0.8, "l_um": 0.8, "multiplier": 4}
SWITCH = {"w_um": 0.56, "l_um": 0.56}


@contextmanager
def registered() -> Iterator[None]:
    """The fake process among those that somaforge knows."""
    PROCESSES[FAKE.name] = FAKE
    try:
        yield
    finally:
        del PROCESSES[FAKE.name]


def spec(layers: tuple[int, ...] = (4, 3, 3), **array: Any) -> Spec:
    """A spec on it; layers that no data set fits are set after the validation."""
    drawn = {"mirror": MIRROR, "switch": SWITCH, **array}
    data = {
        "name": "drawn",
        "pdk": FAKE.name,
        "array": {"layers": [4, 3, 3], **drawn},
        "network": {"layers": [4, 3, 3], "dataset": "iris"},
        "input": {"full_scale_A": 325e-9},
        "chips": {"seeds": [1]},
    }
    made = parse_spec(data, "test")
    return made.model_copy(update={"array": made.array.model_copy(update={"layers": layers})})


def design(layers: tuple[int, ...] = (4, 3, 3), **array: Any) -> Design:
    """The design of such a spec."""
    return build(spec(layers, **array))
