"""Antenna rules of sky130.

Source: sky130 PDK documentation, "Antenna Rules", table Ig (S8P12-10R, five metals). The same limits, slope and bonus
stand in the foundry's technology LEF (sky130_fd_sc_hd.tlef, ANTENNADIFFSIDEAREARATIO).
"""

from somaforge.pdk.antenna import AntennaRule, Charged
from somaforge.pdk.layout_file import OpenLayout
from somaforge.pdk.sky130.drc.layers import Layers

ANTENNA: tuple[AntennaRule, ...] = (
    AntennaRule("ar.poly.1", "poly", "", 0.18, 50),
    AntennaRule("ar.licon.1", "licon", "poly", 0, 3),
    AntennaRule("ar.li.1", "li", "licon", 0.1, 75, 450),
    AntennaRule("ar.mcon.1", "mcon", "li", 0, 3, 18),
    AntennaRule("ar.met1.1", "met1", "mcon", 0.35, 400, 400, 2200),
    AntennaRule("ar.via.1", "via", "met1", 0, 6, 36),
    AntennaRule("ar.met2.1", "met2", "via", 0.35, 400, 400, 2200),
    AntennaRule("ar.via2.1", "via2", "met2", 0, 6, 36),
    AntennaRule("ar.met3.1", "met3", "via2", 0.8, 400, 400, 2200),
    AntennaRule("ar.via3.1", "via3", "met3", 0, 6, 36),
    AntennaRule("ar.met4.1", "met4", "via3", 0.8, 400, 400, 2200),
    AntennaRule("ar.via4.1", "via4", "met4", 0, 6, 36),
    AntennaRule("ar.met5.1", "met5", "via4", 1.2, 400, 400, 2200),
)
"""In the order in which the layers are made."""


def charged(opened: OpenLayout) -> Charged:
    """Gates, diodes and taps of a layout. ar.1: nets on a p+ tap in the substrate are not checked; any other junction
    is a diode."""
    layers = Layers(opened)
    poly = layers.drawn("poly")
    short = (layers.drawn("tap") - poly) - layers.drawn("nwell")
    return Charged(layers, poly, layers.gate, (layers.difftap - poly) - short, short, "licon")
