"""Margins of the latch against what a designer expects of them."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from somaforge.flow.measure import cells
from somaforge.flow.memory import latch_margins
from somaforge.flow.memory.latch_margins import Margins, Sample, measure, write_margin
from somaforge.flow.steps.cells import bad_latches
from somaforge.generator.design import Design, build
from somaforge.generator.names import LATCH
from somaforge.generator.spec import load_spec
from somaforge.pdk.sky130.mismatch import sigma_vth_V


@cache
def design() -> Design:
    return build(load_spec(Path(__file__).parents[3] / "examples" / "iris.yaml"))


@cache
def corners() -> Margins:
    """tt ss ff sf fs at 27 C."""
    return measure(design(), latch_margins.nominal(("tt", "ss", "ff", "sf", "fs")), 27.0, 1.8)


def shifted(**shifts: float) -> Sample:
    names = [m.name for m in design().library.flatten(design().cell(LATCH)).mos]
    return Sample("tt", np.array([shifts.get(n, 0.0) for n in names]), np.zeros(6))


def test_write_margin_is_where_the_hump_changes_sign() -> None:
    line = np.array([-0.2, 0.0, 0.2])
    assert write_margin(line, np.array([-3.0, -1.0, 3.0])) == pytest.approx(0.05)
    assert write_margin(line, np.array([1.0, 2.0, 3.0])) == -0.2
    assert write_margin(line, np.array([-3.0, -2.0, -1.0])) == 0.2


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
class TestLatch:
    def test_corners(self) -> None:
        """Fast n and slow p (sf): strong access devices, so worst read and best write; fs the reverse. Slower devices
        have higher thresholds, so larger eyes."""
        m = corners()
        assert np.all((m.hold_V > 0.5) & (m.hold_V < 0.9))
        assert np.all((m.read_V > 0.25) & (m.read_V < m.hold_V))
        assert m.read_V.argmin() == m.write_V.argmax() == 3
        assert m.write_V.argmin() == 4
        assert m.write_V[4] > 0.3
        assert m.hold_V[1] > m.hold_V[0] > m.hold_V[2]

    def test_read_current(self) -> None:
        """An access device of 0.42/0.15 in saturation, with a pull-down of twice its width in series: 0.2 to 0.6 mA/um
        of the process's on current, so 80 to 250 uA."""
        assert np.all((corners().read_current_A > 80e-6) & (corners().read_current_A < 250e-6))
        assert corners().read_current_A.argmax() == 2
        assert corners().read_current_A.argmin() == 1

    @pytest.mark.parametrize("reading", [False, True])
    def test_the_butterfly_of_the_cell_agrees(self, reading: bool) -> None:
        """libngspice in process, 5 mV steps, one half mirrored: another deck for the same latch."""
        margin = (corners().read_V if reading else corners().hold_V)[0]
        assert cells.butterfly(design(), design().spec.at, reading=reading).noise_margin_V == pytest.approx(
            margin, abs=0.004
        )

    def test_known_bad_latches(self) -> None:
        """A weak pull-down loses its read margin, a weak access device its write margin: the worse side counts."""
        bad = (shifted(), shifted(m_down_bar=0.5), shifted(m_access=0.7), shifted(m_up=-0.3, m_up_bar=-0.3))
        m = measure(design(), bad, 27.0, 1.8)
        assert m.read_V[1] < 0.5 * m.read_V[0]
        assert m.read_current_A[1] < 0.8 * m.read_current_A[0]
        assert m.write_V[2] < 0.2
        assert m.write_V[3] < m.write_V[0] - 0.05

    def test_mismatch(self) -> None:
        """Thresholds spread by 55 mV (access), 24 mV (pull-down) and 23 mV (pull-up); margins see a part of it."""
        sigmas = [sigma_vth_V(m.device, m.w_nm, m.l_nm) for m in design().library.flatten(design().cell(LATCH)).mos]
        m = measure(design(), latch_margins.with_mismatch(design(), "tt", 20), 27.0, 1.8)
        nominal = corners()
        for some, one in (
            (m.hold_V, nominal.hold_V[0]),
            (m.read_V, nominal.read_V[0]),
            (m.write_V, nominal.write_V[0]),
        ):
            assert 0.05 * max(sigmas) < some.std() < np.hypot.reduce(sigmas)
            assert abs(some.mean() - one) < 4 * max(sigmas) / np.sqrt(20)

    def test_a_latch_does_not_see_its_neighbours_in_the_deck(self) -> None:
        alone = measure(design(), [shifted(m_down=0.1)], 27.0, 1.8)
        among = measure(design(), [shifted(), shifted(m_down=0.1), replace(shifted(), corner="ff")], 27.0, 1.8)
        for field in ("hold_V", "read_V", "write_V", "read_current_A"):
            assert getattr(among, field)[1] == pytest.approx(getattr(alone, field)[0], rel=1e-3)


def test_bad_latches_are_counted() -> None:
    """The second loses its bit when it is read, the third cannot be written."""
    values = {"hold_V": [0.7, 0.6, 0.7], "read_V": [0.4, 0.0, 0.4], "write_V": [0.5, 0.5, -0.1]}
    assert bad_latches(values) == 2
