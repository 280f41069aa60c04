"""The flow's steps as commands. drc, lvs and pex also take any layout (commands.layouts)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import click

from somaforge.flow.checks.registry import LAYOUT_CHECKS
from somaforge.flow.commands import code_hosts, layouts, programming, tester
from somaforge.flow.commands.console import Progress, show_metrics
from somaforge.flow.commands.options import PATH, Number, data_option, patterns_option, pdk_option
from somaforge.flow.runner.known import read_spec
from somaforge.flow.runner.unmeasured import require_measured
from somaforge.generator.spec import Spec
from somaforge.pdk import Pdk, default, load
from somaforge.pdk.errors import InputError

out_option = click.option("--out", type=PATH, help="Run folder [default: runs/<name of the spec>].")
json_option = click.option("--json", "as_json", is_flag=True, help="Print the metrics as JSON.")
sarif_option = click.option("--sarif", type=PATH, help="Write what was found as SARIF 2.1.0, for code hosts.")
timeout_option = click.option(
    "--timeout",
    type=Number(0, min_open=True),
    default=3600.0,
    show_default=True,
    help="With --layout or --folder: seconds after which it is given up (SPEC has the keys time_limits).",
)
spec_argument = click.argument("spec", type=PATH, required=False)


def spec_and_folder(path: Path, out: Path | None, patterns: int | Literal["all"] | None = None) -> tuple[Spec, Path]:
    """A spec that can be run, and its run folder."""
    spec = read_spec(path)
    require_measured(spec, str(path))
    if patterns is not None:
        evaluation = spec.evaluation.model_copy(update={"patterns": patterns})
        spec = spec.model_copy(update={"evaluation": evaluation})
    return spec, out if out is not None else Path("runs") / spec.name


def one_step(
    step: str,
    path: Path,
    out: Path | None,
    as_json: bool,
    patterns: int | Literal["all"] | None = None,
) -> Mapping[str, float]:
    """Bring one step up to date and show its metrics; CheckError if one that must be 0 is not."""
    spec, folder = spec_and_folder(path, out, patterns)
    from somaforge.flow.runner.pipeline import finish, run_step  # every step: a wrong spec need not wait for them

    progress = Progress(as_json)
    try:
        outcome = run_step(spec, folder, step, progress)
    finally:
        progress.close()
    show_metrics(outcome.metrics, as_json)
    outcome.require()
    if step == "signoff":
        finish(folder)
    return outcome.metrics


def _plain(name: str, summary: str) -> click.Command:
    @click.command(name, help=summary)
    @click.argument("spec", type=PATH)
    @out_option
    @data_option
    @json_option
    def command(spec: Path, out: Path | None, as_json: bool) -> None:
        one_step(name, spec, out, as_json)

    return command


@click.command()
@click.argument("spec", type=PATH)
@out_option
@data_option
@json_option
@click.option(
    "--measured", type=PATH, multiple=True, help="Table of readings of a fabricated chip; one for each round."
)
@click.option("--chip", help="Its name; with --measured.")
@click.option("--chips", type=PATH, default=Path("chips"), show_default=True, help="Folder with what chips were.")
@click.option("--plans", type=PATH, help="Folder of the plan [default: the one with the last table's round].")
@click.option("--temperature", "temperature_C", type=Number(-55, 150), help="Of the chip, in C.")
@click.option("--supply", "supply_V", type=Number(0.1, 5), help="Of the chip, in V.")
@click.option("--board", default="", help="On which it was measured.")
@click.option("--virtual", type=click.IntRange(2, 100), default=5, show_default=True, help="Virtual chips beside it.")
def characterize(
    spec: Path,
    out: Path | None,
    as_json: bool,
    measured: tuple[Path, ...],
    chip: str | None,
    chips: Path,
    plans: Path | None,
    temperature_C: float | None,
    supply_V: float | None,
    board: str,
    virtual: int,
) -> None:
    """Measure the virtual chips of SPEC as a tester would.

    With --measured take the readings of a fabricated chip instead, train for it, and say what is to be measured next.
    """
    tester.require_alone(measured, chip, out)
    if not measured:
        one_step("characterize", spec, out, as_json)
        return
    loaded, _ = spec_and_folder(spec, out)
    conditions = {"chip": chip, "temperature_C": temperature_C, "supply_V": supply_V, "board": board}
    tester.measured(loaded, measured, plans, chips, conditions, virtual, as_json)


@click.command()
@click.argument("spec", type=PATH)
@out_option
@patterns_option
@data_option
@json_option
@click.option("--bitfile", type=PATH, help="With the weights of this file in every chip, judged by SPEC's limits.")
def evaluate(
    spec: Path,
    out: Path | None,
    patterns: int | Literal["all"] | None,
    as_json: bool,
    bitfile: Path | None,
) -> None:
    """Run the test set through every programmed chip of SPEC.

    With --bitfile nothing is trained: exit code 1 if a limit of SPEC on accuracy, energy or speed is not met.
    """
    if bitfile is None:
        one_step("evaluate", spec, out, as_json, patterns)
        return
    loaded, folder = spec_and_folder(spec, out, patterns)
    from somaforge.flow.commands import judging  # every step: see one_step

    judging.show(loaded, folder, bitfile, as_json)


def _exactly_one(spec: Path | None, layout: Path | None, pdk: str | None) -> None:
    if (spec is None) == (layout is None):
        raise InputError("give either a SPEC or --layout FILE; see --help")
    if spec is not None and pdk is not None:
        raise InputError("--pdk is for --layout; a SPEC names its process itself")


def _process(name: str | None) -> Pdk:
    """The process of a layout that came without a spec."""
    return load(name if name is not None else default())


@click.command()
@spec_argument
@out_option
@click.option("--layout", type=PATH, help="Check this GDS or OASIS file, ours or not.")
@click.option("--top", help="Its top cell [default: the only one].")
@click.option(
    "--deck",
    type=click.Choice([*(check.name for check in LAYOUT_CHECKS), "all"]),
    default="native",
    show_default=True,
    help="all: every one that holds for any cell; density is for finished macros.",
)
@pdk_option
@timeout_option
@sarif_option
@json_option
def drc(
    spec: Path | None,
    out: Path | None,
    layout: Path | None,
    top: str | None,
    deck: str,
    pdk: str | None,
    timeout: float,
    sarif: Path | None,
    as_json: bool,
) -> None:
    """Design rules of SPEC's layout (every deck), or of any layout of a process. Reports (.lyrdb) go to --out."""
    _exactly_one(spec, layout, pdk)
    if spec is not None:
        with code_hosts.of_step("drc", spec, out, sarif):
            one_step("drc", spec, out, as_json)
    elif layout is not None:
        layouts.drc(_process(pdk), layout, top, deck, out, as_json, timeout, sarif)


