"""What the steps that work chip by chip share: the chip of a seed, its files, and arrays as JSON."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from somaforge.flow import datasets, pex
from somaforge.flow.chips import VirtualChip
from somaforge.flow.drivers.capacitance import loaded
from somaforge.flow.drivers.inputs import input_currents
from somaforge.flow.engines.base import Memory, Program, ProgrammedChip
from somaforge.flow.engines.named import named
from somaforge.flow.machinery.base import Context
from somaforge.flow.machinery.inputs import Inputs
from somaforge.flow.machinery.records import read_json, write_json
from somaforge.flow.memory import worst_latch
from somaforge.flow.memory.worst_latch import WorstLatch
from somaforge.generator.design import build
from somaforge.generator.spec import Spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.models import OperatingPoint


@dataclass(frozen=True)
class Job:
    """One chip's work; crosses into another process."""

    spec: Spec
    seed: int
    inputs: Inputs


Worker = Callable[[Path, Job], None]
"""One chip's work, which writes into the folder."""
Argument = TypeVar("Argument")
Piece = tuple[Callable[[Path, Argument], None], Argument]
"""What is called with a folder, and with what else."""


def work(folder: Path, piece: Piece[Any]) -> None:
    """A piece of a step that has several kinds of them: side by side they leave no processor without work."""
    worker, job = piece
    worker(folder, job)


def for_each_chip(
    context: Context, worker: Worker, inputs: Inputs | None = None, first: Iterable[Worker] = ()
) -> dict[int, Path]:
    """Run worker(folder, job) for every seed and put the folders' files into chips/<seed>/ of the step.

    `inputs`: what the workers read if that is more than the step itself reads (`Inputs.also`). `first`: workers that
    run at the same time, on the first chip; what each writes to <its name>.json becomes a file of the step.
    """
    seeds = context.spec.chips.seeds
    jobs = {seed: Job(context.spec, seed, inputs or context.inputs) for seed in seeds}
    some = {w.__name__: (w, jobs[seeds[0]]) for w in first}
    folders = context.each(work, {**some, **{f"chip_{seed}": (worker, job) for seed, job in jobs.items()}})
    for name in some:
        shutil.copyfile(folders[name] / f"{name}.json", context.folder / f"{name}.json")
    places = {}
    for seed in seeds:
        places[seed] = context.folder / "chips" / str(seed)
        shutil.copytree(folders[f"chip_{seed}"], places[seed], ignore=shutil.ignore_patterns("done.json"))
    return places


def per_chip(*names: str) -> Callable[[Spec], tuple[str, ...]]:
    """Declares chips/<seed>/<name> for every seed."""
    return lambda spec: tuple(f"chips/{seed}/{name}" for seed in spec.chips.seeds for name in names)


Use = Literal["time", "rest", "memory"]
"""What a chip is simulated for: patterns in time, currents at rest, or writing and reading its latches."""


def programmed(job: Job, codes: Program | None = None, use: Use = "time", memory: Memory = "ideal") -> ProgrammedChip:
    """The post-layout chip of that seed; without codes all weights are 0.

    With couplings and wire segments, or with the capacitance of each net, as its engine takes it; in time also with
    what drivers add to the inputs.
    """
    design = build(job.spec)
    if named(job.spec).in_full:
        flat = pex.read_json(job.inputs.file("pex", "flat_dc.json" if use == "rest" else "flat.json"))
    else:
        whole = design.flat if use == "memory" else design.flat_without_memory
        flat = whole if use == "rest" else pex.read_lumped(job.inputs.file("pex", "lumped.json"), whole)
    if use == "time":
        flat = loaded(flat, read_json(job.inputs.file("drivers", "drives.json"))["drives_F"])
    return VirtualChip.of(job.spec.chips, job.seed).programmed(design, flat, codes, memory=memory)


def currents(job: Job, values: Floats) -> Floats:
    """Input currents [patterns, inputs] in A of patterns of the spec's data set, at the spec's operating point."""
    dataset = datasets.load(job.spec.network.dataset)
    return input_currents(job.spec, VirtualChip.of(job.spec.chips, job.seed), dataset, values)


@dataclass(frozen=True)
class MemoryJob:
    """The weight memory at one operating point."""

    spec: Spec
    at: OperatingPoint

    @property
    def id(self) -> str:
        """Its name in files, for example memory_tt_27C_1.8V."""
        return f"memory_{self.at.id}"


def memory_margins(folder: Path, job: MemoryJob) -> None:
    """memory.json: margins of the array's worst latch."""
    found = worst_latch.at(build(job.spec), job.at, folder / "ngspice")
    write_json(folder / "memory.json", vars(found))


def memories(context: Context, jobs: Iterable[MemoryJob]) -> dict[MemoryJob, WorstLatch]:
    """Of every operating point, each once."""
    names = {job.id: job for job in dict.fromkeys(jobs)}
    folders = context.each(memory_margins, names)
    return {job: worst_of(folders[name]) for name, job in names.items()}


def worst_of(folder: Path) -> WorstLatch:
    """What `memory_margins` wrote there."""
    return WorstLatch(**read_json(folder / "memory.json"))
