"""The checks of a layout, in the order in which they run."""

from somaforge.flow.checks import antenna, density, drc, precheck

LAYOUT_CHECKS = (
    drc.CHECK,
    precheck.CHECK,
    antenna.CHECK,
    density.CHECK,  # a new check: its module above, its line here
)
