"""Writes the schematics of a library of circuits: <circuit>.sch and <circuit>.sym for each."""

from pathlib import Path

from somaforge.generator.circuit import Library
from somaforge.generator.names import cell_name
from somaforge.generator.xschem.sheet import Sheet, bus_label
from somaforge.generator.xschem.sides import sides
from somaforge.generator.xschem.symbol import Box
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import atomic_write
from somaforge.pdk.symbols import Symbols


def schematics(library: Library, symbols: Symbols) -> dict[str, str]:
    """File -> text. InputError for devices that are no transistors, and for transistors without a symbol."""
    for circuit in library.circuits.values():
        if circuit.elements:
            raise InputError(
                f"{circuit.name}: {circuit.elements[0].name} is no transistor; no schematic is drawn of it"
            )
    places = sides(library, symbols)
    boxes = {name: Box(circuit, places[name]) for name, circuit in library.circuits.items()}
    bus = f"{cell_name(library.top, 'bus')}.sym"
    files = {bus: bus_label()}
    for name, circuit in library.circuits.items():
        files[f"{name}.sym"] = boxes[name].text()
        files[f"{name}.sch"] = Sheet(circuit, boxes, symbols, bus).text()
    return files


def write_schematics(library: Library, symbols: Symbols, folder: Path) -> None:
    """Into an existing folder."""
    for name, content in schematics(library, symbols).items():
        atomic_write(folder / name, content)
