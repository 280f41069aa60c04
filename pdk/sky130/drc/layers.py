"""Derived layers of a sky130 layout, made when first asked for."""

from functools import cached_property

import klayout.db as kdb

from somaforge.pdk import drawn
from somaforge.pdk.layout_file import OpenLayout
from somaforge.pdk.sky130.gds import LAYERS, PINS


class Layers(drawn.Drawn):
    """Regions of one layout by layer name; lengths given to its helpers are nm."""

    def __init__(self, opened: OpenLayout, threads: int | None = None) -> None:
        super().__init__(opened, LAYERS, PINS, threads)

    @cached_property
    def difftap(self) -> kdb.Region:
        """Diffusion of devices and of taps."""
        return self.drawn("diff") + self.drawn("tap")

    @cached_property
    def gate(self) -> kdb.Region:
        """Channels: poly over diffusion."""
        return self.drawn("diff") & self.drawn("poly")

    @cached_property
    def field_poly(self) -> kdb.Region:
        """Poly that is not a gate."""
        return self.drawn("poly") - self.gate

    @cached_property
    def source_drain(self) -> kdb.Region:
        """Diffusion beside the gates."""
        return self.drawn("diff") - self.drawn("poly")

    @cached_property
    def n_doped(self) -> kdb.Region:
        """n+ diffusion and tap."""
        return (self.difftap & self.drawn("nsdm")).merged()

    @cached_property
    def p_doped(self) -> kdb.Region:
        """p+ diffusion and tap."""
        return (self.difftap & self.drawn("psdm")).merged()

    @cached_property
    def pgate(self) -> kdb.Region:
        """Channels of p transistors."""
        return (self.gate & self.drawn("nwell")).merged()

    @cached_property
    def pdiff(self) -> kdb.Region:
        """p+ diffusion in nwell: p-channel devices."""
        return self.drawn("diff") & self.drawn("psdm") & self.drawn("nwell")

    @cached_property
    def ndiff(self) -> kdb.Region:
        """n+ diffusion outside nwell: n-channel devices."""
        return (self.drawn("diff") & self.drawn("nsdm")) - self.drawn("nwell")

    @cached_property
    def ntap(self) -> kdb.Region:
        """n+ tap in nwell, with a contact."""
        return (self.drawn("tap") & self.drawn("nsdm") & self.drawn("nwell")).interacting(self.drawn("licon"))

    @cached_property
    def ptap(self) -> kdb.Region:
        """p+ tap in the substrate, with a contact."""
        return ((self.drawn("tap") & self.drawn("psdm")) - self.drawn("nwell")).interacting(self.drawn("licon"))

    @cached_property
    def hdifftap(self) -> kdb.Region:
        """Diffusion and tap of 5 V devices: under hvi."""
        return (self.difftap & self.drawn("hvi")).merged()

    @cached_property
    def hv_well(self) -> kdb.Region:
        """Wells that touch hvi, whole."""
        return self.drawn("nwell").merged().overlapping(self.drawn("hvi"))

    @cached_property
    def resistor_implant(self) -> kdb.Region:
        """rpm and urpm: where poly becomes a precision resistor."""
        return self.drawn("rpm") + self.drawn("urpm")

    @cached_property
    def precision_resistor(self) -> kdb.Region:
        """Poly with a resistor body in it under rpm or urpm, with its ends (prec_resistor)."""
        bodies = self.drawn("poly_res") & self.drawn("poly") & self.resistor_implant
        return self.drawn("poly").merged().interacting(bodies)

    @cached_property
    def slotted_licon(self) -> kdb.Region:
        """Contacts of precision resistors: bars, not squares."""
        if self.resistor_implant.is_empty():  # merging a million contacts takes its time
            return kdb.Region()
        return self.drawn("licon").merged().inside(self.precision_resistor & self.resistor_implant)

    @cached_property
    def square_licon(self) -> kdb.Region:
        """All other contacts."""
        slotted = self.slotted_licon
        return self.drawn("licon") if slotted.is_empty() else self.drawn("licon").merged() - slotted

    @cached_property
    def poly_licon(self) -> kdb.Region:
        """Contacts to poly."""
        return self.drawn("licon") & self.drawn("poly")

    @cached_property
    def active_licon(self) -> kdb.Region:
        """Contacts to diffusion or tap."""
        return self.drawn("licon").interacting(self.difftap)

    @cached_property
    def tap_licon(self) -> kdb.Region:
        """Contacts to taps."""
        return self.drawn("licon").interacting(self.drawn("tap"))

    @cached_property
    def lone_cell(self) -> kdb.Region:
        """The outline of a foundry standard cell by itself; empty for anything else.

        A row taps the wells and the substrate of its cells from outside: a cell alone cannot be judged. It is alone if
        all diffusion lies in one areaid_sc rectangle (a row of two cells has two; ebufn_1 draws its own twice), one
        row or two high, and at most 30 um wide: taps at both its ends still reach every device (LU.2, LU.3). Anything
        else is checked.
        """
        marks = self._opened.cell.begin_shapes_rec(self._opened.layout.layer(*LAYERS["areaid_sc"]))
        first: kdb.Box | None = None
        for mark in marks.each():
            box = mark.shape().bbox().transformed(mark.trans())
            if first is not None and box != first:
                return kdb.Region()
            first = box
        if first is None:
            return kdb.Region()
        cell = self.drawn("areaid_sc").merged()
        box = cell.bbox()
        small = cell.is_box() and box.width() <= self.dbu(30_000) and box.height() <= self.dbu(5440)
        return cell if small and (self.drawn("diff") - cell).is_empty() else kdb.Region()


Rule = drawn.Rule[Layers]
"""A rule on these layers."""