@click.command()
@spec_argument
@out_option
@click.option("--layout", type=PATH, help="Compare this GDS or OASIS file, ours or not.")
@click.option("--netlist", type=PATH, help="The SPICE netlist that it should match.")
@click.option("--top", help="The top cell in both.")
@click.option(
    "--blackbox", "blackboxes", multiple=True, metavar="CELL", help="Compare the pins of CELL alone. May be repeated."
)
@pdk_option
@timeout_option
@sarif_option
@json_option
def lvs(
    spec: Path | None,
    out: Path | None,
    layout: Path | None,
    netlist: Path | None,
    top: str | None,
    blackboxes: tuple[str, ...],
    pdk: str | None,
    timeout: float,
    sarif: Path | None,
    as_json: bool,
) -> None:
    """Layout against schematic of SPEC, or of any layout of a process. The database (.lvsdb) goes to --out."""
    _exactly_one(spec, layout, pdk)
    if spec is not None:
        if blackboxes:
            raise InputError("lvs SPEC: --blackbox is for --layout; our own networks are compared whole")
        with code_hosts.of_step("lvs", spec, out, sarif):
            one_step("lvs", spec, out, as_json)
    elif layout is not None:
        if netlist is None or top is None:
            raise InputError("lvs --layout: needs --netlist FILE and --top CELL too")
        layouts.lvs(_process(pdk), layout, netlist, top, out, as_json, timeout, frozenset(blackboxes), sarif)


@click.command()
@spec_argument
@out_option
@click.option("--layout", type=PATH, help="Extract this GDS or OASIS file, ours or not.")
@click.option("--top", help="Its top cell.")
@click.option("--output", type=PATH, help="The SPICE netlist to write; a CSV of every net goes beside it.")
@pdk_option
@timeout_option
@json_option
def pex(
    spec: Path | None,
    out: Path | None,
    layout: Path | None,
    top: str | None,
    output: Path | None,
    pdk: str | None,
    timeout: float,
    as_json: bool,
) -> None:
    """Parasitics of SPEC's layout, or of any layout of a process."""
    _exactly_one(spec, layout, pdk)
    if spec is not None:
        one_step("pex", spec, out, as_json)
    elif layout is not None:
        if output is None or top is None:
            raise InputError("pex --layout: needs --top CELL and --output FILE.spice too")
        layouts.pex(_process(pdk), layout, top, output, as_json, timeout)


@click.command()
@click.argument("spec", type=PATH)
@out_option
@click.option("--bitfile", type=PATH, help="Write this file through the port instead; --out keeps the simulation.")
@json_option
def program(spec: Path, out: Path | None, bitfile: Path | None, as_json: bool) -> None:
    """Write the weights of SPEC into the latches and read them back.

    With --bitfile no chip is made: the file goes through the programming port in Verilog simulation, and back.
    """
    if bitfile is None:
        one_step("program", spec, out, as_json)
    else:
        programming.through_port(spec, bitfile, out, as_json)


COMMANDS: tuple[click.Command, ...] = (
    _plain("generate", "Write the netlists and the layout of SPEC."),
    drc,
    lvs,
    pex,
    tester.plan,
    characterize,
    _plain("train", "Train a network for every characterized chip of SPEC."),
    program,
    evaluate,
    _plain("operate", "Sweep input current and supply with the programmed chips of SPEC, as its key operating says."),
    _plain("power", "Voltage drop and current density of the supply straps of SPEC."),
    _plain("signoff", "Judge SPEC's metrics and write the report."),
)
