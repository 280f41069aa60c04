"""Netlists as they occur, and netlists that must be refused or must not match: one inverter, many ways to write it."""

from pathlib import Path

import pytest

from somaforge.flow.checks import lvs
from somaforge.flow.checks.spice_reader import read_netlist
from somaforge.flow.checks.spice_values import ExpressionError, evaluate, number
from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130.process import SKY130

CASES = Path(__file__).resolve().parents[2] / "cases"
N = "X0 y a gnd gnd sky130_fd_pr__nfet_01v8 w=0.65 l=0.15\n"
P = "X1 y a vdd vdd sky130_fd_pr__pfet_01v8 w=1.0 l=0.15\n"
HEAD = ".subckt inv a y vdd gnd\n"
INVERTER = HEAD + N + P + ".ends\n"
CORE = ".subckt core a y vdd gnd\n" + N + P + ".ends\n"
CALL = HEAD + "X1 a y vdd gnd core{}\n.ends\n"


def sized(w: str) -> str:
    return N.replace("w=0.65", f"w={w}")


# Name -> netlist, layout of tests/cases.
MATCH = {
    "copies of copies": (CORE + ".subckt two a y vdd gnd\nX1 a y vdd gnd core m=2\n.ends\n"
                         + HEAD + "X1 a y vdd gnd two\n.ends\n", "twice"),
    "copies by expression": (".param k=2\n" + CORE + CALL.format(" m='k'"), "twice"),
    "m and mult agree": (HEAD + N.strip() + " m=2 mult=2\n" + P.strip() + " m=1 mult=2\n.ends\n", "twice"),
    "m in the head, used": (".subckt core a y vdd gnd m=1\n" + N.strip() + " m=m\n" + P.strip() + " m='m'\n.ends\n"
                            + CALL.format(" m=2"), "twice"),
    "m in the head, not used": (CORE.replace("gnd\n", "gnd m=1\n", 1) + CALL.format(" m=2"), "twice"),
    "scale by parameter": (".param s=1u\n.option scale=s\n" + INVERTER, "inv"),
    "local before global": (".param wn=3\n" + HEAD + ".param wn=0.65\n" + sized("'wn'") + P + ".ends\n", "inv"),
    "parameters in any order": (HEAD + sized("{wn}") + P + ".ends\n.param wn='h*2'\n.param h=0.325\n", "inv"),
    "default from another": (".subckt core a y vdd gnd wn=0.65 wp='wn+0.35'\n" + sized("{wn}")
                             + P.replace("w=1.0", "w={wp}") + ".ends\n" + CALL.format(""), "inv"),
    "params: and blanks": (".subckt core a y vdd gnd params: wn = 0.65\n" + sized("{wn}") + P + ".ends\n"
                           + CALL.format(" PARAMS: wn= 0.65"), "inv"),
    "remarks": (HEAD + N.strip() + " ; w=3\n" + P.strip() + " $ w=3\n.ends\n", "inv"),
    "global nets": (".global vdd gnd\n.subckt core a y\n" + N + P + ".ends\n.subckt mid a y\nX a y core\n.ends\n"
                    + HEAD + "X1 a y mid\n.ends\n", "inv"),
    "CDL global nets": ("*.GLOBAL vdd:P gnd:G\n.subckt core a y\n" + N + P + ".ends\n"
                        + HEAD + "X1 a y core\n.ends\n", "inv"),
    "CDL head": ("*.BIPOLAR\n*.RESI = 2000\n*.EQUATION\n*.SCALE METER\n*.MEGA\n.PARAM\n" + HEAD
                 + "MN y a gnd gnd $[nfet_01v8] W=650n L=150n\nMP y a vdd vdd pfet_01v8 W=1u L=150n\n.ENDS\n", "inv"),
    "test bench around": (INVERTER
                          + "V1 a 0 1\nX9 a y vdd gnd inv\n.tran 1n 1u\n.control\nshell x\n.endc\n.end\nrest\n",
                          "inv"),
    "short of two names": (HEAD + N.replace("y", "q", 1) + "rI1 q y short\n" + P + ".ends\n", "inv"),
    "CDL slashes": (CORE.replace("core a y", "core a / y") + HEAD + "X1 a y vdd gnd /core\n.ends\n", "inv"),
    "own name for a device": (".subckt nfet_01v8 d g s b w=1 l=1\nX0 d g s b sky130_fd_pr__nfet_01v8 w=w l=l\n.ends\n"
                              + HEAD + "X0 y a gnd gnd nfet_01v8 w=0.65 l=0.15\n" + P + ".ends\n", "inv"),
}  # fmt: skip
DIFFER = {
    "default from an override": (MATCH["default from another"][0].replace("gnd core", "gnd core wn=0.7"), "inv"),
    "nets that only look global": (".subckt core a y\n" + N + P + ".ends\n" + HEAD + "X1 a y core\n.ends\n", "inv"),
    "metres that are none": ("*.SCALE METER\n" + INVERTER, "inv"),
    "CDL width beside": (HEAD + "MN y a gnd gnd $[nfet_01v8] $W=2u $L=150n\n" + P + ".ends\n", "inv"),
    "one of two copies": (CORE + CALL.format(" m=2"), "inv"),
    "far too many": ("".join(
        f".subckt l{i} a y vdd gnd\nXa a y vdd gnd l{i + 1} m=1000\n.ends\n" for i in range(6)
    ) + CORE.replace("core", "l6") + HEAD + "X a y vdd gnd l0\n.ends\n", "inv"),
}  # fmt: skip
REFUSED = {
    "m against mult": (HEAD + N.strip() + " m=2 mult=3\n" + P + ".ends\n",
                      "line 2: X0 in inv: m=2 and mult=3 contradict"),
    "two scales": (".option scale=1u\n.option scale=2u\n" + INVERTER, "line 2: scale=2e-06 here, 1e-06 elsewhere"),
    "parhier": (".option parhier=global\n" + INVERTER, "line 1: option parhier changes what the netlist means"),
    "no such parameter": (HEAD + sized("wn") + P + ".ends\n", "line 2: parameter 'wn' is not defined"),
    "parameters in a ring": (".param b=c c=b\n" + HEAD + sized("b") + P + ".ends\n", "needs its own value"),
    "call with more": (CORE + CALL.format(" q=3"), "X1: core has no parameter q"),
    "unknown size": (HEAD + N.strip() + " foo=3\n" + P + ".ends\n", "parameter foo is not known for nfet_01v8"),
    "a source": (HEAD + N + P + "V1 a y 0\n.ends\n", "line 4: V1 in inv is nothing that LVS knows"),
    "a resistor": (HEAD + N + P + "R1 a y 0\n.ends\n", "line 4: 'R1 a y 0' is no device that LVS knows"),
    "no .ends": (HEAD + N, "line 1: .subckt inv has no .ends"),
    "another .ends": (HEAD + N + ".ends foo\n", "line 3: .ends foo ends inv"),
    "condition": (".if (1)\n" + INVERTER, "line 1: .if is not understood"),
    "CDL equivalence": ("*.EQUIV foo=nfet_01v8\n" + INVERTER, "line 1: .EQUIV is not understood"),
    "ring of calls": (HEAD + "Xu a y vdd gnd inv\n.ends\n", "line 2: inv calls itself"),
    "two definitions": (CORE + CORE.replace("0.65", "0.7") + CALL.format(""),
                        "line 5: core is another circuit on line 1"),
    "fewer nets": (CORE + HEAD + "X1 a y core\n.ends\n", "X1 connects 2 nets, core has 4 ports"),
    "ports of one name": (INVERTER.replace("a y", "a A"), "ports of inv: a and A are one name in SPICE"),
    "endless include": (".include /dev/zero\n" + INVERTER, "line 1: .include /dev/zero: not a regular file"),
    "includes itself": (".include x.spice\n" + INVERTER, "line 1: x.spice includes itself"),
    "many variants": ("".join(
        f".subckt l{i} a y vdd gnd w=1\nXa a y vdd gnd l{i + 1} w='w*2'\nXb a y vdd gnd l{i + 1} w='w*2+1'\n.ends\n"
        for i in range(40)
    ) + CORE.replace("core", "l40").replace("gnd\n", "gnd w=1\n", 1) + HEAD + "X a y vdd gnd l0\n.ends\n",
        "circuits with parameters of their own"),
    "binary": ("\x00\x01" * 100, "line 1: not a text file"),
}  # fmt: skip


