"""Specs for tests of the generator: small arrays with any parameters."""

from typing import Any

from hypothesis import strategies as st

from somaforge.generator.design import Design, build
from somaforge.generator.spec import parse_spec

IRIS = {"layers": [4, 7, 3], "dataset": "iris"}


def spec_data(layers: list[int], **array: Any) -> dict[str, Any]:
    """A spec as parsed YAML; the network is Iris on the first neurons of a three-layer array."""
    return {
        "name": "drawn",
        "array": {"layers": layers, **array},
        "network": {"layers": [4, layers[1], 3], "dataset": "iris"},
        "input": {"full_scale_A": 325e-9},
        "chips": {"seeds": [1]},
    }


def design(layers: list[int], **array: Any) -> Design:
    """The design of such a spec."""
    return build(parse_spec(spec_data(layers, **array), "test"))


def free_design(layers: tuple[int, ...], **array: Any) -> Design:
    """The design of an array that needs no network: its layers are set after the validation."""
    spec = parse_spec(spec_data([4, 3, 3], **array), "test")
    return build(spec.model_copy(update={"array": spec.array.model_copy(update={"layers": layers})}))


def _um(low: int, high: int) -> st.SearchStrategy[float]:
    return st.integers(low, high).map(lambda n: round(n * 0.01, 2))


@st.composite
def drawable(draw: st.DrawFn) -> dict[str, Any]:
    """Array parameters that the generator promises to draw: sizes, bits, unit, switch, multiplier, flavours. A tall
    layer among small ones makes stacks of all kinds."""
    bits = draw(st.integers(1, 6))
    size = st.integers(1, 8 if bits < 4 else 4)
    pfet = draw(st.sampled_from(["standard", "lvt", "hvt"]))
    layers = draw(st.lists(size, min_size=2, max_size=8))
    layers[draw(st.integers(0, len(layers) - 1))] = draw(st.integers(1, 20 if bits < 4 else 12))
    return {
        "layers": tuple(layers),
        "bits": bits,
        "mirror": {
            "w_um": draw(_um(42, 200)),
            "l_um": draw(_um(35, 120 if bits < 5 else 60)),
            "multiplier": draw(st.sampled_from([2, 4, 6, 16])),
            "input_multiplier": draw(st.sampled_from([None, 2, 8])),
            "nfet": draw(st.sampled_from(["standard", "lvt"])),
            "pfet": pfet,
        },
        "switch": {"w_um": draw(_um(42, 120)), "l_um": draw(_um(35 if pfet == "lvt" else 15, 150))},
    }
