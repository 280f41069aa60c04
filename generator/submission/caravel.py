"""What Caravel's analog harness asks for: the wrapper's netlist, the modes of its pads, and how to run its LVS.

Source: cf_precheck 1.3.7: `checks/gpio_defines.py` (which pads need a mode, and the modes), `be_checks/lvs_config.md`.
"""

from collections.abc import Iterator

from somaforge.generator.submission import tiny_tapeout
from somaforge.generator.submission.chip import FramedChip, Project, buses
from somaforge.generator.submission.files import Text
from somaforge.pdk import Pdk
from somaforge.pdk.errors import InputError
from somaforge.pdk.templating import render

PADS = (*range(5, 14), *range(25, 38))
"""Pads whose mode the project says; 0 to 4 are the management's, 14 to 24 are the analog ones."""
_ANALOG_FROM = 7
"""gpio_analog[n] is the pad of io_in[n + 7]."""
_GAP_FROM, _GAP = 14, 11
"""io_in[n] is pad n below 14 and pad n + 11 from there on."""


def modes(chip: FramedChip) -> Iterator[tuple[int, str]]:
    """Mode of every pad: of the project where it uses the pad, else an input of the management."""
    for pad in PADS:
        line = pad if pad < _GAP_FROM else pad - _GAP
        analog = {f"{bus}[{line - _ANALOG_FROM}]" for bus in ("gpio_analog", "gpio_noesd")}
        takes = f"io_in[{line}]" in chip.uses
        gives = f"io_out[{line}]" in chip.uses
        if analog & chip.uses.keys():
            yield pad, "GPIO_MODE_USER_STD_ANALOG"
        elif takes and gives:
            yield pad, "GPIO_MODE_USER_STD_BIDIRECTIONAL"
        elif gives:
            yield pad, "GPIO_MODE_USER_STD_OUTPUT"
        elif takes:
            yield pad, "GPIO_MODE_USER_STD_INPUT_NOPULL"
        else:
            yield pad, "GPIO_MODE_MGMT_STD_INPUT_NOPULL"


def texts(pdk: Pdk, chip: FramedChip, project: Project) -> tuple[Text, ...]:
    """The files beside layout, abstract and netlist. InputError if the process has no library of cells."""
    if pdk.cells is None:
        raise InputError(f"submission: {pdk.name} has no standard cells, which the shuttle's LVS asks for")
    top = chip.block.name
    config = render(
        "lvs_config.json.j2",
        name=top,
        library=pdk.cells.name,
        top=top,
        netlist=f"xschem/{top}.spice",
        layout=f"gds/{top}.gds",
    )
    return (
        Text("verilog/rtl/user_defines.v", render("user_defines.v.j2", name=project.title, modes=list(modes(chip)))),
        Text(
            f"verilog/rtl/{top}.v",
            render("tile.v.j2", name=top, title=project.title, supplies=[], buses=buses(chip.frame)),
        ),
        Text(f"lvs/{top}/lvs_config.json", config),
        Text("docs/info.md", tiny_tapeout.papers(chip, top)),
    )
