"""Threshold mismatch of one transistor, as the foundry's models draw it.

`continuous` is what the subcircuits of the continuous library draw with their mismatch switch on: A_VT / sqrt(W L), and
for nfet_01v8 a factor for the size on top (0.42/0.54 um: 2.14). The factor is no slip of that one file: the older
binned cards, which vary `voff` and `toxe` beside the threshold, come to the same spread of currents in weak inversion.

`pelgrom` is the matching constant alone, A_VT = `sw_mm_vth0_<device>` of models_global.spice, one device against the
mean of many (the foundry notes sqrt(2) for the difference of two). For n-channel devices that is less than any of the
foundry's models draws; it is there for comparison.
"""

import math
from functools import lru_cache
from pathlib import Path
from typing import Literal

from somaforge.pdk.sky130 import foundry
from somaforge.pdk.sky130.binding import check_request, names_of, pick_bin
from somaforge.pdk.sky130.data import DATA

ThresholdLaw = Literal["continuous", "pelgrom"]


def sigma_vth_V(device: str, w_nm: int, l_nm: int, law: ThresholdLaw = "continuous") -> float:  # noqa: N802 (a unit)
    """Standard deviation of one transistor's threshold in V.

    InputError for unknown devices and for sizes outside the foundry's range.
    """
    check_request(device)
    return _sigma(DATA.folder("models"), device, w_nm, l_nm, law)


@lru_cache(maxsize=4096)
def _sigma(models: Path, device: str, w_nm: int, l_nm: int, law: ThresholdLaw) -> float:
    part = foundry.subcircuit(models, device)
    pick_bin(part, w_nm, l_nm)  # refuses sizes that have no model
    if law == "pelgrom":
        constant = names_of(models, part, "tt", w_nm, l_nm).value(f"sw_mm_vth0_{device}")
        return constant / math.sqrt(w_nm * l_nm / 1e6)
    # one sigma up against none, in the foundry's own expression with its mismatch switch on
    up = names_of(models, part, "tt", w_nm, l_nm, {"mc_mm_switch": 1.0}, {"agauss": foundry.one_sigma_up})
    none = names_of(models, part, "tt", w_nm, l_nm)
    return abs(up.evaluate(part.instance["delvto"]) - none.evaluate(part.instance["delvto"]))
