"""Conductors and devices as regions of an extraction: what is cut out of a wire because it is a device.

Layer combinations: the precheck's Magic technology (sky130A.tech, cifinput and extract), a pinned package.
"""

from collections.abc import Mapping

import klayout.db as kdb

from somaforge.pdk.connectivity import Conducting, Layer, Layers
from somaforge.pdk.sky130.devices import PREFIX
from somaforge.pdk.sky130.gds import CAPACITOR_PLATES, CONDUCTORS, DIODE, DRAWN, RESISTORS, RPM, URPM

PLATE_CONTACTS: Mapping[str, tuple[str, str]] = {"capm": ("via3", "met4"), "cap2m": ("via4", "met5")}
"""Plate -> the via that lands on it, the metal above."""
_PLATE_BELOW: Mapping[str, tuple[str, str]] = {"capm": ("met3", "cap_mim_m3_1"), "cap2m": ("met4", "cap_mim_m3_2")}
_WIRES = ("poly", "li", "met1", "met2", "met3", "met4", "met5")


def conducting(lvs: kdb.LayoutVsSchematic, layers: Layers, layer: Layer) -> Conducting:
    """Every conductor by name, without the parts that are resistors; vias over plates apart from other vias."""
    # Every region that takes part in an extraction must be registered with it.
    r = {name: layer(numbers) for name, numbers in DRAWN.items() if name in (*CONDUCTORS, "nwell")}
    nwell, poly = r["nwell"], r["poly"]
    source_drain = layer(DRAWN["diff"]) - poly
    body = marked("diff", layers, layer)
    if body is not None:
        source_drain = source_drain - body
    # Poly over a tap is a varactor, not a wire: the tap ends there.
    tap = layer(DRAWN["tap"]) - poly
    derived = {
        "psd": source_drain & nwell,
        "nsd": source_drain - nwell,
        "ntap": tap & nwell,
        "ptap": tap - nwell,
    }
    for name in _WIRES:
        body = marked(name, layers, layer)
        if body is not None:
            derived[name] = r[name] - body
    contacts: list[tuple[str, str]] = []
    for plate, (via, metal) in PLATE_CONTACTS.items():
        if CAPACITOR_PLATES[plate] in layers:
            r[plate] = layer(CAPACITOR_PLATES[plate])
            derived[f"{via}_{plate}"] = r[via] & r[plate]
            derived[via] = r[via] - r[plate]
            contacts += [(plate, f"{via}_{plate}"), (f"{via}_{plate}", metal)]
    for name, region in derived.items():
        lvs.register(region, name if name not in r else f"{name}_wire")
    return Conducting(r | derived, tuple(contacts))


def marked(conductor: str, layers: Layers, layer: Layer) -> kdb.Region | None:
    """The marks that make resistors of a conductor; None if the layout has none."""
    there = [layer(numbers) for numbers in RESISTORS[conductor] if numbers in layers]
    if not there:
        return None
    found = there[0]
    for more in there[1:]:
        found = found + more
    return found


def extract_devices(lvs: kdb.LayoutVsSchematic, layers: Layers, layer: Layer, r: Mapping[str, kdb.Region]) -> None:
    """Every device of the closed list; what is none of it was refused before."""
    _transistors(lvs, layer, r)
    _resistors(lvs, layers, layer, r)
    _diodes(lvs, layers, layer, r)
    for plate, (metal, name) in _PLATE_BELOW.items():
        if plate in r:
            lvs.extract_devices(
                kdb.DeviceExtractorCapacitor(PREFIX + name, 0.0),
                {"P1": r[plate], "P2": r[metal], "tA": r[plate], "tB": r[metal]},
            )


