"""Where a chip is measured: a chip at one operating point."""

from dataclasses import dataclass

from somaforge.generator.spec import Spec
from somaforge.generator.spec.fields import Corner


@dataclass(frozen=True)
class Point:
    """One chip at one operating point."""

    seed: int
    corner: Corner
    temperature_C: float
    supply_V: float

    @property
    def id(self) -> str:
        """Its name in files, for example chip_12_tt_-40C_1.8V."""
        return f"chip_{self.seed}_{self.corner}_{self.temperature_C:g}C_{self.supply_V:g}V"

    def spec(self, spec: Spec) -> Spec:
        """The spec at this point, on the array engine."""
        at = {"corners": (self.corner,), "temperature_C": self.temperature_C, "supply_V": self.supply_V}
        chips = spec.chips.model_copy(update={"seeds": (self.seed,)})
        return spec.model_copy(update={**at, "chips": chips, "engine": "array"})
