"""The specification that a user writes: YAML, validated once, frozen. Units are in the names of the fields."""

from somaforge.generator.spec.chip import (
    Chip,
    Drivers,
    Project,
)
from somaforge.generator.spec.data import OwnData
from somaforge.generator.spec.network import (
    Characterization,
    Chips,
    Evaluation,
    Input,
    Network,
    Training,
)
from somaforge.generator.spec.signoff import (
    Conditions,
    Limit,
    Operating,
    Study,
    Waiver,
)
from somaforge.generator.spec.silicon import (
    Array,
    Device,
    Mirror,
)
from somaforge.generator.spec.tester import Meter
from somaforge.generator.spec.whole import (
    Spec,
    load_spec,
    parse_spec,
)

__all__ = [
    "Array",
    "Characterization",
    "Chip",
    "Chips",
    "Conditions",
    "Device",
    "Drivers",
    "Evaluation",
    "Input",
    "Limit",
    "Meter",
    "Mirror",
    "Network",
    "Operating",
    "OwnData",
    "Project",
    "Spec",
    "Study",
    "Training",
    "Waiver",
    "load_spec",
    "parse_spec",
]
