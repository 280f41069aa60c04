"""somaforge noise: trial-to-trial error of the analog multiplication."""

import json
from pathlib import Path

import click
import numpy as np

from somaforge.flow.commands.console import show_json
from somaforge.flow.commands.options import PATH, Number
from somaforge.flow.runner.known import read_spec
from somaforge.pdk.files import atomic_write


@click.command()
@click.argument("spec", type=PATH)
@click.option("--chips", type=click.IntRange(2, 1000), default=5, show_default=True, help="Chips with mismatch.")
@click.option("--reading", type=Number(1e-9, 1.0), default=1e-6, show_default=True, help="Time of one reading in s.")
@click.option(
    "--wire",
    type=Number(0, 1e-12),
    default=4.7e-15,
    show_default=True,
    help="Wiring of each rail per synapse in F: half of `row` in the run's pex/synapse.json.",
)
@click.option("--out", type=PATH, help="Folder [default: runs/<name>-noise].")
@click.option("--json", "as_json", is_flag=True, help="Print the relative errors as JSON.")
def noise(spec: Path, chips: int, reading: float, wire: float, out: Path | None, as_json: bool) -> None:
    """Test matrix of SPEC's cells: every code, three input currents, 30 readings. Mean, deviation, plot, JSON."""
    from somaforge.flow import datasets
    from somaforge.flow.measure import noise as module
    from somaforge.flow.measure.noise_row import Point
    from somaforge.flow.report.noise import matrix
    from somaforge.generator.design import build

    loaded = read_spec(spec)
    full_scale = datasets.load(loaded.network.dataset).full_scale(loaded.input)
    point = Point(loaded.at, wire)
    folder = out if out is not None else Path("runs") / f"{loaded.name}-noise"
    limit, seeds = loaded.time_limits.noise_s, range(1, chips + 1)
    found = module.measure(
        build(loaded), point, full_scale, seeds, reading, timeout_s=limit, evidence=folder / "ngspice"
    )
    plot = matrix(found)
    text = json.dumps({"title": plot.title, "caption": plot.caption, "data": plot.data}, allow_nan=False)
    atomic_write(folder / "noise.json", text + "\n")
    atomic_write(folder / "noise.svg", plot.svg)
    mean = found.means_A.mean(axis=0)
    relative = {
        f"{found.inputs_A[level]:.4g}": {
            str(code): float(found.sigma_A[level, k] / np.abs(mean[level, k]))
            for k, code in enumerate(found.codes)
            if code != 0
        }
        for level in range(len(found.inputs_A))
    }
    if as_json:
        show_json({"reading_s": reading, "relative_deviation": relative})
        return
    for current, row in relative.items():
        shown = "  ".join(f"{code}: {100 * value:.2f} %" for code, value in row.items())
        click.echo(f"{float(current) * 1e9:.4g} nA  {shown}")
    click.echo(f"plot    {folder / 'noise.svg'}")


COMMANDS = (noise,)
