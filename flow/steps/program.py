"""Step program: the bitfile of every chip, written into the latches and read back: all of them through the programming
port in Verilog simulation, and one row of each matrix at transistor level."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from somaforge.flow.learning.training import load_codes
from somaforge.flow.machinery.base import Context, Step
from somaforge.flow.machinery.records import read_json, write_json
from somaforge.flow.memory import bitfile, port, port_simulation
from somaforge.flow.memory.port_simulation import PortRun
from somaforge.flow.memory.program import simulate
from somaforge.flow.steps.characterize import operating_point
from somaforge.flow.steps.chip import Job, for_each_chip, per_chip, programmed
from somaforge.generator.address import Bits
from somaforge.generator.design import Design, build
from somaforge.generator.periphery.measures import library

GATES_UP_TO = 20_000
"""Places of the memory up to which the gates are simulated in the flow: some 30 s; larger ones in a nightly test."""
ROW = 0
"""The row of each matrix that is simulated, with its neighbour; all rows are the same cell."""
COLUMNS = 8
"""Columns of that row, from the first: columns do not see each other. Every row of the bank loads their bit lines."""


def write_and_read(folder: Path, job: Job) -> None:
    """One chip: weights.bit, and programming.json with what came back."""
    codes = load_codes(job.inputs.file("train", f"chips/{job.seed}/weights.npz"))
    data = bitfile.pack(codes, build(job.spec))
    (folder / "weights.bit").write_bytes(data)
    values = bitfile.parse(data, "weights.bit").values
    through_port = write_through_port(folder, job, build(job.spec), values)
    chip = programmed(job, use="memory")
    found = [
        simulate(
            chip.design,
            bits[ROW, :COLUMNS],
            matrix,
            ROW,
            flat=chip.flat,
            shifts=chip.shifts,
            at=chip.at,
            evidence=folder / "ngspice",
            timeout_s=job.spec.time_limits.ngspice_s,
        )
        for matrix, bits in enumerate(values)
    ]
    rows = [row for result in found for row in result.rows]
    problems = [
        *(str(w) for run in through_port for w in run.wrong),
        *(line for result in found for line in result.problems()),
    ]
    write_json(
        folder / "programming.json",
        {
            "problems": problems,
            "bits": int(sum(row.written.size for row in rows)),
            "wrong_bits": sum(run.wrong_count for run in through_port)
            + int(sum((row.written != row.read).sum() for row in rows)),
            "port_bits": len(through_port[:1]) * sum(v.size for v in values),
            "gate_bits": len(through_port[1:]) * sum(v.size for v in values),
            "port_clocks": max((run.clocks for run in through_port), default=0),
            "differential_V": min(result.differential_V for result in found),
            "hold_V": max(result.hold_V for result in found),
        },
    )


def write_through_port(folder: Path, job: Job, design: Design, values: Sequence[Bits]) -> list[PortRun]:
    """Every latch through the port: the behavioural view, and the gates on the first chip if they are not too many.

    weights.mem is what a tester shifts in; port/ and gates/ are the simulations.
    """
    name, memory = design.spec.name, design.memory
    words = port.to_words(memory, values)
    (folder / "weights.mem").write_text(port.words_file(words), encoding="ascii")
    if not job.spec.array.has_port:
        return []
    verilog = job.inputs.file("generate", "verilog")
    view = port_simulation.View(name, (verilog / f"{name}.v").read_text(encoding="ascii"))
    limit_s = job.spec.time_limits.verilog_s
    runs = [port_simulation.simulate(view, memory, words, folder / "port", timeout_s=limit_s)]
    if job.seed == job.spec.chips.seeds[0] and memory.rows * memory.width <= GATES_UP_TO:
        view = port_simulation.gates(
            library(design.pdk), name, (verilog / f"{name}_gates.v").read_text(encoding="ascii")
        )
        runs.append(port_simulation.simulate(view, memory, words, folder / "gates", timeout_s=limit_s))
    return runs


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
        "program__gate_bits__count": sum(chip["gate_bits"] for chip in chips),
        "program__port_clocks__count": max(chip["port_clocks"] for chip in chips),
        "program__read_difference_min__V": min(chip["differential_V"] for chip in chips),
        "program__hold_loss_max__V": max(chip["hold_V"] for chip in chips),
    }


STEP = Step(
    "program",
    action,
    per_chip("weights.bit", "weights.mem", "programming.json"),
    ("generate", "pex", "train"),
    config=operating_point,
    tools=("iverilog", "ngspice", "numpy", "pdk"),
    checks=("program__wrong_bits__count", "program__problems__count"),
)
