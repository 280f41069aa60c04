"""The flow, in order."""

from somaforge.flow.steps import drc, generate

STEPS = (generate.STEP, drc.STEP)
