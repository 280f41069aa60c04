"""Reading the foundry's text: what is understood, what is refused, and that nothing is executed."""

import operator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from somaforge.pdk.errors import ToolError
from somaforge.pdk.sky130 import foundry


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{89.1*nf/w+443.5}", 89.1 / 0.5 + 443.5),
        ("'2*-w'", -1.0),
        ("{sqrt(w*2)} + 3*agauss(0,1.5e-09,1)", 1.0),
        ("8e-6", 8e-6),
        ("{exp(0)-2*-3}", 7.0),
    ],
)
def test_expressions(text: str, value: float) -> None:
    assert foundry.Names({"w": "{1/2}", "nf": 1.0}).evaluate(text) == pytest.approx(value, rel=1e-15)


Term = tuple[str, float]


def combine(terms: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    signs = {"+": operator.add, "-": operator.sub, "*": operator.mul}
    return st.builds(
        lambda a, sign, b: (f"({a[0]} {sign} {b[0]})", signs[sign](a[1], b[1])), terms, st.sampled_from("+-*"), terms
    )


@given(st.recursive(st.floats(0.1, 10).map(lambda x: (repr(x), x)), combine, max_leaves=8))
def test_arithmetic(term: Term) -> None:
    text, value = term
    assert foundry.Names().evaluate(f"{{{text}}}") == value


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__",
        "open('x')",
        "[1][0]",
        "w if 1 else w",
        "lambda: 1",
        "True",
        "'a'",
        "sqrt(*w)",
        "w; 1",
        "9**9**9",
        "1/0",
        "sqrt(0-1)",
        "sqrt()",
        "",
    ],
)
def test_other_things_are_refused(text: str) -> None:
    with pytest.raises(ToolError, match="the PDK data are not the pinned ones"):
        foundry.Names({"w": 1.0}).evaluate(text)


def test_name_that_needs_itself_is_refused() -> None:
    with pytest.raises(ToolError, match=r"^sky130 models: 'a' is not defined; the PDK data are not the pinned ones$"):
        foundry.Names({"a": "b+1", "b": "a+1"}).value("a")


def test_lines_and_assignments() -> None:
    lines = ["* comment", ".param A = {1+2} + 3*B ; note", "+ c=4", "", ".model X.1 NMOS", "+ level = 54"]
    joined = list(foundry.logical_lines(lines))
    assert joined == [".param a = {1+2} + 3*b  c=4", ".model x.1 nmos  level = 54"]
    assert foundry.assignments(joined[0]) == {"a": "{1+2} + 3*b", "c": "4"}


def test_missing_files_and_parts_are_tool_errors(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"run somaforge pdk install sky130$"):
        foundry.subcircuit(tmp_path, "x")
    (tmp_path / "models_fet.spice").write_text(".subckt a d g s b\n.ends a\n")
    (tmp_path / "sky130.lib.spice").write_text(".lib tt\n.endl tt\n")
    other = tmp_path / ".." / tmp_path.name  # another key: the first read was not cached, the path may be
    with pytest.raises(ToolError, match="no subcircuit b; "):
        foundry.subcircuit(other, "b")
    with pytest.raises(ToolError, match="a has no models; "):
        foundry.subcircuit(other, "a")
    with pytest.raises(ToolError, match="no section tt; "):
        foundry.corner_parameters(other, "tt")


@pytest.mark.needs_pdk
def test_bins_tile_the_plane() -> None:
    """Each size inside the range has exactly one bin: the middle of every rectangle of the bins' edges."""
    from somaforge.pdk.sky130.data import DATA
    from somaforge.pdk.sky130.process import DEVICES

    for device in DEVICES:
        bins = foundry.subcircuit(DATA.folder("models"), device.name).bins
        lengths = sorted({edge for b in bins for edge in (b.l_min, b.l_max)})
        widths = sorted({edge for b in bins for edge in (b.w_min, b.w_max)})
        assert (widths[0], lengths[0]) == (device.min_w_nm, device.min_l_nm)
        for length in lengths[:-1]:
            for width in widths[:-1]:
                assert sum(b.holds(width, length) for b in bins) == 1, (device.name, width, length)
