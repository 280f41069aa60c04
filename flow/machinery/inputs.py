"""What a step may read: the files that other steps promised to write and that its own key depends on, and no others."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from somaforge.pdk.errors import SomaforgeError


class StepError(SomaforgeError):
    """A step broke its own declaration: a fault of somaforge, not of the user."""

    exit_code = 3


@dataclass(frozen=True)
class Inputs:
    """Finished folders of the steps that a step declared, by name; crosses into other processes."""

    folders: Mapping[str, Path]
    """Only for those who look at whole folders (`folder`); files are asked for by `file`."""
    files: Mapping[str, Collection[str]]
    """By step, the files whose contents are part of the reader's key."""
    whole: bool = False
    """Whether records of the steps (metrics, configuration, cost) may be read too: sign-off's alone."""

    def file(self, step: str, name: str) -> Path:
        """A file that another step made, or a folder of such files.

        StepError if the step was not declared, if the file is none that it promised, or if it is not there.
        """
        path = self._declared(step, name) / name
        known = self.files.get(step)
        if known is not None and name not in known and not any(file.startswith(f"{name}/") for file in known):
            raise StepError(f"a step reads {step}/{name}, which {step} does not promise; this is a fault of somaforge")
        if not path.exists():
            raise StepError(f"{step} did not make {name}; this is a fault of somaforge")
        return path

    def folder(self, step: str) -> Path:
        """A step's folder with its records; StepError unless the reader declared that it reads these."""
        if not self.whole:
            raise StepError(f"a step reads the records of {step} without declaring it; this is a fault of somaforge")
        return self._declared(step, "its records")

    def also(self, name: str, folder: Path) -> "Inputs":
        """With a finished part of the reading step itself, which its other parts read."""
        return replace(self, folders={**self.folders, name: folder})

    def _declared(self, step: str, what: str) -> Path:
        if step not in self.folders:
            raise StepError(f"a step reads {step}/{what} without declaring {step}; this is a fault of somaforge")
        return self.folders[step]
