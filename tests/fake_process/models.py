"""Transistors of the fake process: BSIM4 with a handful of parameters, one card for a device at every size."""

import math
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from tests.fake_process.rules import DEVICES

from somaforge.pdk.bsim4 import METRES, SCALE_OPTION, Bsim4
from somaforge.pdk.errors import InputError, nearest
from somaforge.pdk.models import Law, OperatingPoint, Size, Spread

THRESHOLD_V = {"nch": 0.45, "nch_lo": 0.3, "pch": -0.5}
MOBILITY = {1: 0.04, -1: 0.012}
"""In m2/Vs; n, p."""
CORNERS_V = {"typ": 0.0, "slow": 0.04, "fast": -0.04}
"""What a corner adds to |Vth|."""
OXIDE_M = 4e-9
A_VT_V_UM = 5e-3
CONTACT_NM = 220
SIGNS = {device.name: 1 if device.polarity == "n" else -1 for device in DEVICES}
SMALLEST = {device.name: (device.min_w_nm, device.min_l_nm) for device in DEVICES}


@lru_cache
def _bound(size: Size, corner: str, weak_V: float) -> Bsim4:
    if size.device not in SIGNS:
        raise InputError(f"fake: no device {size.device!r}; {nearest(size.device, SIGNS)}")
    if corner not in CORNERS_V:
        raise InputError(f"fake: no corner {corner!r}; {nearest(corner, CORNERS_V)}")
    if size.w_nm < SMALLEST[size.device][0] or size.l_nm < SMALLEST[size.device][1]:
        raise InputError(f"fake: {size.device} has no model at {size.w_nm} x {size.l_nm} nm")
    sign = SIGNS[size.device]
    values = {
        "level": 14.0, "version": 4.8, "tnom": 27.0, "toxe": OXIDE_M, "permod": 1.0, "rbodymod": 0.0, "rsh": 0.0,
        "vth0": THRESHOLD_V[size.device] + sign * CORNERS_V[corner], "voff": -0.1 + weak_V, "nfactor": 1.2,
        "u0": MOBILITY[sign], "vsat": 9e4, "cdsc": 1e-4, "dvt0": 1.0, "eta0": 0.004, "pclm": 0.4,
        "cgso": 2e-10, "cgdo": 2e-10,
        "jss": 1e-8, "jsd": 1e-8, "cjs": 1e-3, "cjd": 1e-3,
    }  # fmt: skip
    return Bsim4(size, sign, MappingProxyType(values), 0.0, CONTACT_NM)


@dataclass(frozen=True)
class FakeModels:
    """See pdk.models.Models."""

    corners: tuple[str, ...] = tuple(CORNERS_V)
    nominal: OperatingPoint = OperatingPoint("typ", 25.0, 1.6)  # noqa: RUF009 (frozen)
    slow: OperatingPoint = OperatingPoint("slow", 125.0, 1.4)  # noqa: RUF009
    fast: OperatingPoint = OperatingPoint("fast", -40.0, 1.8)  # noqa: RUF009
    laws: tuple[Law, ...] = ("area", "none")
    options: str = SCALE_OPTION
    metres: float = METRES
    gate_F_per_m2: float = 3.45e-11 / OXIDE_M

    def bind(self, size: Size, at: OperatingPoint, weak_V: float = 0.0) -> Bsim4:
        return _bound(size, at.corner, weak_V)

    def mismatch(self, size: Size, law: Law) -> Spread:
        if law not in self.laws:
            raise InputError(f"fake has no statistics called {law!r}; {nearest(law, self.laws)}")
        return Spread(A_VT_V_UM / math.sqrt(size.w_nm * size.l_nm * 1e-6) if law == "area" else 0.0)

    def simulated(self, size: Size) -> Size:
        return size
