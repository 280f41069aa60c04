"""Netlists of strangers: sizes that are none, copies of a part, statements of other tools. Nothing is passed over."""

from pathlib import Path

import pytest
from tests.bad.lvs.test_netlists import CASES, HEAD, INVERTER, N, P, sized

from somaforge.flow.checks import lvs
from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130.process import SKY130

ONE = N.strip()
# What xschem's sky130 symbols write behind every transistor.
XSCHEM = """ nf=1 ad='int((nf+1)/2) * W/nf * 0.29' as='int((nf+2)/2) * W/nf * 0.29'
+ pd='2*int((nf+1)/2) * (W/nf + 0.29)' ps='2*int((nf+2)/2) * (W/nf + 0.29)' nrd='0.29 / W' nrs='0.29 / W'
+ sa=0 sb=0 sd=0 mult=1 m=1
"""
# What magic writes for sky130 with "ext2spice scale on": units of 5 nm, for models whose sizes are in um.
MAGIC = ".option scale=5000u\n" + INVERTER.replace("w=0.65 l=0.15", "ad=9408 pd=560 as=0 ps=0 w=130 l=30").replace(
    "w=1.0 l=0.15", "ad=0 pd=0 as=0 ps=0 w=200 l=30"
)
MATCH = {
    "half the width twice": HEAD + sized("'0.65/2'").strip() + " m='1+1'\n" + P + ".ends\n",
    "copies by a nested parameter": ".param k=2\n.param j='k/2'\n" + HEAD + f"{ONE} m=j\n" + P + ".ends\n",
    "the same circuit twice": INVERTER + INVERTER,
    "a mark of byte order": "\ufeff" + INVERTER,
    "blanks of all kinds": INVERTER.replace(" ", "\u00a0 "),
    "a million continuations": HEAD + ONE + "\n" + "+\n" * 200_000 + P + ".ends\n",
    "xschem": "** sch_path: inv.sch\n" + HEAD + "*.ipin a\n*.opin y\n" + ONE + XSCHEM + P.strip() + XSCHEM
              + ".ends\n.GLOBAL GND\n.end\n",
    "magic": MAGIC,
    "a unit of a metre": ".option scale=1\n" + INVERTER.replace("=0.65 ", "=0.65u ").replace("=1.0 ", "=1u ")
                         .replace("=0.15", "=150n"),
    "CDL in microns": "*.SCALE MICRON\n" + HEAD + "MM0 y a gnd gnd nfet_01v8 W=0.65 L=0.15\n"
                      "MM1 y a vdd vdd pfet_01v8 W=1 L=0.15\n.ends\n",
    "CDL in metres": "*.SCALE METER\n*.PININFO a:I y:O\n" + HEAD
                     + "MM0 y a gnd gnd nfet_01v8 W=650n L=150n M=1 $X=1 $Y=2\n"
                     "MM1 y a vdd vdd pfet_01v8 W=1u L=150n $D=3\n.ends\n",
}  # fmt: skip
DIFFER = {
    "thousandths of an inch": HEAD + sized("0.65mil") + P + ".ends\n",
    "another scale": ".option scale=2u\n" + INVERTER,
    "a continuation far below": HEAD + ONE + "\n\n+ m=2\n" + P + ".ends\n",
    "magic, another width": MAGIC.replace("w=130", "w=132"),
    "bulk at the other rail": HEAD + N.replace("gnd gnd", "gnd vdd") + P + ".ends\n",
}
REFUSED = {
    "no copies": (HEAD + f"{ONE} m=0\n" + P + ".ends\n", r"line 2: X0 in inv: m=0: .* whole numbers from 1"),
    "copies of less than one": (HEAD + f"{ONE} m=-1\n" + P + ".ends\n", "line 2: X0 in inv: m=-1"),
    "half a copy": (HEAD + f"{ONE} m=1.5\n" + P + ".ends\n", r"line 2: X0 in inv: m=1\.5"),
    "copies twice": (HEAD + f"{ONE} m=1 m=2\n" + P + ".ends\n", "line 2: m is given twice"),
    "a width twice": (HEAD + f"{ONE} w=0.66\n" + P + ".ends\n", "line 2: w is given twice"),
    "a width of CDL beside another": (HEAD + f"{ONE} $w=0.9\n" + P + ".ends\n", "X0 in inv: w and \\$w both say its"),
    "digits of another alphabet": (HEAD + sized("\u0660.\u0666\u0665") + P + ".ends\n", "is not an expression"),
    "a word too much": (HEAD + ONE.replace(" w=", " q w=") + "\n" + P + ".ends\n", "has 4 nodes, not these and 'q'"),
    "no width": (HEAD + sized("0") + P + ".ends\n", "needs w and l above 0"),
    "a negative width": (HEAD + sized("-0.65") + P + ".ends\n", "needs w and l above 0"),
    "a width that is no number": (HEAD + sized("nan") + P + ".ends\n", "parameter 'nan' is not defined"),
    "an endless width": (HEAD + sized("inf") + P + ".ends\n", "parameter 'inf' is not defined"),
    "a width by nothing": (HEAD + sized("'1/0'") + P + ".ends\n", "'1/0': float division by zero"),
    "a tower of powers": (HEAD + sized("'9**9**9'") + P + ".ends\n", "math range error"),
    "an expression without end": (HEAD + sized("'" + "(" * 3000 + "1" + ")" * 3000 + "'") + P + ".ends\n", "too long"),
    "an exponent of Fortran": (HEAD + sized("6.5D-1") + P + ".ends\n", "is not an expression that LVS reads"),
    "parameters in a circle": (".param x=y\n.param y=x\n" + HEAD + sized("x") + P + ".ends\n", "needs its own value"),
    "two scales": (".option scale=1u\n.option scale=2u\n" + INVERTER, "1e-06 elsewhere"),
    "no scale": (".option scale=0\n" + INVERTER, "scale=0"),
    "two circuits of one name": (INVERTER + INVERTER.replace("0.65", "0.66"), "inv is another circuit on line 1"),
    "no end": (INVERTER.replace(".ends", ""), "has no .ends"),
    "the end of another": (INVERTER.replace(".ends", ".ends foo"), ".ends foo ends inv"),
    "a port twice": (INVERTER.replace("vdd gnd\n", "vdd gnd a\n", 1), "a is listed twice"),
    "a circuit in itself": (INVERTER.replace(".ends", "Xr a y vdd gnd inv\n.ends"), "inv calls itself"),
    "a call without a net": (
        HEAD + "Xi a y vdd foo\n.ends\n" + INVERTER.replace("inv", "foo"), "Xi connects 3 nets, foo has 4 ports"
    ),
    "two bytes a letter": (INVERTER.encode("utf-16"), "line 1: not a text file"),
    "a model of another process": (INVERTER.replace("sky130_fd_pr__nfet_01v8", "nch"), "nch, which nothing defines"),
    "a parameter of nothing": (HEAD + f"{ONE} foo=3\n" + P + ".ends\n", "parameter foo is not known for nfet_01v8"),
    "statements on a condition": (".if (1==0)\n" + INVERTER + ".endif\n", ".if is not understood"),
    "a circuit changed later": (INVERTER + ".alter\n" + INVERTER.replace("0.65", "0.9"), ".alter is not understood"),
    "nets joined by a remark": ("*.CONNECT a y\n" + INVERTER, ".CONNECT is not understood"),
    "a source inside": (INVERTER.replace(".ends", "V1 a y 0\n.ends"), "V1 in inv is nothing that LVS knows"),
    "a wire's capacitance": (INVERTER.replace(".ends", "C1 a y 1f\n.ends"), "no device that LVS knows"),
    "a file in itself": (".include t.spice\n" + INVERTER, "t.spice includes itself"),
    "a folder": (".include /tmp\n" + INVERTER, ".include /tmp: not a regular file"),
    "a file that is no text": (".include /proc/self/mem\n" + INVERTER, r"line 1: cannot be read \(Input/output"),
}  # fmt: skip


def compare(tmp_path: Path, text: str | bytes) -> tuple[str, ...]:
    (tmp_path / "t.spice").write_bytes(text if isinstance(text, bytes) else text.encode())
    return lvs.run(SKY130, CASES / "inv.gds", tmp_path / "t.spice", "inv", None).mismatches


@pytest.mark.parametrize("name", MATCH)
def test_match(tmp_path: Path, name: str) -> None:
    assert compare(tmp_path, MATCH[name]) == ()


@pytest.mark.parametrize("name", DIFFER)
def test_differ(tmp_path: Path, name: str) -> None:
    assert compare(tmp_path, DIFFER[name])


@pytest.mark.parametrize("name", REFUSED)
def test_refused(tmp_path: Path, name: str) -> None:
    text, message = REFUSED[name]
    with pytest.raises(InputError, match=message) as error:
        compare(tmp_path, text)
    assert str(tmp_path / "t.spice") in str(error.value)
    assert "\n" not in str(error.value)
