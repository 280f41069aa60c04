"""What the report says about parasitics."""

from dataclasses import dataclass
from statistics import median

from somaforge.flow.pex.extractor import Parasitics
from somaforge.flow.pex.kernel import couple
from somaforge.generator.names import IN, column_net, place, row_rail
from somaforge.pdk.errors import CheckError


@dataclass(frozen=True)
class SynapseCapacitance:
    """Wiring capacitance of one synapse in the middle of an array, F. Couplings between two parts count in both."""

    row: float
    """On its rails vp and vn."""
    column: float
    """On its column's summed current."""
    inside: float
    """On the nets that begin in it: switches, latches."""


def synapse_capacitance(parasitics: Parasitics) -> float:
    """Metric `pex__synapse__F`: wiring capacitance that one synapse adds to its row (vp, vn) and column (sum)."""
    parts = synapse_parts(parasitics)
    return parts.row + parts.column


def synapse_parts(parasitics: Parasitics) -> SynapseCapacitance:
    """Where the wiring capacitance of a synapse is.

    Exact for a periodic array: one pitch by one pitch around the middle synapse of the first matrix, with its real
    surroundings, everything that its wires couple to (a coupling between two of them loads both).
    CheckError if the layout has no synapse with a neighbour on both sides.
    """
    sites: dict[tuple[int, int], tuple[int, int]] = {}
    geometry = parasitics.geometry
    for name, (x, y) in zip(geometry.transistors.instances, geometry.sites.centre.tolist(), strict=True):
        at = place(name)
        if at is not None and at.cell == "synapse" and at.layer == 0 and not at.inside and at.latch is None:
            sites[at.row, at.column] = (x, y)
    rows, columns = (sorted({key[k] for key in sites}) for k in (0, 1))
    if len(rows) < 3 or len(columns) < 3:
        raise CheckError(f"layout {parasitics.name}: no synapse with neighbours on all sides to measure")
    row, column = int(median(rows)), int(median(columns))
    x, y = sites[row, column]
    # Rows may be mirrored in pairs: the period is two of them.
    width = abs(sites[row, column + 1][0] - sites[row, column - 1][0])
    height = abs(sites[row + 1, column][1] - sites[row - 1, column][1])
    core = (x - width // 2, y - height // 2, x - width // 2 + width, y - height // 2 + height)
    found = couple(geometry.conductors, core, parasitics.process)
    nets = geometry.nets
    row_F = column_F = inside_F = 0.0
    for a, b, farad in zip(found.a.tolist(), found.b.tolist(), found.farad.tolist(), strict=True):
        for net in (nets[a], nets[b]):
            at = place(net)
            row_F += farad * row_rail(net)
            column_F += farad * (column_net(net) and net.partition("_")[0] != IN)
            inside_F += farad * (at is not None and at.cell == "synapse")
    return SynapseCapacitance(row_F / 4, column_F / 4, inside_F / 4)
