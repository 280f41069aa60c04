"""What `import somaforge` offers (docs/api.md): a project, its chips, and a torch module that is a chip."""

from somaforge.flow.api.chip import Chip
from somaforge.flow.api.module import ChipModule
from somaforge.flow.api.project import Project, load_spec
from somaforge.flow.learning.calibration import Calibration

__all__ = ["Calibration", "Chip", "ChipModule", "Project", "load_spec"]
