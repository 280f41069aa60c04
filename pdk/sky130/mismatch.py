"""Threshold mismatch of one transistor, from the foundry's matching constants.

The law is Pelgrom's: sigma(Vth) = A_VT / sqrt(W L), with A_VT = `sw_mm_vth0_<device>` of models_global.spice, one
device against the mean of many (the foundry notes sqrt(2) for the difference of two).

In the subcircuit of nfet_01v8 alone the foundry's file multiplies the random part by the factor that fits the *corner*
shift to the size (at 0.42/0.54 um: 2.14); the other four devices do not have it, and neither has the older binned
library. `law="deck"` gives the sigma that the files produce, factor included, for whoever wants the pessimist's number.
"""

import math
from functools import lru_cache
from pathlib import Path
from typing import Literal

from somaforge.pdk.sky130 import foundry
from somaforge.pdk.sky130.binding import check_request, names_of, pick_bin
from somaforge.pdk.sky130.install import models_dir

Law = Literal["pelgrom", "deck"]


def sign(device: str) -> int:
    """What turns a shift of |Vth| into the instance's `delvto`: +1 for n-channel, -1 for p-channel.

    somaforge counts a shift positive when it makes |Vth| larger, so the transistor weaker. `delvto` adds to the signed
    threshold, which is negative for p-channel devices. InputError for unknown devices.
    """
    check_request(device)
    return -1 if "__pfet" in device else 1


def sigma_vth_V(device: str, w_nm: int, l_nm: int, law: Law = "pelgrom") -> float:  # noqa: N802 (a unit)
    """Standard deviation of one transistor's threshold in V.

    InputError for unknown devices and for sizes outside the foundry's range.
    """
    check_request(device)
    return _sigma(models_dir(), device, w_nm, l_nm, law)


@lru_cache(maxsize=4096)
def _sigma(models: Path, device: str, w_nm: int, l_nm: int, law: Law) -> float:
    part = foundry.subcircuit(models, device)
    pick_bin(part, w_nm, l_nm)  # refuses sizes that have no model
    if law == "pelgrom":
        constant = names_of(models, part, "tt", w_nm, l_nm).value(f"sw_mm_vth0_{device}")
        return constant / math.sqrt(w_nm * l_nm / 1e6)
    # one sigma up against none, in the foundry's own expression with its mismatch switch on
    up = names_of(models, part, "tt", w_nm, l_nm, {"mc_mm_switch": 1.0}, {"agauss": _one_sigma_up})
    none = names_of(models, part, "tt", w_nm, l_nm)
    return abs(up.evaluate(part.instance["delvto"]) - none.evaluate(part.instance["delvto"]))


def _one_sigma_up(nominal: float, spread: float, sigmas: float) -> float:
    """ngspice's agauss(nominal, spread, sigmas) where the normal deviate is 1."""
    return nominal + spread / sigmas
