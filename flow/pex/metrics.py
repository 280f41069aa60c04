"""What the report says about parasitics."""

import re
from statistics import median

from somaforge.flow.pex.extractor import Parasitics
from somaforge.flow.pex.kernel import couple
from somaforge.pdk.errors import CheckError
from somaforge.pdk.interconnect import Interconnect
from somaforge.pdk.sky130.parasitics import INTERCONNECT

_SYNAPSE = re.compile(r"x_matrix_(\d+)\.x_row_(\d+)\.x_synapse_(\d+)$")
_SHARED = re.compile(r"(vp|vn|sum|out)_\d+(_\d+)?$")


def synapse_capacitance(parasitics: Parasitics, process: Interconnect = INTERCONNECT) -> float:
    """Metric `pex__synapse__F`: wiring capacitance that one synapse adds to its row (vp, vn) and column (sum).

    Exact for a periodic array: one pitch by one pitch around the middle synapse of the first matrix, with its real
    surroundings, everything that vp, vn and sum wires couple to (a coupling between two of them loads both).
    CheckError if the layout has no synapse with a neighbour on both sides.
    """
    sites: dict[tuple[int, int], tuple[int, int]] = {}
    for wire in parasitics.wires.values():
        for name, x, y in zip(wire.sites, wire.x_nm, wire.y_nm, strict=True):
            match = _SYNAPSE.search(name)
            if match and match[1] == "0":
                sites[int(match[2]), int(match[3])] = (x, y)
    rows, columns = (sorted({key[k] for key in sites}) for k in (0, 1))
    if len(rows) < 3 or len(columns) < 3:
        raise CheckError(f"layout {parasitics.circuit.name}: no synapse with neighbours on all sides to measure")
    row, column = int(median(rows)), int(median(columns))
    x, y = sites[row, column]
    # Rows may be mirrored in pairs: the period is two of them.
    width = abs(sites[row, column + 1][0] - sites[row, column - 1][0])
    height = abs(sites[row + 1, column][1] - sites[row - 1, column][1])
    core = (x - width // 2, y - height // 2, x - width // 2 + width, y - height // 2 + height)
    found = couple(parasitics.geometry.conductors, core, process)
    nets = parasitics.geometry.nets
    total = 0.0
    for a, b, farad in zip(found.a.tolist(), found.b.tolist(), found.farad.tolist(), strict=True):
        total += farad * sum(bool(_SHARED.match(nets[k])) for k in (a, b))
    return total / 4
