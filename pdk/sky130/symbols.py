"""sky130's transistors as xschem draws them: the library that open_pdks installs in sky130A/libs.tech/xschem.

Names of files, terminals and attributes: StefanSchippers/xschem_sky130, sky130_fd_pr/nfet_01v8.sym and pfet_01v8.sym of
commit 0cfbf3d; the symbols of the other flavours have their terminals at the same places.
"""

from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130.devices import NETLIST_DEVICES, PREFIX
from somaforge.pdk.symbols import Symbol, Terminals

_LIBRARY = "sky130_fd_pr"
_TERMINALS = {
    "n": Terminals(d=(20, -30), g=(-20, 0), s=(20, 30), b=(20, 0)),
    "p": Terminals(d=(20, 30), g=(-20, 0), s=(20, -30), b=(20, 0)),
}


def symbol(device: str) -> Symbol:
    """Of a transistor; one that no mask layer tells from another has that one's symbol and its own model."""
    found = NETLIST_DEVICES.find(device)
    if found is None or not found.polarity:
        raise InputError(f"{device}: is no transistor of sky130, so xschem's library has no symbol that is drawn here")
    return Symbol(
        file=f"{_LIBRARY}/{found.name}.sym",
        terminals=_TERMINALS[found.polarity],
        attributes={"nf": "1", "model": device.removeprefix(PREFIX), "spiceprefix": "X"},
        width="W",
        length="L",
        parallel="mult",
    )
