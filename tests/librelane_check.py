"""Loads a LibreLane configuration as LibreLane does, by the variables of its flow Classic: python librelane_check.py
CONFIG. Runs in an interpreter that has the package librelane; nothing of a process has to be installed. Variables that
the process's own files set are left out; an unknown key, a wrong type or a missing file is an error."""

import json
import sys
from pathlib import Path

import yaml
from librelane.config import Config
from librelane.config.flow import flow_common_variables
from librelane.flows import Flow


def check(path: Path) -> dict[str, object]:
    """What LibreLane makes of the macros; its InvalidConfig otherwise."""
    flow = Flow.factory.get("Classic")
    every = [*flow_common_variables, *(v for step in flow.Steps for v in step.config_vars), *flow.config_vars]
    data = yaml.safe_load(path.read_text())
    (path.parent / data["PDK"]).mkdir(exist_ok=True)  # the folder of the process must be there, not what is in it
    known = [v for v in {v.name: v for v in every}.values() if not v.pdk or v.name in data]
    config, _ = Config.load(
        {**data, "PDK_ROOT": str(path.parent)},
        known,
        design_dir=str(path.parent),
        pdk_root=str(path.parent),
        _load_pdk_configs=False,
    )
    macros = config["MACROS"]
    return {
        "macros": {name: sorted(macro.instances) for name, macro in macros.items()},
        "power": config["PDN_MACRO_CONNECTIONS"],
        "libraries": {name: sorted(macro.lib) for name, macro in macros.items()},
    }


if __name__ == "__main__":
    print(json.dumps(check(Path(sys.argv[1]).absolute())))
