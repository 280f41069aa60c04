"""The spec as a whole, and how it is read."""

import reprlib
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator

from somaforge.generator.spec.chip import Chip, Drivers
from somaforge.generator.spec.data import TAGS, OwnData
from somaforge.generator.spec.fields import FIRST, Celsius, Corner, Model, Name, Process, Supply
from somaforge.generator.spec.network import Characterization, Chips, Evaluation, Input, Network, Training
from somaforge.generator.spec.signoff import Limit, Operating, Study, TimeLimits, Waiver
from somaforge.generator.spec.silicon import Array
from somaforge.generator.yaml_file import read_yaml
from somaforge.pdk import PROCESSES, load
from somaforge.pdk.errors import InputError, nearest
from somaforge.pdk.models import OperatingPoint

NOMINAL = load(FIRST).models.nominal
"""Of a spec that names neither process nor operating point."""


class Spec(Model):
    """Everything that a run depends on."""

    name: Name
    """1 to 32 of a-z, 0-9 and _, a letter first: it names the top cell, files and the run folder."""
    pdk: Process = FIRST
    """The process, by its name."""
    array: Array
    chip: Chip | None = None
    """None: the macro ends at the array's currents and its port."""
    network: Network
    supply_V: Supply = NOMINAL.supply_V
    """Supply of the array, its memory and its periphery; at most that for which the foundry's models are valid (sky130:
    1.95 V)."""
    temperature_C: Celsius = NOMINAL.temperature_C
    """Of the chips, everywhere."""
    engine: Name = "ngspice"
    """What simulates the array when chips are characterized and evaluated: ngspice up to some thousand synapses, the
    array engine beyond (docs/array-engine.md); every run compares it with ngspice. The flow knows them (flow/engines)
    and refuses others when it reads a spec."""
    corners: Annotated[tuple[Corner, ...], Field(min_length=1, max_length=5, strict=False)] = (NOMINAL.corner,)
    """Process corners (sky130: tt ss ff sf fs): chips are simulated at the first; `study` goes through all."""
    input: Input
    chips: Chips
    characterization: Characterization = Characterization()
    training: Training = Training()
    evaluation: Evaluation = Evaluation()
    study: Study | None = None
    """None: the run has its own operating point only."""
    operating: Operating | None = None
    """None: no sweep of input current and supply."""
    limits: Annotated[tuple[Limit, ...], Field(strict=False)] = ()
    """What sign-off demands, beside the standard limits: no DRC violation, no LVS mismatch, no wrong bit."""
    waivers: Annotated[tuple[Waiver, ...], Field(strict=False)] = ()
    time_limits: TimeLimits = TimeLimits()

    @property
    def folder(self) -> Path | None:
        """Where its file was, if it names data files; they may lie beside it. It is no part of the spec."""
        data = self.network.dataset
        return data.folder if isinstance(data, OwnData) else None

    @property
    def drivers(self) -> Drivers | None:
        """What makes its input currents; None: pins."""
        return None if self.chip is None else self.chip.drivers

    @property
    def frame(self) -> str | None:
        """Name of the shuttle's frame that it fills; None: none."""
        return None if self.chip is None or self.chip.frame == "none" else self.chip.frame

    @property
    def hard_macro(self) -> bool:
        """Whether it is also written for place and route."""
        return self.chip is not None and self.chip.hard_macro

    @property
    def at(self) -> OperatingPoint:
        """Its own operating point; `study` and `operating` have others."""
        return OperatingPoint(self.corners[0], self.temperature_C, self.supply_V)

    @model_validator(mode="before")
    @classmethod
    def _as_the_process_has_it(cls, data: Any) -> Any:
        """What a spec leaves open is its process's."""
        name = data.get("pdk", FIRST) if isinstance(data, dict) else None
        if not isinstance(name, str) or name not in PROCESSES:
            return data
        models = PROCESSES[name].models
        open_ = {"corners": [models.nominal.corner], "temperature_C": models.nominal.temperature_C}
        open_["supply_V"] = models.nominal.supply_V
        found = {**open_, **data}
        if isinstance(found.get("chips"), dict):
            found["chips"] = {"law": models.laws[0], **found["chips"]}
        return found

    @model_validator(mode="after")
    def _has_its_process(self) -> Self:
        models = load(self.pdk).models
        corners = [("corners", corner) for corner in self.corners]
        corners += [
            (f"limits.{i}.conditions.corner", limit.conditions.corner)
            for i, limit in enumerate(self.limits)
            if limit.conditions is not None and limit.conditions.corner is not None
        ]
        for where, corner in corners:
            if corner not in models.corners:
                raise ValueError(f"{where}: {self.pdk} has no corner {corner!r}; {nearest(corner, models.corners)}")
        frames = load(self.pdk).frames.names
        if self.frame is not None and self.frame not in frames:
            known = nearest(self.frame, ("none", *frames))
            raise ValueError(f"chip.frame: {self.pdk} has no frame {self.frame!r}; {known}")
        if self.chips.law not in models.laws:
            raise ValueError(
                f"chips.law: {self.pdk} has no statistics called {self.chips.law!r}; "
                f"{nearest(self.chips.law, models.laws)}"
            )
        return self

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.network.layers) != len(self.array.layers):
            raise ValueError(
                f"network.layers has {len(self.network.layers)} layers, array.layers {len(self.array.layers)}: "
                "give both the same number"
            )
        for i, (used, there) in enumerate(zip(self.network.layers, self.array.layers, strict=True)):
            if used > there:
                raise ValueError(f"network.layers[{i}] = {used} does not fit array.layers[{i}] = {there}")
        return self

    @model_validator(mode="after")
    def _drivers_fit(self) -> Self:
        drivers = self.drivers
        if drivers is not None and drivers.bits > 2 * self.array.bits:
            raise ValueError(
                f"chip.drivers.bits: two rows of array.bits = {self.array.bits} have {2 * self.array.bits} bits, "
                f"not {drivers.bits}"
            )
        if drivers is not None and drivers.lanes > 1 and drivers.bank is None:
            raise ValueError("chip.drivers.lanes: a lane is a register of some banks; chip.drivers.bank makes them")
        return self

    @model_validator(mode="after")
    def _hard_macro_is_digital(self) -> Self:
        if self.hard_macro and not self.array.has_port:
            raise ValueError(
                "chip.hard_macro: needs array.port: scan; without a port the weight memory's lines are pins, which "
                "nothing in a digital flow can drive"
            )
        return self

    @model_validator(mode="after")
    def _fits_the_process(self) -> Self:
        process = load(self.pdk)
        supplies = [("supply_V", self.supply_V)]
        supplies += [("study.supplies_V", v) for v in (self.study.supplies_V if self.study else ())]
        supplies += [("operating.supplies_V", v) for v in (self.operating.supplies_V if self.operating else ())]
        conditions = [limit.conditions for limit in self.limits if limit.conditions is not None]
        supplies += [("limits.conditions.supply_V", c.supply_V) for c in conditions if c.supply_V is not None]
        for where, supply in supplies:
            if supply > process.max_supply_V:
                raise ValueError(
                    f"{where}: {supply:g} V is more than the {process.max_supply_V:g} V up to which the models of "
                    f"{process.name} are valid"
                )
        mirror = self.array.mirror
        for polarity, flavour in (("n", mirror.nfet), ("p", mirror.pfet)):
            try:
                device = process.device(polarity, flavour)  # type: ignore[arg-type]
            except KeyError as error:
                raise ValueError(f"array.mirror.{polarity}fet: {error.args[0]}") from None
            for what, size in (("mirror", mirror), ("switch", self.array.switch)):
                w, l = round(size.w_um * 1000), round(size.l_um * 1000)  # noqa: E741
                for key, nm in (("w_um", w), ("l_um", l)):
                    if nm % (2 * process.grid_nm):
                        raise ValueError(
                            f"array.{what}.{key}: must be a multiple of {process.grid_nm / 500:g} um: contacts lie on "
                            "its middle, and that on the grid"
                        )
                if w < device.min_w_nm or l < device.min_l_nm:
                    raise ValueError(
                        f"array.{what}: {size.w_um} x {size.l_um} um is below the smallest {device.name} "
                        f"({device.min_w_nm / 1000} x {device.min_l_nm / 1000} um)"
                    )
        return self


def parse_spec(data: Any, where: str, folder: Path | None = None) -> Spec:
    """A validated Spec from parsed YAML; InputError with one line (the first problem, its path, how many more).

    `folder` is where the spec came from: data files of the user's own are looked for there.
    """
    if not isinstance(data, dict):
        raise InputError(f"{where}: a spec is a mapping of keys to values; see `somaforge init iris`")
    try:
        spec = Spec.model_validate(data)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        first = problems[0]
        path = ".".join(str(p) for p in first["loc"] if p not in TAGS) or "spec"
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        message = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be", 1)
        if isinstance(first["input"], str | int | float) and first["type"] != "value_error":
            message += f", not {reprlib.repr(first['input'])}"
        if first["type"] == "extra_forbidden":
            message = "unknown key; see docs/spec.md for the keys"
        raise InputError(f"{where}: {path}: {message}{more}") from None
    if isinstance(spec.network.dataset, OwnData):
        spec.network.dataset.lies_beside(folder)
    return spec


def load_spec(path: Path) -> Spec:
    """Read and validate a spec file; InputError if it cannot be read, parsed or validated."""
    return parse_spec(read_yaml(path), str(path), path.absolute().parent)
