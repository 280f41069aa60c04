"""The sidewall table against a field solution: two met1 wires in cross-section, finite differences, dielectrics as in
klayout-pex's process stack (conformal liners left out)."""

import numpy as np
import pytest
import scipy.sparse as sparse
import scipy.sparse.linalg as linear
from numpy.typing import NDArray

from somaforge.pdk.sky130.parasitics import INTERCONNECT, KLAYOUT_PEX_SIDEWALL_SHARE, interconnect

EPS0_F_PER_UM = 8.854e-18
STEP, WIDTH, DEPTH = 0.02, 6.0, 6.0  # um
# Lower boundary in um -> relative permittivity (process_stack of sky130A_tech.pb.json).
DIELECTRICS = {0.0: 4.632, 0.326: 3.9, 0.936: 4.05, 1.376: 4.5, 2.006: 4.2, 2.786: 4.1}
MET1_BOTTOM, MET1_THICKNESS, MET1_WIDTH = 1.38, 0.36, 0.14


def field_coupling(spacing: float) -> float:
    """Charge on the second wire with the first at 1 V, substrate grounded."""
    x = np.arange(-WIDTH / 2, WIDTH / 2 + STEP / 2, STEP)
    z = np.arange(0, DEPTH + STEP / 2, STEP)
    xx, zz = np.meshgrid(x, z, indexing="ij")
    high = (zz > MET1_BOTTOM - 1e-6) & (zz < MET1_BOTTOM + MET1_THICKNESS + 1e-6)
    near, far = spacing / 2 - 1e-6, spacing / 2 + MET1_WIDTH + 1e-6
    first, second = high & (xx < -near) & (xx > -far), high & (xx > near) & (xx < far)
    k = np.zeros_like(xx)
    for bottom, value in DIELECTRICS.items():
        k[zz >= bottom - 1e-6] = value
    index = np.arange(k.size).reshape(k.shape)
    a = np.concatenate((index[:-1].ravel(), index[:, :-1].ravel()))
    b = np.concatenate((index[1:].ravel(), index[:, 1:].ravel()))
    g = np.concatenate(((2 / (1 / k[:-1] + 1 / k[1:])).ravel(), (2 / (1 / k[:, :-1] + 1 / k[:, 1:])).ravel()))
    pairs = (np.concatenate((a, b)), np.concatenate((b, a)))
    matrix = sparse.coo_matrix((np.concatenate((-g, -g)), pairs), shape=(k.size, k.size)).tocsr()
    matrix = matrix - sparse.diags(np.asarray(matrix.sum(axis=1)).ravel())
    fixed: NDArray[np.bool_] = (first | second | (zz < 1e-6)).ravel()
    volt = first.ravel().astype(float)
    right = -matrix[~fixed][:, fixed] @ volt[fixed]
    volt[~fixed] = linear.spsolve(matrix[~fixed][:, ~fixed].tocsc(), right)
    return float(-EPS0_F_PER_UM * (matrix @ volt)[second.ravel()].sum())


@pytest.mark.parametrize("spacing", [0.14, 0.28, 0.5, 1.0])
def test_sidewall_table_against_the_field(spacing: float) -> None:
    """The whole printed number fits within 20 %; half of it is off by more than 40 %."""
    field = field_coupling(spacing)

    def table(share: float) -> float:
        side = interconnect(share).sidewall["met1"]
        return side.farad / (spacing + side.offset_nm / 1000)

    whole = INTERCONNECT.sidewall["met1"]
    assert whole.farad / (spacing + whole.offset_nm / 1000) == pytest.approx(field, rel=0.2)
    assert table(KLAYOUT_PEX_SIDEWALL_SHARE) < 0.6 * field
