"""What is drawn: the array and its devices."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from somaforge.generator.spec.fields import LayerSize, Model, Um
from somaforge.pdk.base import Flavour


class Mirror(Model):
    """How the scaling mirrors of somas and synapses are made."""

    style: Literal["unit", "scaled"] = "unit"
    """unit: parallel identical devices; scaled: one device of scaled width (the paper's), for circuits from Python
    alone: it has no layout, as in sky130 widths of 1:2:4 do not give such currents, and the flow refuses it."""
    w_um: Um = 0.84
    """Channel width of the unit device."""
    l_um: Um = 0.79
    """Channel length of the unit device: longer is better matched, larger and slower."""
    multiplier: Annotated[int, Field(ge=1, le=64)] = 4
    """Unit devices in parallel in the transistors M1 to M4 of the soma."""
    input_multiplier: Annotated[int, Field(ge=1, le=64)] | None = None
    """Unit devices in parallel in M0, the diode that takes the soma's input current; as many as `multiplier` if not
    given. With fewer, the rails carry more than the input current: they are faster and take more power."""
    nfet: Flavour = "standard"
    """Threshold flavour of the n-channel mirrors."""
    pfet: Flavour = "standard"
    """Threshold flavour of the p-channel mirrors."""

    @model_validator(mode="after")
    def _scaled_alike(self) -> Self:
        if self.style == "scaled" and self.input_units != self.multiplier:
            raise ValueError("input_multiplier differs from multiplier: style: scaled has one size for M0 to M4")
        return self

    @property
    def input_units(self) -> int:
        """Unit devices in M0."""
        return self.multiplier if self.input_multiplier is None else self.input_multiplier


class Device(Model):
    """A transistor size."""

    w_um: Um
    """Channel width."""
    l_um: Um
    """Channel length."""


class Array(Model):
    """The physical array."""

    layers: Annotated[tuple[LayerSize, ...], Field(min_length=2, max_length=8, strict=False)]
    """Somas per layer, input somas first: n entries give n-1 synapse matrices."""
    bits: Annotated[int, Field(ge=1, le=6)] = 3
    """Magnitude bits of a weight; one sign bit is added."""
    mirror: Mirror = Mirror()
    port: Literal["none", "scan"] = "none"
    """How weights are written: scan adds word and bit line drivers, row select and a serial data register of the
    foundry's standard cells; none brings word and bit lines to the macro's edge (docs/port.md)."""
    switch: Device = Device(w_um=0.54, l_um=0.54)
    """Bit switches; the sign switches have this length and the mirrors' width (they share their strip)."""

    @property
    def has_port(self) -> bool:
        """Whether weights are written through a port of the macro; else its user has word lines and bit lines."""
        return self.port != "none"
