"""Writes the folder that a shuttle is sent: by its family of frames, whole or not at all."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from somaforge.generator import lef
from somaforge.generator.submission import caravel, tiny_tapeout
from somaforge.generator.submission.chip import FramedChip, Project
from somaforge.generator.submission.files import Text
from somaforge.pdk import Pdk
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import atomic_write
from somaforge.pdk.layout_file import open_layout

RECORD = "submission.json"
"""What the folder is of: frame and top cell, for the checks; beside the shuttle's own files."""


@dataclass(frozen=True)
class Family:
    """Where the files of a chip go for one family of frames."""

    gds: str
    """With {top} for the name of the top cell, as the others."""
    lef: str
    spice: str
    texts: Callable[[Pdk, FramedChip, Project], tuple[Text, ...]]


FAMILIES: Mapping[str, Family] = {
    "tiny-tapeout": Family("gds/{top}.gds", "lef/{top}.lef", "spice/{top}.spice", tiny_tapeout.texts),
    "caravel": Family("gds/{top}.gds", "lef/{top}.lef", "xschem/{top}.spice", caravel.texts),
    # a new family: its module above, its line here
}


def family_of(shuttle: str) -> Family:
    """InputError if nothing is known about submissions to that shuttle."""
    if shuttle not in FAMILIES:
        raise InputError(f"submission: nothing is known of what {shuttle} asks for (known: {', '.join(FAMILIES)})")
    return FAMILIES[shuttle]


def files(shuttle: str, top: str) -> tuple[str, str, str]:
    """GDS, LEF and netlist of a chip in its folder."""
    family = family_of(shuttle)
    return family.gds.format(top=top), family.lef.format(top=top), family.spice.format(top=top)


def write(pdk: Pdk, chip: FramedChip, project: Project, layout: Path, netlist: Path, folder: Path) -> None:
    """Fill `folder`, which must not be there yet, with what the shuttle asks for; `layout` holds the drawn chip.

    InputError if the layout has no such cell or text and names are not fit for the shuttle.
    """
    family, top = family_of(chip.frame.shuttle.name), chip.block.name
    gds, abstract, spice = files(chip.frame.shuttle.name, top)
    texts = family.texts(pdk, chip, project)
    opened = open_layout(layout, top)
    folder.mkdir(parents=True)
    try:
        for place in (gds, spice):
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(layout, folder / gds)
        shutil.copyfile(netlist, folder / spice)
        made = lef.abstract(opened.layout, pdk, chip.block)
        atomic_write(folder / abstract, lef.lef(made, pdk.rules))
        for text in texts:
            atomic_write(folder / text.place, text.content)
        record = {"frame": chip.frame.name, "top": top, "files": {"gds": gds, "lef": abstract, "spice": spice}}
        atomic_write(folder / RECORD, json.dumps(record, indent=1) + "\n")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
