"""The fake process's native rules: made from the very records that the drawing reads (rules.RULES)."""

from collections.abc import Callable, Iterator

import klayout.db as kdb
from tests.fake_process.layers import NUMBERS, PINS, ROLES
from tests.fake_process.rules import GRID_NM, RULES

from somaforge.pdk import measure as m
from somaforge.pdk.drawn import Drawn, Found, Rule, Table
from somaforge.pdk.geometry import Conductor, Cut, Length
from somaforge.pdk.layout_file import OpenLayout


class Layers(Drawn):
    """Drawn and derived layers of one layout."""

    def __init__(self, opened: OpenLayout) -> None:
        """Of an open layout."""
        super().__init__(opened, NUMBERS, PINS)

    def role(self, name: str) -> kdb.Region:
        """A drawn layer by its role."""
        return self.drawn(ROLES[name])

    @property
    def channel(self) -> kdb.Region:
        """Gates over diffusion."""
        return self.role("active") & self.role("gate")

    @property
    def on_gate(self) -> kdb.Region:
        """Contacts to gates."""
        return self.role("contact") & self.role("gate")

    @property
    def on_active(self) -> kdb.Region:
        """Contacts to diffusion."""
        return self.role("contact") & self.role("active")

    def doped(self, implant: str, inside: bool) -> kdb.Region:
        """Diffusion of one doping in or outside wells."""
        both = self.role("active") & self.role(implant)
        return both & self.role("well") if inside else both - self.role("well")


def _rule(value: Length, what: str, find: Callable[[Layers, int], Found]) -> Rule[Layers]:
    return Rule(value.origin, what, int(value), lambda layers: find(layers, int(value)))


def _conductor(c: Conductor) -> Iterator[Rule[Layers]]:
    yield _rule(c.width, f"{c.role} width", lambda r, nm: m.width(r, r.role(c.role), nm))
    yield _rule(c.space, f"{c.role} spacing", lambda r, nm: m.space(r, r.role(c.role), nm))
    yield _rule(c.area_nm2, f"{c.role} area", lambda r, nm2: m.small_area(r, r.role(c.role), nm2))


def _cut(lower: Conductor, cut: Cut, upper: Conductor) -> Iterator[Rule[Layers]]:
    yield _rule(cut.size, f"{cut.role} is a square", lambda r, nm: m.exact_square(r, r.role(cut.role), nm))
    yield _rule(cut.space, f"{cut.role} spacing", lambda r, nm: m.space(r, r.role(cut.role), nm))
    for metal, (small, large) in ((lower, cut.below), (upper, cut.above)):
        yield _enclosure(small, metal.role, cut.role)
        if large.origin != small.origin:
            yield _two_sides(large, metal.role, cut.role, int(cut.size))


def _enclosure(value: Length, outer: str, inner: str) -> Rule[Layers]:
    return _rule(value, f"{outer} around {inner}", lambda r, nm: m.enclosure(r, r.role(outer), r.role(inner), nm))


def _two_sides(value: Length, outer: str, inner: str, size: int) -> Rule[Layers]:
    def find(r: Layers, nm: int) -> Found:
        return m.two_sides(r, r.role(outer).merged(), r.role(inner), nm, size)

    return _rule(value, f"{outer} around {inner} on two sides", find)


def _front() -> Iterator[Rule[Layers]]:
    r, size = RULES, int(RULES.contact_size)
    yield _rule(r.contact_size, "contact is a square", lambda s, nm: m.exact_square(s, s.role("contact"), nm))
    yield _rule(r.contact_space, "contact spacing", lambda s, nm: m.space(s, s.role("contact"), nm))
    yield _enclosure(r.local_beside_contact, "local", "contact")
    yield _two_sides(r.local_over_contact, "local", "contact", size)
    for outer, small, large, kind in (
        ("active", r.active_over_contact, r.active_over_contact_end, "on_active"),
        ("gate", r.gate_over_contact, r.gate_over_contact_end, "on_gate"),
    ):
        yield _rule(
            small,
            f"{outer} around contacts",
            lambda s, nm, outer=outer, kind=kind: m.enclosure(s, s.role(outer), getattr(s, kind), nm),  # type: ignore[misc]
        )
        yield _rule(
            large,
            f"{outer} around contacts on two sides",
            lambda s, nm, outer=outer, kind=kind: m.two_sides(s, s.role(outer).merged(), getattr(s, kind), nm, size),  # type: ignore[misc]
        )
    yield _rule(r.contact_to_gate, "contact to gate", lambda s, nm: m.separation(s, s.on_active, s.channel, nm))
    yield _rule(
        r.gate_contact_to_active, "gate contact to diffusion", lambda s, nm: m.apart(s, s.on_gate, s.role("active"), nm)
    )
    yield _rule(r.gate_width, "gate width", lambda s, nm: m.width(s, s.role("gate"), nm))
    yield _rule(r.gate_space, "gate spacing", lambda s, nm: m.space(s, s.role("gate"), nm))
    yield _rule(
        r.gate_to_active, "gate wire to diffusion", lambda s, nm: m.separation(s, s.role("gate"), s.role("active"), nm)
    )
    yield _rule(r.active_beyond_gate, "diffusion beyond gate", lambda s, nm: _beyond(s, "active", "gate", nm))
    yield _rule(r.gate_beyond_active, "gate beyond diffusion", lambda s, nm: _beyond(s, "gate", "active", nm))
    yield _rule(r.active_space, "diffusion spacing", lambda s, nm: m.space(s, s.role("active"), nm))
    yield _rule(r.well_space, "well spacing", lambda s, nm: m.space(s, s.role("well"), nm))
    yield _rule(
        r.well_over_active,
        "well around p diffusion",
        lambda s, nm: m.enclosure(s, s.role("well"), s.doped("p_implant", True), nm),
    )
    yield _rule(
        r.well_over_tap,
        "well around n diffusion",
        lambda s, nm: m.enclosure(s, s.role("well"), s.doped("n_implant", True), nm),
    )
    yield _rule(
        r.active_to_well,
        "n diffusion to well",
        lambda s, nm: m.separation(s, s.doped("n_implant", False), s.role("well"), nm),
    )
    yield _rule(
        r.implant_over_active,
        "implant around diffusion",
        lambda s, nm: m.enclosure(s, (s.role("n_implant") + s.role("p_implant")).merged(), s.role("active"), nm),
    )
    for implant, other in (("n_implant", "p_implant"), ("p_implant", "n_implant")):
        yield _rule(
            r.implant_to_other,
            f"{implant} to diffusion of the other kind",
            lambda s, nm, a=implant, b=other: m.apart(s, s.role(a), s.role("active") & s.role(b), nm),  # type: ignore[misc]
        )


def _beyond(layers: Layers, outer: str, inner: str, nm: int) -> Found:
    """What crosses a channel ends at least so far behind it."""
    return layers.role(outer).enclosing_check(layers.role(inner), layers.dbu(nm), False, m.PROJECTION).polygons()


def _grid(name: str) -> Rule[Layers]:
    return Rule(f"GRID.{name}", f"{name} on the grid", GRID_NM, lambda r: m.off_grid(r, r.drawn(name), GRID_NM), True)


def _all() -> Iterator[Rule[Layers]]:
    yield from _front()
    for conductor in RULES.conductors:
        yield from _conductor(conductor)
    for lower, cut, upper in zip(RULES.conductors, RULES.cuts, RULES.conductors[1:], strict=False):
        yield from _cut(lower, cut, upper)
    yield from map(_grid, NUMBERS)


NATIVE = Table(Layers, NUMBERS, tuple(_all()))
