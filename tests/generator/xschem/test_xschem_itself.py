"""xschem's own netlister reads the same circuits from the files. Debian's has no symbols of the foundry: boxes with the
terminals that the process states stand for them."""

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from tests.generator.specs import free_design
from tests.generator.xschem import netlister
from tests.generator.xschem.netlister import Netlist, WrongError

from somaforge.generator.circuit import Call, Library
from somaforge.generator.xschem.write import write_schematics
from somaforge.pdk.sky130.process import DEVICES
from somaforge.pdk.sky130.symbols import symbol

START = """\
set XSCHEM_LIBRARY_PATH "${{XSCHEM_SHAREDIR}}/xschem_library:{folder}"
set netlist_dir {folder}
"""
BOX = """\
v {{xschem version=2.9.8 file_version=1.2}}
G {{type=mos
format="@name @pinlist @model W=@W L=@L m=@mult"
template="name=m1 W=1 L=1 mult=1 model=none"}}
V {{}}
S {{}}
E {{}}
"""


def netlists(folder: Path, top: str) -> dict[str, Netlist]:
    """What xschem writes for a sheet and all below it."""
    rc = folder / "xschemrc"
    rc.write_text(START.format(folder=folder))
    command = ["xschem", "--rcfile", str(rc), "-r", "-x", "-q", "-n", "-s", str(folder / f"{top}.sch")]
    subprocess.run(command, check=True, timeout=60, capture_output=True, stdin=subprocess.DEVNULL)
    text = (folder / f"{top}.spice").read_text().replace("\n*+", " ").replace("\n+", " ")
    found: dict[str, Netlist] = {}
    for block in re.finditer(r"^(?:\*\*)?\.subckt (.*?)^(?:\*\*)?\.ends$", text, re.MULTILINE | re.DOTALL):
        head, *lines = block[1].splitlines()
        name, *ports = head.split()
        found[name] = made = Netlist(tuple(ports), Counter(), set())
        for line in lines:
            words = line.split()
            if not words or line.startswith("*"):
                continue
            if "=" not in line:
                made.calls.add(Call(words[0], words[-1], tuple(words[1:-1])))
                continue
            values = dict(word.split("=") for word in words if "=" in word)
            if len(words) != 6 + len(values):
                raise WrongError(f"{line}: a terminal without a net")
            d, g, s, b, model = words[1:6]
            made.devices[model, d, g, s, b, values["W"], values["L"]] += int(values["m"])
    return found


def drawn(library: Library, folder: Path) -> None:
    """The schematics with boxes for the foundry's symbols."""
    write_schematics(library, symbol, folder)
    for device in DEVICES:
        box = symbol(device.name)
        path = folder / box.file
        path.parent.mkdir(exist_ok=True)
        pins = [
            f"B 5 {x - 2} {y - 2} {x + 2} {y + 2} {{name={name} dir=inout}}"
            for name in "dgsb"
            for x, y in (getattr(box.terminals, name),)
        ]
        path.write_text(BOX.format() + "\n".join(pins) + "\n")


@pytest.mark.nightly
@pytest.mark.needs_xschem
@pytest.mark.parametrize("bits", [1, 4])
def test_its_netlist_is_ours(bits: int, tmp_path: Path) -> None:
    library = free_design((5, 3, 2), bits=bits, mirror={"pfet": "hvt"}).library
    drawn(library, tmp_path)
    found = netlists(tmp_path, library.top)
    assert found == {name: netlister.of(circuit) for name, circuit in library.circuits.items()}


@pytest.mark.nightly
@pytest.mark.needs_xschem
def test_it_sees_a_wire_beside_its_place(tmp_path: Path) -> None:
    library = free_design((2, 2)).library
    drawn(library, tmp_path)
    sheet = tmp_path / "drawn__latch.sch"
    wire = re.search(r"^N (\d+) 30 \1 50 \{\}$", sheet.read_text(), re.MULTILINE)
    assert wire is not None
    moved = wire[0].replace(f" {wire[1]} ", f" {int(wire[1]) + 10} ")
    sheet.write_text(sheet.read_text().replace(wire[0], moved))
    with pytest.raises(WrongError, match=r"m_up"):
        netlists(tmp_path, library.top)
