"""A process that exists in the tests alone: other names, another grid, six plain metals, no cells, no decks."""

from tests.fake_process.checks import CHECKS
from tests.fake_process.layers import LAYERS
from tests.fake_process.models import FakeModels
from tests.fake_process.rules import DEVICES, GRID_NM, RULES
from tests.fake_process.wires import WIRES

from somaforge.pdk.base import Pdk
from somaforge.pdk.data import Data

FAKE = Pdk(
    name="fake",
    grid_nm=GRID_NM,
    layers=LAYERS,
    rules=RULES,
    devices=DEVICES,
    max_supply_V=2.0,
    wires=WIRES,
    checks=CHECKS,
    data=Data("fake", (), {}),
    models=FakeModels(),
)
