"""Where a chip is measured: a chip at one operating point."""

from dataclasses import dataclass
from typing import Any

from somaforge.generator.spec import Spec
from somaforge.pdk.models import OperatingPoint


@dataclass(frozen=True)
class Point:
    """One chip at one operating point."""

    seed: int
    at: OperatingPoint

    @property
    def id(self) -> str:
        """Its name in files, for example chip_12_tt_-40C_1.8V."""
        return f"chip_{self.seed}_{self.at.id}"

    def to_json(self) -> dict[str, Any]:
        """For records."""
        return {"seed": self.seed, **vars(self.at)}

    def spec(self, spec: Spec) -> Spec:
        """The spec at this point, on the array engine."""
        at = {
            "corners": (self.at.corner,),
            "temperature_C": self.at.temperature_C,
            "supply_V": self.at.supply_V,
        }
        chips = spec.chips.model_copy(update={"seeds": (self.seed,)})
        return spec.model_copy(update={**at, "chips": chips, "engine": "array"})
