"""BSIM4 as ngspice's element M with a flat model card (level 14); lengths on its line are in um."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from somaforge.pdk.errors import InputError
from somaforge.pdk.models import Diffusion, Size

SCALE_OPTION = ".option scale=1u"
"""What a deck must contain: instance W, L, PD, PS are in um, AD and AS in um^2."""
METRES = 1e-6
_NO_BODY: Mapping[str, float] = {"rbodymod": 0.0}
_REDUCED: Mapping[str, float] = {"rbodymod": 0.0, "rsh": 0.0}


@dataclass(frozen=True, eq=False)
class Bsim4:
    """One (device, W, L, corner); see pdk.models.Element."""

    size: Size
    sign: int
    parameters: Mapping[str, float]
    """Of the model, in its own units (SI); what a process sets on its instances is in them."""
    squares: float
    """Squares of diffusion between contact and gate, the instance's nrd and nrs."""
    contact_nm: int
    """From the gate to the middle of a contact that two transistors share."""

    @property
    def kind(self) -> str:
        """Of the model card."""
        return "nmos" if self.sign > 0 else "pmos"

    def moved(self, parameter: str, by: float) -> "Bsim4":
        """With one parameter changed."""
        values = {**self.parameters, parameter: self.parameters[parameter] + by}
        return replace(self, parameters=MappingProxyType(values))

    def card(self, name: str, *, exact: bool = True, body: bool = True) -> str:
        """The `.model` text. body=False leaves out the body resistor network (rbodymod=0): three internal nodes less
        for each transistor, and the currents of an array are the same to 1e-6. exact=False leaves out the diffusion
        resistance as well (rsh=0): two nodes less, currents up to some per cent off."""
        if not re.fullmatch(r"[A-Za-z]\w*", name):
            raise InputError(f"model name {name!r}: use letters, digits and _ and begin with a letter")
        left_out = _REDUCED if not exact else _NO_BODY if not body else {}
        values = {**self.parameters, **left_out}
        items = [f"{key}={int(value) if value.is_integer() else value!r}" for key, value in values.items()]
        rows = [" ".join(items[i : i + 8]) for i in range(0, len(items), 8)]
        return "\n+ ".join([f".model {name} {self.kind}", *rows]) + "\n"

    def shared(self) -> Diffusion:
        """Half of a contacted diffusion between two gates: the other half belongs to the neighbour."""
        return Diffusion(self.contact_nm * self.size.w_nm, 2 * self.contact_nm + self.size.w_nm)

    def instance(self, drain: Diffusion | None = None, source: Diffusion | None = None) -> str:
        """Parameters of the size that follow the model's name, with a leading blank."""
        drain, source = drain or self.shared(), source or self.shared()
        return (
            f" w={self.size.w_nm / 1e3:g} l={self.size.l_nm / 1e3:g}"
            f" ad={drain.area_nm2 / 1e6:g} as={source.area_nm2 / 1e6:g}"
            f" pd={drain.perimeter_nm / 1e3:g} ps={source.perimeter_nm / 1e3:g}"
            f" nrd={self.squares:.9g} nrs={self.squares:.9g}"
        )

    def gate_vector(self, name: str) -> str:
        """In ngspice."""
        return f"@m{name}[cgg]"

    def line(
        self,
        name: str,
        nodes: Sequence[str],
        card: str,
        *,
        vth_V: float | None = None,
        parallel: int = 1,
        drain: Diffusion | None = None,
        source: Diffusion | None = None,
    ) -> str:
        """The M line. `delvto` adds to the signed threshold, which is negative for p-channel devices."""
        shift = "" if vth_V is None else f" delvto={self.sign * vth_V:.9g}"
        times = "" if parallel == 1 else f" m={parallel}"
        return f"m{name} {' '.join(nodes)} {card}{self.instance(drain, source)}{shift}{times}"
