"""What Tiny Tapeout asks for: info.yaml of version 6, docs/info.md, and src/project.v with the power pins.

Source: tt-support-tools of 2026-04-18, `project_info.py` and `project_checks.py`.
"""

from collections.abc import Iterator

from somaforge.generator.submission.chip import FramedChip, Manual, Project, buses
from somaforge.generator.submission.files import Text, in_table, quoted
from somaforge.pdk import Pdk
from somaforge.pdk.templating import render

PINOUT = (("ui", ("ui_in",)), ("uo", ("uo_out",)), ("uio", ("uio_in", "uio_out", "uio_oe")))
"""Keys of the pinout -> buses of the frame that they speak of."""
WIDTH = 8


def texts(pdk: Pdk, chip: FramedChip, project: Project) -> tuple[Text, ...]:
    """The files beside layout, abstract and netlist."""
    top, name = chip.block.name, chip.block.name.removeprefix(chip.frame.shuttle.top)
    supplies = [supply.net for supply in chip.frame.supplies]
    yaml = render(
        "info.yaml.j2",
        name=name,
        title=quoted(project.title),
        author=quoted(project.author),
        discord=quoted(project.discord),
        description=quoted(project.description),
        language=quoted(project.language),
        clock_hz=chip.clock_hz,
        tiles=quoted(chip.frame.size),
        analog_pins=len(chip.analog_used),
        top=quoted(top),
        pinout=[(key, quoted(text)) for key, text in pinout(chip)],
    )
    return (
        Text("info.yaml", yaml),
        Text(
            "src/project.v",
            render("tile.v.j2", name=top, title=project.title, supplies=supplies, buses=buses(chip.frame)),
        ),
        Text("docs/info.md", papers(chip, name)),
    )


def pinout(chip: FramedChip) -> Iterator[tuple[str, str]]:
    """Every key of the pinout with what the pin is for; "" where it is not used."""
    for key, names in PINOUT:
        for number in range(WIDTH):
            said = [chip.uses[pin] for name in names if (pin := f"{name}[{number}]") in chip.uses]
            yield f"{key}[{number}]", ", ".join(said)
    for pin in chip.bonded_pins:
        yield pin, chip.uses.get(pin, "")


def papers(chip: FramedChip, name: str) -> str:
    """docs/info.md."""
    manual = chip.manual
    table = [(pin.name, in_table(chip.uses[pin.name])) for pin in chip.frame.pins if pin.name in chip.uses]
    timing = tuple((in_table(what), in_table(value)) for what, value in manual.timing)
    shown = Manual(manual.how_it_works, timing, manual.how_to_program, manual.how_to_test)
    return render("info.md.j2", name=name, manual=shown, pins=table)
