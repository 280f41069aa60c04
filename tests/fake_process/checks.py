"""The checks of the fake process."""

from tests.fake_process.drc import NATIVE, Layers
from tests.fake_process.layers import LABELS, METALS, PINS, SUBSTRATE_LABEL, VIAS
from tests.fake_process.lvs import CONNECTIVITY

from somaforge.pdk.antenna import AntennaRule, Charged
from somaforge.pdk.checks import Antenna, Checks
from somaforge.pdk.density import Density, DensityRule
from somaforge.pdk.layout_file import OpenLayout


def _charged(opened: OpenLayout) -> Charged:
    layers = Layers(opened)
    gate = layers.role("gate")
    diode = layers.doped("n_implant", False) + layers.doped("p_implant", True) - gate
    short = layers.doped("p_implant", False) - gate
    return Charged(layers, gate, layers.channel, diode, short, "CO")


ANTENNA = (
    AntennaRule("ANT.GC", "GC", "", 0.2, 100.0),
    AntennaRule("ANT.CO", "CO", "GC", 0.0, 20.0),
    AntennaRule("ANT.M1", "M1", "CO", 0.5, 400.0, 400.0, 2000.0),
    *(AntennaRule(f"ANT.{METALS[k + 1]}", METALS[k + 1], via, 0.5, 400.0, 400.0, 2000.0) for k, via in enumerate(VIAS)),
)

CHECKS = Checks(
    connectivity=CONNECTIVITY,
    native=NATIVE,
    antenna=Antenna(ANTENNA, _charged),
    density=Density(
        tuple(DensityRule(f"{m}.D", m, (200 + k, 0), 0.9, None) for k, m in enumerate(METALS)), 100, "EDGE"
    ),
    deck=None,
    no_mask={
        **{numbers: (f"{name} label", "text of a net") for name, numbers in LABELS.items()},
        **{numbers: (f"{name} pin", "names a port") for name, numbers in PINS.items()},
        SUBSTRATE_LABEL: ("substrate label", "text of a net"),
        (127, 0): ("EDGE", "outline for placement"),
    },
    without_rules={},
)
