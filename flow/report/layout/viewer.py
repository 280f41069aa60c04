"""The viewer as the report's template takes it: its text, its script, and the hash by which a browser knows it."""

import base64
import hashlib
from dataclasses import dataclass

from markupsafe import Markup

from somaforge.flow.report.data import RunData
from somaforge.flow.report.layout.scene import packed, scene
from somaforge.pdk.errors import SomaforgeError
from somaforge.pdk.templating import source


@dataclass(frozen=True)
class Viewer:
    """What stands in the page."""

    scene: Markup
    """Compressed text of letters and digits; "" where the layout could not be read: then the picture is shown."""
    script: Markup
    hash: Markup
    """Of the script, for the page's content security policy: no other script runs."""
    told: str
    """A line for the reader."""


def viewer(run: RunData) -> Viewer:
    """Of the run's macro. A report comes in any case: without a layout that can be read it says why."""
    script = source("viewer.js")
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    try:
        devices = run.metrics["design__transistors__count"]
        found = scene(run.design.pdk, run.folders, run.spec.name, devices)
    except (SomaforgeError, RuntimeError) as error:  # RuntimeError: what KLayout raises
        text, told = "", f"The layout viewer is missing: {' '.join(str(error).split())[:200]}"
    else:
        text = packed(found)
        wires = "click a wire or cell" if found["nets"] else "nets of so large a macro are not kept; click a cell"
        told = f"Drag to move; after a click the wheel zooms; {wires}, or find one by its name."
    return Viewer(Markup(text), Markup(script), Markup(f"sha256-{digest}"), told)
