from somaforge.flow.api import Calibration as Calibration
from somaforge.flow.api import Chip as Chip
from somaforge.flow.api import ChipModule as ChipModule
from somaforge.flow.api import Project as Project
from somaforge.flow.api import load_spec as load_spec

__version__: str