def compare(tmp_path: Path, text: str, layout: str) -> tuple[str, ...]:
    (tmp_path / "x.spice").write_text(text)
    return lvs.run(SKY130, CASES / f"{layout}.gds", tmp_path / "x.spice", "inv", None).mismatches


@pytest.mark.parametrize("name", MATCH)
def test_netlist_that_matches(tmp_path: Path, name: str) -> None:
    assert compare(tmp_path, *MATCH[name]) == ()


@pytest.mark.parametrize("name", DIFFER)
def test_netlist_that_differs(tmp_path: Path, name: str) -> None:
    assert compare(tmp_path, *DIFFER[name])


@pytest.mark.parametrize("name", REFUSED)
def test_netlist_that_is_refused(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("somaforge.flow.checks.spice_reader.CIRCUITS_LIMIT", 1000)
    text, message = REFUSED[name]
    (tmp_path / "x.spice").write_text(text)
    with pytest.raises(InputError) as error:
        read_netlist(tmp_path / "x.spice", "inv", SKY130.checks.connectivity.devices)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("text", "value"), [("650n", 650e-9), ("0.65um", 0.65e-6), ("1.5meg", 1.5e6), ("1foo", None)])
def test_numbers(text: str, value: float | None) -> None:
    assert number(text) == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize(("text", "value"), [("{2*(1+2)}", 6), ("-2**2", -4), ("2^3^2", 512), ("3>2?1u:2", 1e-6)])
def test_expressions(text: str, value: float) -> None:
    assert evaluate(text, lambda name: 0.0) == pytest.approx(value)


@pytest.mark.parametrize(
    "text", ["9**9**9**9", "(" * 100 + "1" + ")" * 100, "1+", "", "1 2", "1/0", "open('x')", "1e999"]
)
def test_expressions_that_are_none(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, lambda name: 0.0)
