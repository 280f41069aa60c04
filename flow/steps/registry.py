"""The flow, in order."""

from somaforge.flow.steps import (
    cells,
    characterize,
    corners,
    drc,
    drivers,
    evaluate,
    folds,
    generate,
    hard_macro,
    lvs,
    noise,
    operate,
    pex,
    power,
    program,
    signoff,
    tapeout,
    train,
)

BEFORE = (
    generate.STEP,
    drc.STEP,
    lvs.STEP,
    pex.STEP,
    drivers.STEP,
    cells.STEP,
    hard_macro.STEP,
    noise.STEP,
    characterize.STEP,
    train.STEP,
    program.STEP,
    evaluate.STEP,
    folds.STEP,
    operate.STEP,
    corners.STEP,
    power.STEP,
    tapeout.STEP,
    # a new step: its module above, its line here
)

STEPS = (*BEFORE, signoff.step(tuple(step.name for step in BEFORE)))
"""Sign-off reads all of them."""
