"""Keys of time_limits reach the steps that they are of."""

import pytest
from tests.flow.small import small_design

from somaforge.flow.steps.registry import STEPS
from somaforge.generator.spec.signoff import TimeLimits


@pytest.mark.parametrize("name", ["drc", "lvs", "pex"])
def test_steps_end_in_their_time(name: str) -> None:
    spec = small_design().spec.model_copy(update={"time_limits": TimeLimits.model_validate({f"{name}_s": 7.0})})
    assert next(step for step in STEPS if step.name == name).limit_s(spec) == 7.0
