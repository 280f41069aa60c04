"""All that the layout viewer shows, in one text that lies inside the report."""

import base64
import gzip
import json
from pathlib import Path
from typing import Any

from somaforge.flow.report.layout.nets import MOST_DEVICES, nets
from somaforge.flow.report.layout.shapes import cells, labels, layers
from somaforge.flow.report.layout.violations import violations
from somaforge.pdk.base import Pdk
from somaforge.pdk.layout_file import open_layout


def scene(pdk: Pdk, folders: dict[str, Path], top: str, devices: float) -> dict[str, Any]:
    """Layout of step generate, nets of step lvs, violations of step drc; what a folder lacks is empty."""
    opened = open_layout(folders["generate"] / "layout.gds", top)
    found = layers(pdk, opened)
    indexes = [layer.pop("index") for layer in found]
    database = folders.get("lvs", Path()) / "lvs.lvsdb"
    kept = devices <= MOST_DEVICES and database.is_file()
    return {
        "um": opened.layout.dbu,
        "layers": found,
        "cells": cells(opened, indexes),
        "labels": labels(opened),
        "nets": nets(pdk, database, top, [layer["name"] for layer in found]) if kept else [],
        "rules": violations(folders["drc"], opened.layout.dbu) if "drc" in folders else [],
    }


def packed(found: dict[str, Any]) -> str:
    """The scene as compressed JSON in base64; the same scene gives the same text."""
    text = json.dumps(found, separators=(",", ":"), ensure_ascii=True)
    return base64.b64encode(gzip.compress(text.encode("ascii"), mtime=0)).decode("ascii")
