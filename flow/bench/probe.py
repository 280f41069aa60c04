"""Which somas of a chip behind a board carry current: the best of at least two paths through each."""

import numpy as np

from somaforge.flow.bench.meter import BoardBench
from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.learning.calibration import Dead
from somaforge.flow.learning.paths import Configuration, configurations_of
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import CheckError

WEAK = 0.4
"""Of what the others give: mismatch moves a whole path by a fifth."""
DARK_A = 3e-11
"""Nothing: below what is told from nothing in QUIET_MS, three times over."""


def through(bench: BoardBench, chip: ProgrammedChip, highest_A: float) -> list[Floats]:
    """Per layer [somas]: the largest output current in A of a path through that soma, full weights and largest code.

    What looks weak is asked again between the best somas of the other layers: its partners may have been the weak ones.
    CheckError if nothing comes through any path.
    """
    layers = chip.design.layers
    best: list[Floats] = [np.zeros(n) for n in layers]
    for configuration in configurations_of(layers, 2):
        _look(bench, chip, highest_A, configuration, best)
    if typical(best) < DARK_A:
        raise CheckError("nothing comes through any path: no reference current into its pin, or no clock or bias")
    good = [int(currents.argmax()) for currents in best]
    for layer, currents in enumerate(best):
        for soma in np.flatnonzero(currents < WEAK * typical(best)):
            nodes = np.array([[soma if at == layer else one] for at, one in enumerate(good)])
            _look(bench, chip, highest_A, Configuration(layers, nodes), best)
    return best


def typical(best: list[Floats]) -> float:
    """Middle of what somas give: of the brighter half, so that a dead partner counts for one soma only."""
    currents = np.sort(np.concatenate(best))
    return float(np.median(currents[len(currents) // 2 :]))


def dead(best: list[Floats]) -> Dead:
    """Somas (layer, soma) that hand nothing on."""
    return tuple((layer, int(s)) for layer, currents in enumerate(best) for s in np.flatnonzero(currents < DARK_A))


def _look(
    bench: BoardBench, chip: ProgrammedChip, highest_A: float, configuration: Configuration, best: list[Floats]
) -> None:
    layers = configuration.layers
    along = np.full((len(layers) - 1, configuration.paths), chip.design.weights.full_scale)
    codes = np.zeros((1, layers[0]), dtype=np.int64)
    codes[0, configuration.nodes[0]] = bench.bank.scale.full
    read = bench.present(chip, codes, np.array([highest_A]), [configuration.program(along)]).outputs[0]
    for layer, nodes in enumerate(configuration.nodes):
        np.maximum.at(best[layer], nodes, read[configuration.nodes[-1]])
