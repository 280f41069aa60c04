"""What conducts and what is a device in the fake process: three transistors and nothing else."""

from collections.abc import Mapping

import klayout.db as kdb
from tests.fake_process.layers import LABELS, METALS, NUMBERS, PINS, SUBSTRATE_LABEL, VIAS

from somaforge.pdk.connectivity import Conducting, Connectivity, Layer, Layers, Recognition
from somaforge.pdk.errors import InputError
from somaforge.pdk.layout_file import OpenLayout
from somaforge.pdk.netlist_devices import MOS_TERMINALS, Device, NetlistDevices

_WIRES = ("GC", "CO", *METALS, *VIAS)
_KNOWN = {*NUMBERS.values(), *LABELS.values(), *PINS.values(), SUBSTRATE_LABEL}


def _refuse(opened: OpenLayout, layers: Layers, layer: Layer) -> None:
    """Nothing is known of layers that are not the process's own."""
    for numbers in layers:
        if numbers not in _KNOWN:
            raise InputError(f"cell {opened.cell.name}: layer {numbers[0]}/{numbers[1]} is none of the fake process")


def _conducting(lvs: kdb.LayoutVsSchematic, layers: Layers, layer: Layer) -> Conducting:
    """Diffusion is a tap where its doping is that of the ground below it."""
    r = {name: layer(NUMBERS[name]) for name in (*_WIRES, "NW")}
    open_od = layer(NUMBERS["OD"]) - r["GC"]
    n, p = open_od & layer(NUMBERS["NP"]), open_od & layer(NUMBERS["PP"])
    derived = {"nsd": n - r["NW"], "psd": p & r["NW"], "ntap": n & r["NW"], "ptap": p - r["NW"]}
    for name, region in derived.items():
        lvs.register(region, name)
    return Conducting(r | derived)


def _devices(lvs: kdb.LayoutVsSchematic, layers: Layers, layer: Layer, r: Mapping[str, kdb.Region]) -> None:
    gate, low = layer(NUMBERS["OD"]) & layer(NUMBERS["GC"]), layer(NUMBERS["VTL"])
    n = gate - r["NW"]
    for name, shapes, side, body in (
        ("nch", n - low, "nsd", "bulk"),
        ("nch_lo", n & low, "nsd", "bulk"),
        ("pch", gate & r["NW"], "psd", "NW"),
    ):
        lvs.extract_devices(
            kdb.DeviceExtractorMOS4Transistor(name),
            {"SD": r[side], "G": shapes, "tS": r[side], "tD": r[side], "tG": r["GC"], "W": r[body]},
        )


def _mos(name: str, polarity: str) -> Device:
    return Device(name, kdb.DeviceClassMOS4Transistor, MOS_TERMINALS, ("W", "L"), polarity=polarity)  # type: ignore[arg-type]


CONNECTIVITY = Connectivity(
    name="fake",
    layers={name: numbers for name, numbers in NUMBERS.items() if name != "EDGE"},
    contacts=(
        *((name, "CO") for name in ("nsd", "psd", "ntap", "ptap", "GC")),
        ("CO", "M1"),
        *(pair for k, via in enumerate(VIAS) for pair in ((METALS[k], via), (via, METALS[k + 1]))),
    ),
    wells=("NW",),
    well_taps=(("ntap", "NW"),),
    substrate_taps=("ptap",),
    labels=LABELS,
    pins=PINS,
    substrate_label=SUBSTRATE_LABEL,
    devices=NetlistDevices((_mos("nch", "n"), _mos("nch_lo", "n"), _mos("pch", "p"))),
    recognition=Recognition(_refuse, _conducting, _devices),
    box_layers=frozenset(_KNOWN - {NUMBERS["OD"], NUMBERS["NP"], NUMBERS["PP"], NUMBERS["VTL"]}),
)
