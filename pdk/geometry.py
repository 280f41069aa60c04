"""What a drawing may ask of a process: layers and lengths by what they are for, never by the foundry's name.

Layers are roles. Conductors from the substrate up: `gate`, `local` (wires inside a device group), `inner` (rails and
wires inside a cell), `row` and `column` (wires along rows and columns of an array), `strap` (supplies and what crosses
an array) and `top`. Between two conductors lies a cut: `contact` (active or gate to local), then `<lower>_via`.
Beside them: `well`, `active`, `tap`, `n_implant`, `p_implant`, marker layers of devices, and `nitride`, the cut around
a contact on a gate, which not every process has. `<role>_label` and `<role>_pin` carry names and pins.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal


class Length(int):
    """A rule's value in nm (areas: nm2) that knows which rule of the foundry it is.

    >>> width = Length(140, "m1.1")
    >>> width, 2 * width, width.origin
    (Length(140, 'm1.1'), 280, 'm1.1')
    """

    origin: str

    def __new__(cls, value: int, origin: str) -> "Length":
        """`origin` is the foundry's name of the rule."""
        found = super().__new__(cls, value)
        found.origin = origin
        return found

    def __repr__(self) -> str:
        return f"Length({int(self)}, {self.origin!r})"


Enclosure = tuple[Length, Length]
"""Of a cut: on two opposite sides, on the other two. The larger one may lie in either direction."""


@dataclass(frozen=True)
class Conductor:
    """A routing layer."""

    role: str
    lef_name: str
    """In the foundry's technology LEF."""
    width: Length
    space: Length
    area_nm2: Length
    """Smallest area of a shape."""
    runs: Literal["horizontal", "vertical"]
    """How place and route prefers its wires: DIRECTION in the foundry's technology LEF."""


@dataclass(frozen=True)
class Cut:
    """What joins a conductor with the next one above it."""

    role: str
    size: Length
    space: Length
    below: Enclosure
    """By the lower conductor. (0, 0) where the foundry asks for none."""
    above: Enclosure
    """By the upper conductor."""


@dataclass(frozen=True)
class Rules:
    """Lengths by meaning."""

    local: Conductor
    inner: Conductor
    row: Conductor
    column: Conductor
    strap: Conductor
    top: Conductor
    local_via: Cut
    inner_via: Cut
    row_via: Cut
    column_via: Cut
    strap_via: Cut
    contact_size: Length
    contact_space: Length
    active_over_contact: Length
    """On two opposite sides."""
    active_over_contact_end: Length
    """On the other two."""
    gate_over_contact: Length
    gate_over_contact_end: Length
    local_over_contact: Length
    """On two opposite sides."""
    local_beside_contact: Length
    """On the other two."""
    contact_to_gate: Length
    """On active."""
    gate_contact_to_active: Length
    gate_contact_to_p_implant: Length
    nitride_over_contact: Length
    nitride_space: Length
    gate_width: Length
    gate_space: Length
    gate_to_active: Length
    """A gate's wire beside active that it does not cross."""
    active_beyond_gate: Length
    gate_beyond_active: Length
    active_space: Length
    well_space: Length
    well_over_active: Length
    well_over_tap: Length
    active_to_well: Length
    """n active outside."""
    implant_over_active: Length
    implant_to_other: Length
    """To active or tap of the other kind."""

    @cached_property
    def conductors(self) -> tuple[Conductor, ...]:
        """From the lowest to the highest."""
        return (self.local, self.inner, self.row, self.column, self.strap, self.top)

    @cached_property
    def cuts(self) -> tuple[Cut, ...]:
        """Cut i joins conductors i and i + 1."""
        return (self.local_via, self.inner_via, self.row_via, self.column_via, self.strap_via)

    def conductor(self, role: str) -> Conductor:
        """KeyError if no conductor has that role."""
        return self._by_role[role]

    def level(self, role: str) -> int:
        """Position in `conductors`; KeyError if no conductor has that role."""
        return self.conductors.index(self._by_role[role])

    def over(self, role: str) -> Cut:
        """The cut above a conductor; KeyError for the highest."""
        below = {lower.role: cut for cut, (lower, _) in zip(self.cuts, pairwise(self.conductors), strict=True)}
        return below[role]

    @cached_property
    def _by_role(self) -> Mapping[str, Conductor]:
        return {c.role: c for c in self.conductors}

    def lengths(self) -> Iterator[Length]:
        """Every rule, those of conductors and cuts among them."""
        for value in vars(self).values():
            if isinstance(value, Length):
                yield value
            elif isinstance(value, Conductor):
                yield from (value.width, value.space, value.area_nm2)
            elif isinstance(value, Cut):
                yield from (value.size, value.space, *value.below, *value.above)
