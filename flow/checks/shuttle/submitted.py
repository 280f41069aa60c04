"""A submission as its checks see it: a folder, read once. Nothing in it is believed that can be looked at."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import klayout.db as kdb

from somaforge.flow.checks import precheck
from somaforge.generator.submission.write import RECORD, files
from somaforge.generator.yaml_file import read_yaml
from somaforge.pdk import Pdk
from somaforge.pdk.def_file import lefdef_options, outline, pin_boxes
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import scratch
from somaforge.pdk.frames import Box, Frame, Numbers
from somaforge.pdk.json_file import read_json
from somaforge.pdk.layout_file import OpenLayout, open_layout

_TOP = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True)
class Abstract:
    """What the LEF says."""

    outline: Box
    pins: Mapping[str, tuple[tuple[str, Box], ...]]
    """Name -> (role of the conductor, or the file's layer where it is none of ours; box)."""


@dataclass(frozen=True)
class Submitted:
    """One folder. What cannot be read raises InputError where it is asked for."""

    pdk: Pdk
    folder: Path
    frame: Frame
    top: str
    limit_s: float
    """For every program that is called."""

    @cached_property
    def paths(self) -> tuple[Path, Path, Path]:
        """GDS, LEF and netlist."""
        gds, lef, spice = files(self.frame.shuttle.name, self.top)
        return self.folder / gds, self.folder / lef, self.folder / spice

    @cached_property
    def present(self) -> Mapping[Numbers, str]:
        """Layers that the GDS holds -> what is on them."""
        return {
            (info.layer, info.datatype): info.name or f"{info.layer}/{info.datatype}"
            for info in self._read.layer_infos()
        }

    @cached_property
    def top_cells(self) -> tuple[str, ...]:
        """Names of the cells that no other one calls."""
        return tuple(sorted(cell.name for cell in self._read.top_cells()))

    @cached_property
    def _read(self) -> kdb.Layout:
        layout = kdb.Layout()
        try:
            layout.read(str(self.paths[0]))
        except RuntimeError as error:
            raise InputError(f"{self.paths[0].name}: cannot be read ({' '.join(str(error).split())})") from error
        return layout

    @cached_property
    def opened(self) -> OpenLayout:
        """The layout with the top cell."""
        return open_layout(self.paths[0], self.top)

    def drawn(self, numbers: Numbers) -> kdb.Region:
        """All shapes on a layer, texts apart, through the hierarchy."""
        return kdb.Region(self.opened.cell.begin_shapes_rec(self.opened.layout.layer(*numbers)), self._store)

    def flat(self, numbers: Numbers) -> kdb.Region:
        """Shapes of the top cell itself."""
        return kdb.Region(self.opened.cell.shapes(self.opened.layout.layer(*numbers)))

    def texts(self, numbers: Numbers) -> list[tuple[str, kdb.Point]]:
        """Names on a layer of the top cell itself."""
        shapes = self.opened.cell.shapes(self.opened.layout.layer(*numbers)).each(kdb.Shapes.STexts)
        return [(shape.text_string, kdb.Point(shape.text.x, shape.text.y)) for shape in shapes]

    @cached_property
    def _store(self) -> kdb.DeepShapeStore:
        return kdb.DeepShapeStore()

    def region(self, boxes: tuple[Box, ...]) -> kdb.Region:
        """Boxes in nm in the layout's database units."""
        unit = self.opened.dbu_from_nm
        found = kdb.Region()
        for box in boxes:
            found.insert(kdb.Box(*map(unit, box)))
        return found

    def place(self, shape: kdb.Box) -> str:
        """A box for a reader, in um."""
        um = shape.to_dtype(self.opened.layout.dbu)
        return f"({um.left:g}, {um.bottom:g}; {um.right:g}, {um.top:g}) um"

    @cached_property
    def abstract(self) -> Abstract:
        """What the LEF says of the top cell; InputError if it cannot be read or has no such macro."""
        layout = kdb.Layout()
        try:
            layout.read(str(self.paths[1]), lefdef_options())
            cell = layout.cell(self.top)
            if cell is None:
                raise ValueError(f"it has no macro {self.top}")
            found, frame = pin_boxes(layout, cell), outline(layout, cell)
        except (RuntimeError, ValueError) as error:
            raise InputError(f"{self.paths[1].name}: {' '.join(str(error).split())}") from error
        roles = {conductor.lef_name: conductor.role for conductor in self.pdk.rules.conductors}
        pins = {name: tuple((roles.get(layer, layer), box) for layer, box in boxes) for name, boxes in found.items()}
        return Abstract(frame, pins)

    @cached_property
    def info(self) -> Mapping[str, Any]:
        """info.yaml."""
        data = read_yaml(self.folder / "info.yaml")
        if not isinstance(data, dict):
            raise InputError("info.yaml: is no mapping of keys to values")
        return data

    @cached_property
    def deck(self) -> Mapping[str, tuple[kdb.DPolygon, ...]]:
        """Markers of every rule of the shuttle's deck, in um; it runs once. ToolError unless all of it ran."""
        with scratch("shuttle") as folder:
            report = folder / "deck.lyrdb"
            counts = precheck.run(self.pdk, self.paths[0], self.top, report, self.limit_s)
            places = precheck.markers(report)
        return {rule: places.get(rule, ()) for rule in counts}


def load(pdk: Pdk, folder: Path, limit_s: float) -> Submitted:
    """The submission in `folder`; InputError if it is none, or if something in it is neither a file nor a folder."""
    try:
        data = read_json(folder / RECORD)
        frame, top = str(data["frame"]), str(data["top"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder}: is no submission of somaforge ({RECORD}: {error})") from error
    # It becomes part of file names and of a script for yosys.
    if not _TOP.fullmatch(top):
        raise InputError(
            f"{folder}: {RECORD}: top {top[:60]!r} is no name of a module (letters, digits, _; 64 at most)"
        )
    for path in sorted(folder.rglob("*")):
        if not path.is_dir() and not path.is_file():
            raise InputError(f"{path}: is neither a file nor a folder; remove it from the submission")
    return Submitted(pdk, folder, pdk.frames.load(frame), top, limit_s)