def _transistors(lvs: kdb.LayoutVsSchematic, layer: Layer, r: Mapping[str, kdb.Region]) -> None:
    hvi, lvtn, hvtp = (layer(DRAWN[name]) for name in ("hvi", "lvtn", "hvtp"))
    # Gates are drawn poly: a resistor's mark over a gate was refused.
    gate = layer(DRAWN["diff"]) & layer(DRAWN["poly"])
    p_gate, n_gate = gate & r["nwell"], gate - r["nwell"]
    p18, n18 = p_gate - hvi, n_gate - hvi
    gates = {
        "nfet_01v8": (n18 - lvtn, "nsd", "bulk"),
        "nfet_01v8_lvt": (n18 & lvtn, "nsd", "bulk"),
        "pfet_01v8": (p18 - lvtn - hvtp, "psd", "nwell"),
        "pfet_01v8_lvt": (p18 & lvtn, "psd", "nwell"),
        "pfet_01v8_hvt": (p18 & hvtp, "psd", "nwell"),
        "nfet_g5v0d10v5": (n_gate & hvi, "nsd", "bulk"),
        "pfet_g5v0d10v5": (p_gate & hvi, "psd", "nwell"),
    }
    for name, (shapes, side, body) in gates.items():
        lvs.extract_devices(
            kdb.DeviceExtractorMOS4Transistor(PREFIX + name),
            {"SD": r[side], "G": shapes, "tS": r[side], "tD": r[side], "tG": r["poly"], "W": r[body]},
        )


def _resistors(lvs: kdb.LayoutVsSchematic, layers: Layers, layer: Layer, r: Mapping[str, kdb.Region]) -> None:
    def plain(name: str, body: kdb.Region, wire: str) -> None:
        lvs.extract_devices(
            kdb.DeviceExtractorResistor(PREFIX + name, 0.0),
            {"R": body, "C": r[wire], "tA": r[wire], "tB": r[wire]},
        )

    def with_bulk(name: str, body: kdb.Region, wire: str, bulk: str) -> None:
        lvs.extract_devices(
            kdb.DeviceExtractorResistorWithBulk(PREFIX + name, 0.0),
            {"R": body, "C": r[wire], "tA": r[wire], "tB": r[wire], "W": body, "tW": r[bulk]},
        )

    mark = marked("poly", layers, layer)
    if mark is not None:
        body = layer(DRAWN["poly"]) & mark
        for name, numbers in (("res_xhigh_po", URPM), ("res_high_po", RPM)):
            if numbers in layers:
                with_bulk(name, body & layer(numbers) - r["nwell"], "poly", "bulk")
                with_bulk(name, body & layer(numbers) & r["nwell"], "poly", "nwell")
                body = body - layer(numbers)
        plain("res_generic_po", body, "poly")
    mark = marked("diff", layers, layer)
    if mark is not None:
        body = layer(DRAWN["diff"]) & mark
        hvi = layer(DRAWN["hvi"])
        for kind, shapes, wire, bulk in (
            ("nd", body - r["nwell"], "nsd", "bulk"),
            ("pd", body & r["nwell"], "psd", "nwell"),
        ):
            with_bulk(f"res_generic_{kind}", shapes - hvi, wire, bulk)
            with_bulk(f"res_generic_{kind}__hv", shapes & hvi, wire, bulk)
    for k, wire in enumerate(_WIRES[1:]):
        mark = marked(wire, layers, layer)
        if mark is not None:
            plain("res_generic_l1" if k == 0 else f"res_generic_m{k}", layer(DRAWN[wire]) & mark, wire)


def _diodes(lvs: kdb.LayoutVsSchematic, layers: Layers, layer: Layer, r: Mapping[str, kdb.Region]) -> None:
    if DIODE not in layers:
        return
    hvi, lvtn, hvtp = (layer(DRAWN[name]) for name in ("hvi", "lvtn", "hvtp"))
    n, p = r["nsd"] & layer(DIODE), r["psd"] & layer(DIODE)
    for name, body, (anode, cathode) in (
        ("diode_pw2nd_05v5", n - hvi - lvtn, ("bulk", "nsd")),
        ("diode_pw2nd_05v5_lvt", n - hvi & lvtn, ("bulk", "nsd")),
        ("diode_pw2nd_11v0", n & hvi, ("bulk", "nsd")),
        ("diode_pd2nw_05v5", p - hvi - lvtn - hvtp, ("psd", "nwell")),
        ("diode_pd2nw_05v5_lvt", p - hvi & lvtn, ("psd", "nwell")),
        ("diode_pd2nw_05v5_hvt", p - hvi & hvtp, ("psd", "nwell")),
        ("diode_pd2nw_11v0", p & hvi, ("psd", "nwell")),
    ):
        lvs.extract_devices(
            kdb.DeviceExtractorDiode(PREFIX + name),
            {"P": body, "N": body, "tA": r[anode], "tC": r[cathode]},
        )
