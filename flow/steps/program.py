"""Step program: the bitfile of every chip, written into the latches and read back: all of them through the programming
port in Verilog simulation, and one row of each matrix at transistor level."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from somaforge.flow import bitfile, port, port_simulation
from somaforge.flow.program import simulate
from somaforge.flow.steps.base import Context, Step
from somaforge.flow.steps.characterize import operating_point
from somaforge.flow.steps.chip import Job, for_each_chip, per_chip, programmed, read_json, write_json
from somaforge.flow.training import load_codes
from somaforge.generator.address import Bits, memory_map
from somaforge.generator.design import Design, build

ROW = 0
"""The row of each matrix that is simulated, with its neighbour; all rows are the same cell."""


def write_and_read(folder: Path, job: Job) -> None:
    """One chip: weights.bit, and programming.json with what came back."""
    codes = load_codes(job.inputs["train"] / "chips" / str(job.seed) / "weights.npz")
    data = bitfile.pack(codes, build(job.spec))
    (folder / "weights.bit").write_bytes(data)
    values = bitfile.parse(data, "weights.bit").values
    through_port = write_through_port(folder, build(job.spec), values)
    chip = programmed(job, use="memory")
    found = [
        simulate(
            chip.design,
            bits[ROW],
            matrix,
            ROW,
            flat=chip.flat,
            shifts=chip.shifts,
            corner=chip.corner,
            evidence=folder / "ngspice",
        )
        for matrix, bits in enumerate(values)
    ]
    rows = [row for result in found for row in result.rows]
    problems = [*map(str, through_port.wrong), *(line for result in found for line in result.problems())]
    write_json(
        folder / "programming.json",
        {
            "problems": problems,
            "bits": int(sum(row.written.size for row in rows)),
            "wrong_bits": through_port.wrong_count + int(sum((row.written != row.read).sum() for row in rows)),
            "port_bits": int(sum(v.size for v in values)),
            "port_clocks": through_port.clocks,
            "differential_V": min(result.differential_V for result in found),
            "hold_V": max(result.hold_V for result in found),
        },
    )


def write_through_port(folder: Path, design: Design, values: Sequence[Bits]) -> port_simulation.PortRun:
    """Every latch; weights.mem is what a tester shifts in, port/ is the simulation."""
    memory = memory_map(design.layers, design.weights.bits)
    words = port.to_words(memory, values)
    (folder / "weights.mem").write_text(port.words_file(words), encoding="ascii")
    view = port_simulation.behaviour(design.spec.name, memory)
    return port_simulation.simulate(view, memory, words, folder / "port")


def action(context: Context) -> Mapping[str, float]:
    """All chips, in parallel."""
    places = for_each_chip(context, write_and_read)
    chips = [read_json(place / "programming.json") for place in places.values()]
    for chip in chips:
        for line in chip["problems"]:
            context.log(line)
    return {
        "program__wrong_bits__count": sum(chip["wrong_bits"] for chip in chips),
        "program__problems__count": sum(len(chip["problems"]) for chip in chips),
        "program__bits__count": sum(chip["bits"] for chip in chips),
        "program__port_bits__count": sum(chip["port_bits"] for chip in chips),
        "program__port_clocks__count": max(chip["port_clocks"] for chip in chips),
        "program__read_difference_min__V": min(chip["differential_V"] for chip in chips),
        "program__hold_loss_max__V": max(chip["hold_V"] for chip in chips),
    }


STEP = Step(
    "program",
    action,
    per_chip("weights.bit", "weights.mem", "programming.json"),
    ("pex", "train"),
    config=operating_point,
    tools=("iverilog", "ngspice", "numpy", "pdk-sky130"),
    checks=("program__wrong_bits__count", "program__problems__count"),
)
