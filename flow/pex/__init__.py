"""Parasitic extraction: what the wiring of any layout of a process adds to its transistors."""

from somaforge.flow.pex.annotate import annotate
from somaforge.flow.pex.dspf import write_dspf
from somaforge.flow.pex.extractor import Coupling, Parasitics, extract
from somaforge.flow.pex.hierarchical import Counts, Options, write_hierarchical
from somaforge.flow.pex.metrics import SynapseCapacitance, synapse_capacitance, synapse_parts
from somaforge.flow.pex.output import (
    read_json,
    read_lumped,
    write_csv,
    write_json,
    write_layout,
    write_lumped,
    write_spice,
)
from somaforge.flow.pex.tiling import Tiling

__all__ = [
    "Counts",
    "Coupling",
    "Options",
    "Parasitics",
    "SynapseCapacitance",
    "Tiling",
    "annotate",
    "extract",
    "read_json",
    "read_lumped",
    "synapse_capacitance",
    "synapse_parts",
    "write_csv",
    "write_dspf",
    "write_hierarchical",
    "write_json",
    "write_layout",
    "write_lumped",
    "write_spice",
]
