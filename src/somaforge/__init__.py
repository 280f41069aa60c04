"""somaforge compiles a short spec of an analog neural network into silicon and proves that it works.

    import somaforge

    project = somaforge.Project("own.yaml")
    chip = project.chip(seed=1)
    codes = chip.train()
    print(chip.accuracy(codes))

docs/api.md has the rest. The names are in flow.api; they are imported when they are asked for, because every module of
somaforge imports this one, and by text, because a step's key follows the imports of its code.
"""

import importlib

__version__ = "0.2.0.dev0"
__all__ = ["Calibration", "Chip", "ChipModule", "Project", "__version__", "load_spec"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("somaforge.flow.api"), name)


def __dir__() -> list[str]:
    return __all__
