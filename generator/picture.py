"""Pictures of layouts: every layer in its own colour, wells pale below, metals on top."""

from pathlib import Path

import klayout.lay as lay

from somaforge.pdk import Pdk
from somaforge.pdk.files import atomic_path

STYLE: tuple[tuple[str, int, int], ...] = (
    ("well", 0xE8F0D8, 0),
    ("active", 0x4FA04F, 0),
    ("tap", 0xA8C878, 0),
    ("gate", 0xC83232, 0),
    ("contact", 0x303030, 0),
    ("local", 0x9A7FD1, 5),
    ("local_via", 0x303030, 0),
    ("inner", 0x3C78D8, 5),
    ("inner_via", 0x1C3C6C, 0),
    ("row", 0xD87FB8, 9),
    ("row_via", 0x6C1C4C, 0),
    ("column", 0x38B0B0, 10),
    ("column_via", 0x0C4C4C, 0),
    ("strap", 0xD89030, 6),
    ("strap_via", 0x6C4808, 0),
    ("top", 0x808080, 6),
)
"""Role of a layer, colour, KLayout fill pattern (0 solid, others hatched), in the order in which they are drawn."""


def write_picture(pdk: Pdk, layout: Path, cell: str, picture: Path, width: int = 1600, height: int = 1200) -> None:
    """Draw one cell of a layout file to a PNG of width x height pixels: its box in the middle, as large as fits."""
    view = lay.LayoutView()
    view.set_config("background-color", "#ffffff")
    view.set_config("grid-visible", "false")
    view.set_config("text-visible", "false")
    view.load_layout(str(layout))
    view.clear_layers()
    for name, colour, pattern in STYLE:
        if name not in pdk.layers:
            continue
        number, datatype = pdk.layers[name]
        node = lay.LayerPropertiesNode()
        node.source = f"{number}/{datatype}@1"
        node.fill_color = colour
        node.frame_color = colour
        node.dither_pattern = pattern
        node.width = 1
        view.insert_layer(view.end_layers(), node)
    view.active_cellview().cell_name = cell
    view.max_hier()
    view.zoom_box(view.active_cellview().cell.dbbox())
    with atomic_path(picture) as beside:
        view.save_image(str(beside), width, height)
