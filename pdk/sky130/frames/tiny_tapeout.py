"""Tiny Tapeout's analog tiles, from the shuttle's own templates (NOTICE says where they come from).

What a tile must keep to is in the shuttle's checker (tt-support-tools, `precheck/`): supplies in `pin_check.py`, layers
and names in `tech_data.py` and `precheck.py`, analog pins in `project_info.py`.
"""

from functools import cache, partial
from pathlib import Path

from somaforge.pdk.def_file import read_def
from somaforge.pdk.errors import ToolError
from somaforge.pdk.frames import Frame, FramePin, FrameSupply, Shuttle
from somaforge.pdk.sky130.frames.common import APART, MAGIC, NAMES_OVER
from somaforge.pdk.sky130.frames.layers import ALLOWED
from somaforge.pdk.sky130.gds import DRAWN, LABELS, PINS
from somaforge.pdk.sky130.layers import ROLES

SIZES = ("1x2", "2x2", "3x2", "4x2", "6x2")
_ROLE = {name: role for role, name in ROLES.items()}

SHUTTLE = Shuttle(
    name="tiny-tapeout",
    top="tt_um_",
    allowed=ALLOWED,
    forbidden={DRAWN["met5"]: "met5", PINS["met5"]: "met5 pin", LABELS["met5"]: "met5 label"},
    bad_in_cell_names="#/",
    names_over=NAMES_OVER,
    apart=APART,
    analog="ua",
    bonded=6,
    not_run=(MAGIC,),
)

SUPPLIES = (
    FrameSupply("VDPWR", ground=False, layer=_ROLE["met4"], min_width_nm=1200, from_edge_nm=10_000),
    FrameSupply("VGND", ground=True, layer=_ROLE["met4"], min_width_nm=1200, from_edge_nm=10_000),
)
"""The third one, VAPWR of 3.3 V, belongs to templates that are not here: their signals lie elsewhere."""


@cache
def tile(size: str) -> Frame:
    """The tile of that size; ToolError if its template is not as it was."""
    outline, pins = read_def(Path(__file__).parent / f"tt_analog_{size}.def")
    if outline[:2] != (0, 0):
        raise ToolError(f"frame {size}: its template does not begin at the origin")
    return Frame(
        name=f"{SHUTTLE.name}-{size}",
        shuttle=SHUTTLE,
        outline=outline,
        pins=tuple(
            FramePin(
                name,
                direction,
                "analog" if name.startswith("ua[") else "digital",
                tuple((_ROLE[layer], box) for layer, box in shapes),
            )
            for name, (direction, shapes) in pins.items()
        ),
        supplies=SUPPLIES,
        highest=_ROLE["met4"],
        size=size,
        origin="tt-support-tools of 2026-04-18, tech/sky130A/def/analog",
        licence="Apache-2.0",
    )


MAKERS = {f"{SHUTTLE.name}-{size}": partial(tile, size) for size in SIZES}
