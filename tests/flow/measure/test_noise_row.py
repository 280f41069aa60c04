"""Synapses one by one against the row in one circuit; time limits; the step."""

import resource
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from somaforge.flow.chips import VirtualChip
from somaforge.flow.machinery.base import Context
from somaforge.flow.machinery.inputs import Inputs, StepError
from somaforge.flow.machinery.workers import PartStore
from somaforge.flow.measure.noise import LEVELS, measure, reading_sigma
from somaforge.flow.measure.noise_row import RAILS, Point, Row
from somaforge.flow.spice.deck import Deck
from somaforge.flow.steps import noise as step
from somaforge.generator.circuit import Mos
from somaforge.generator.design import build
from somaforge.generator.spec import Spec, parse_spec
from somaforge.generator.yaml_file import read_yaml
from somaforge.pdk.errors import ToolError
from somaforge.pdk.models import OperatingPoint

pytestmark = [pytest.mark.needs_pdk, pytest.mark.needs_ngspice]

EXAMPLE = Path(__file__).parents[3] / "examples/iris.yaml"
POINT = Point(OperatingPoint("tt", 27.0, 1.8), 5e-15)


def small(bits: int = 1, **changes: object) -> Spec:
    table = read_yaml(EXAMPLE)
    table["array"]["bits"] = bits
    return parse_spec(table | changes, "test")


class Whole(Row):
    """All synapses of the row in one circuit, as somaforge simulated them before."""

    def _moved(self, net: str, code: int) -> str:
        return f"c{self.codes.index(code)}_{net}" if net.startswith("syn_") else net

    def transistors(self, code: int) -> tuple[Mos, ...]:
        found = super().transistors(code)
        for other in self.codes:
            for m in super().transistors(other) if other != code else ():
                if m.name.startswith("syn_"):
                    d, g, s, b = (self._moved(n, other) for n in (m.d, m.g, m.s, m.b))
                    found += (replace(m, d=d, g=g, s=s, b=b),)
        return found

    def _deck(self, *mos: object, **options: object) -> Deck:
        deck = super()._deck(*mos, **options)  # type: ignore[arg-type]
        deck.put(*(f"v_{k} c{k}_syn_out gnd {POINT.at.supply_V / 2}" for k in range(len(self.codes))))
        return deck


def test_one_synapse_at_a_time_is_the_row(tmp_path: Path) -> None:
    """Deviation of readings within 1 %, means of a chip within 1e-4, of the whole row in one circuit."""
    design, levels, code = build(small()), 325e-9 * np.array(LEVELS), 1
    found = measure(design, POINT, 325e-9, [1], timeout_s=60.0, evidence=tmp_path)
    whole = Whole(design, POINT, levels, 60.0, tmp_path)
    k = whole.codes.index(code)
    wires = {rail: POINT.wire_F * len(whole.codes) for rail in RAILS}
    frequency, spectrum = whole.spectrum(code, 0, whole.settled(code), wires)
    sigma = reading_sigma(frequency, spectrum[None], 1e-6)[0]
    assert found.sigma_A[0, k] == pytest.approx(sigma, rel=0.01)
    chip = VirtualChip.of(design.spec.chips, 1)
    assert found.means_A[0, :, k] == pytest.approx(whole.mean(code, chip), rel=1e-4)
    assert list(tmp_path.iterdir()) == [], "nothing failed, nothing is kept"


def test_without_the_other_gates_the_noise_would_be_another(tmp_path: Path) -> None:
    """The check above can fail: a synapse that is alone on its rails reads noisier."""
    row = Row(build(small(3)), POINT, 325e-9 * np.array(LEVELS), 60.0, tmp_path)
    start = row.settled(7)
    wires = {rail: POINT.wire_F * len(row.codes) for rail in RAILS}
    gates = {rail: wires[rail] + len(row.codes) * float(start.gates_F[rail][0]) for rail in RAILS}
    alone, loaded = (
        reading_sigma(f, s[None], 1e-6)[0] for f, s in (row.spectrum(7, 0, start, load) for load in (wires, gates))
    )
    assert alone > 1.015 * loaded


def test_a_run_out_of_time_keeps_its_deck(tmp_path: Path) -> None:
    """One line that names the code, the limit's key and the deck; the deck is there and runs."""
    spec = small(time_limits={"noise_s": 0.001})
    with pytest.raises(ToolError) as caught:
        measure(build(spec), POINT, 325e-9, [1], timeout_s=spec.time_limits.noise_s, evidence=tmp_path / "ngspice")
    assert str(caught.value) == (
        "ngspice: noise of code -1, rest: no result in 0.001 s; give it a free processor "
        "(deck: ngspice/noise_code_-1_rest.sp; its time: time_limits.noise_s)"
    )
    kept = (tmp_path / "ngspice" / "noise_code_-1_rest.sp").read_text()
    assert ".dc i_in" in kept


class Here(PartStore):
    """Parts one after the other in this process."""

    def each(self, worker, jobs, log):  # type: ignore[no-untyped-def]
        for name, job in jobs.items():
            (self.folder / name).mkdir(parents=True)
            worker(self.folder / name, job)
        return {name: self.folder / name for name in jobs}


def in_a_step(tmp_path: Path, spec: Spec, files: Iterable[str]) -> Context:
    made, out = tmp_path / "pex", tmp_path / "noise"
    made.mkdir()
    out.mkdir()
    for name in files:
        (made / name).write_text('{"row": 1e-14, "column": 4e-15, "inside": 0.0}')
    return Context(spec, out, Inputs({"pex": made}, {}), Here(tmp_path / "parts", "key"))


def test_the_step_reads_what_pex_declares(tmp_path: Path) -> None:
    """It needs no other step's metrics.json, and gives its metrics."""
    metrics = step.action(in_a_step(tmp_path, small(), ["synapse.json"]))
    assert 0 < metrics["noise__reading_p50__ratio"] < metrics["noise__reading_max__ratio"] < 0.05


def test_the_step_without_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StepError, match=r"pex did not make synapse\.json"):
        step.action(in_a_step(tmp_path, small(), ["metrics.json"]))


def test_a_failed_step_keeps_the_deck_in_its_folder(tmp_path: Path) -> None:
    context = in_a_step(tmp_path, small(time_limits={"noise_s": 0.001}), ["synapse.json"])
    with pytest.raises(ToolError, match=r"deck: ngspice/noise_code_-1_rest\.sp"):
        step.action(context)
    assert (context.folder / "ngspice" / "noise_code_-1_rest.sp").is_file()


@pytest.mark.nightly
@pytest.mark.parametrize("bits", [1, 2, 3, 4, 5, 6])
def test_any_bits_within_a_minute(bits: int, tmp_path: Path) -> None:
    """Processor seconds of five chips, simulator and own work."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    before = sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, who))
    found = measure(build(small(bits)), POINT, 325e-9, range(1, 6), timeout_s=60.0, evidence=tmp_path)
    assert sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, who)) - before < 60.0
    assert found.means_A.shape == (5, 3, 2 ** (bits + 1) - 1)
    assert np.all(np.diff(found.means_A.mean(axis=0)[:, 2**bits :], axis=1) > 0)
