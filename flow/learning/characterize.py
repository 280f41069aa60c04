"""Measures a chip as a tester would: programs weights, sets input currents, reads output currents. Nothing else.

The paper's procedure: connect one input soma to one hidden soma to one output soma with full weights, sweep the input
current, fit a line through the origin. The slope of a path is the product of its somas' slopes; many paths over
different synapses give the slope of every soma by least squares on logarithms. Paths without a common soma are
measured at the same time. Then one weight on the way is made smaller (linearity of the code), or a second soma of the
same layer takes current away from it (strength of the negative weight).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from somaforge.flow.engines.base import Engine, Program, ProgrammedChip
from somaforge.flow.learning.calibration import Calibration, Dead
from somaforge.flow.learning.paths import Configuration, configurations_around
from somaforge.flow.learning.tester import Bench
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import CheckError

Ints = npt.NDArray[np.int64]
LEVELS = (0.1, 0.25, 0.5, 1.0)
"""Input currents of the sweep, relative to the largest one in use."""
SPREAD = 0.05
"""What is left of a path beside slopes, relative: the mismatch of its synapses (5 % at full code on sky130). A reading
with more noise than that counts less."""
VISITS = 10
"""Paths through every soma: averages the mismatch of single synapses (5 % at full code on sky130) to a third."""
CODE_SHOTS = 3
"""Measurements of smaller codes for each matrix; every path has another code in each."""
NEGATIVE_SHOTS = 4
"""Measurements of the negative weights of each matrix; a path with twice its rival's current is read in each."""


@dataclass(frozen=True)
class Transfer:
    """Measured sweeps, for the transfer curves in the report (Fig. 5b of the paper)."""

    nodes: Ints
    """[configurations, layers, paths]: the soma that a path visits in each layer."""
    inputs: Floats
    """[levels] in A."""
    outputs: Floats
    """[configurations, levels, paths] in A."""


@dataclass(frozen=True)
class Characterization:
    """What the tester learned and how well the measurement went."""

    calibration: Calibration
    transfer: Transfer
    exponent: float
    """Mean exponent of output over input current of one soma with its synapse; 1 is a straight line."""
    code_samples: tuple[tuple[int, float], ...]
    """(code, measured gain in units) of single synapses; the calibration's table is a fit to them."""
    patterns: int
    unsettled: float
    """Largest DcResult.unsettled."""
    attempts: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class _Shot:
    """One measurement on one configuration: weights along the paths, currents, and what differs from full weight."""

    index: int
    """Of the configuration."""
    configuration: Configuration
    program: Program
    inputs: Floats
    matrix: int = 0
    codes: Ints | None = None
    """[paths] codes in `matrix`."""
    currents: Floats | None = None
    """[paths] input currents relative to the largest, where a rival with the negative full code pulls."""


def characterize(
    engine: Engine,
    chip: ProgrammedChip,
    full_scale_A: float,
    *,
    visits: int = VISITS,
    levels: tuple[float, ...] = LEVELS,
    dead: Dead = (),
) -> Characterization:
    """Calibration of `chip`, whose own weights do not matter, with input currents up to `full_scale_A`. No path goes
    through somas that are known as `dead`.

    CheckError that names a path through which nothing comes at the largest current. ToolError from the engine.
    """
    bench = Bench.of(engine)
    layers, full = chip.design.layers, chip.design.weights.full_scale
    configurations = configurations_around(layers, visits, dead)
    currents: Floats = full_scale_A * np.sort(np.array(levels))
    whole = np.full((len(layers) - 1, configurations[0].paths), full)
    sweep = [_Shot(i, c, c.program(whole), c.inputs(x)) for i, c in enumerate(configurations) for x in currents]
    extra = [
        shot
        for m in range(len(layers) - 1)
        for shot in (
            *_code_shots(configurations, full, m, currents[-1]),
            *_negative_shots(configurations, full, m, currents[-1], bench.nearest(0.5)),
        )
    ]
    shots = [*sweep, *extra]
    result = bench.dc(chip, np.array([s.inputs for s in shots]), [s.program for s in shots])
    read = np.array([result.outputs[i, s.configuration.nodes[-1]] for i, s in enumerate(shots)])
    swept = read[: len(sweep)].reshape(len(configurations), len(currents), -1)
    seen = bench.saw(swept)
    _refuse_dead(configurations, seen[:, -1], swept[:, -1])
    noise = bench.error(swept) / np.where(seen, swept, 1.0)
    weight: Floats = np.where(seen, SPREAD**2 / (SPREAD**2 + noise**2), 0.0)

    exponent = _stage_exponent(swept, weight, currents, len(layers))
    slopes, residuals = _fit_slopes(configurations, swept, weight, currents, full, exponent)
    # current into the soma behind the changed weight, relative to the same path with full weights
    ratios = [
        (s, (np.maximum(r, 0.0) / swept[s.index, -1]) ** (exponent ** -(len(layers) - 1 - s.matrix)))
        for s, r in zip(extra, read[len(sweep) :], strict=True)
    ]
    samples = tuple(
        (int(c), full * float(r))
        for shot, row in ratios
        if shot.codes is not None
        for c, r in zip(shot.codes, row, strict=True)
    )
    return Characterization(
        Calibration(
            slopes,
            residuals,
            _strengths(ratios, slopes, exponent),
            _code_gain(samples, full),
            tuple(map(float, currents)),
            exponent,
            dead=dead,
        ),
        Transfer(np.array([c.nodes for c in configurations]), currents, swept),
        exponent,
        samples,
        len(shots),
        float(result.unsettled.max()),
        result.effort.attempts,
        result.effort.seconds,
    )


def _refuse_dead(configurations: list[Configuration], seen: npt.NDArray[np.bool_], read: Floats) -> None:
    """CheckError if a path [configurations, paths] carries nothing at the largest input current."""
    dead = np.argwhere(~seen)
    if len(dead):
        c, p = dead[0]
        way = " - ".join(str(int(n)) for n in configurations[c].nodes[:, p])
        nodes = np.array([configuration.nodes.T for configuration in configurations])  # [configurations, paths, layers]
        alone = [
            f"soma {soma} of layer {layer}"
            for layer in range(nodes.shape[2])
            for soma in np.unique(nodes[..., layer])
            if not seen[nodes[..., layer] == soma].any()
        ]
        suspect = f"; none of those through {', '.join(alone[:4])} is alive" if alone else ""
        raise CheckError(
            f"characterization: nothing comes through the path of somas {way}, one per layer ({read[c, p]:.2g} A"
            f" read; {len(dead)} of {seen.size} paths{suspect}); the chip is dead there"
        )


def _code_shots(configurations: list[Configuration], full: int, matrix: int, current: float) -> list[_Shot]:
    """Codes below full scale, another one on every path."""
    shots = []
    for k in range(min(full - 1, CODE_SHOTS)):
        c = configurations[k % len(configurations)]
        codes = 1 + (np.arange(c.paths) + k) % (full - 1)
        along = np.full((len(c.layers) - 1, c.paths), full)
        along[matrix] = codes
        shots.append(_Shot(k % len(configurations), c, c.program(along), c.inputs(current), matrix, codes))
    return shots


def _negative_shots(
    configurations: list[Configuration], full: int, matrix: int, current: float, half: float
) -> list[_Shot]:
    """Each path against its rival, a soma of the same layer with `half` the current and the negative full code."""
    if configurations[0].layers[matrix] == 1:
        return []  # no rival: _strengths takes the other matrices
    shots = []
    for k in range(NEGATIVE_SHOTS):
        index = k % len(configurations)
        c = configurations[index]
        program = c.program(np.full((len(c.layers) - 1, c.paths), full))
        rivals = c.rivals[matrix]
        program[matrix][rivals, c.nodes[matrix + 1]] = -full
        relative = np.where(np.arange(c.paths) % 2 == k % 2, 1.0, half)
        inputs = c.inputs(current)
        if c.paths > 1:
            inputs[c.nodes[0]] *= relative
        elif matrix == 0:
            relative[:] = 1.0
            inputs[rivals] = current * half
        else:  # the only path feeds its rival, too, with about half the weight
            if full == 1:
                return []
            relative[:] = 1.0
            program[matrix - 1][c.nodes[matrix - 1], rivals] = full // 2
        shots.append(_Shot(index, c, program, inputs, matrix, currents=relative))
    return shots


def _fit_slopes(
    configurations: list[Configuration], swept: Floats, weight: Floats, currents: Floats, full: int, exponent: float
) -> tuple[tuple[tuple[float, ...], ...], tuple[tuple[float, ...], ...]]:
    """Slopes and residuals per soma by least squares on logarithms of the calibration's law; `weight` of each reading.

    With J the current relative to the largest, a path of layers 0 .. n-1 ends in
    log(J_out) = q^n log(J_in) + sum over l of q^(n-1-l) log(slope_l) + sum over matrices m of q^(n-1-m) log(full).
    """
    layers = configurations[0].layers
    offsets = np.concatenate([[0], np.cumsum(layers)])
    powers = exponent ** np.arange(len(layers) - 1, -1, -1.0)  # of the slope of each layer
    logs = (
        np.log(np.where(weight > 0, swept, 1.0) / currents[-1])
        - exponent ** len(layers) * np.log(currents / currents[-1])[None, :, None]
    )
    logs -= powers[:-1].sum() * np.log(full)
    columns = np.array([offsets[:-1, None] + c.nodes for c in configurations])  # [configurations, layers, paths]
    rows = columns.transpose(0, 2, 1).reshape(-1, len(layers))
    matrix = np.zeros((len(rows), offsets[-1]))
    np.put_along_axis(matrix, rows, powers[None, :], axis=1)
    whole = weight.sum(axis=1)
    known, root = ((weight * logs).sum(axis=1) / whole).reshape(-1), np.sqrt(whole / whole.max()).reshape(-1)
    solution: Floats = np.linalg.lstsq(matrix * root[:, None], known * root, rcond=None)[0]
    visited = np.isin(np.arange(offsets[-1]), rows)  # all but dead somas, whose slope is the mean one
    parts = [(solution[a:b], visited[a:b]) for a, b in pairwise(offsets)]
    means = np.array([p[there].mean() for p, there in parts])
    common = float((powers * means).sum() / powers.sum())  # the scale between layers is free: equal geometric means
    slopes = tuple(
        tuple(float(v) for v in np.exp(np.where(there, p - mean, 0.0) + common))
        for (p, there), mean in zip(parts, means, strict=True)
    )
    fitted = (matrix @ solution).reshape(len(configurations), 1, -1)
    squares = ((weight * (logs - fitted) ** 2).sum(axis=1) / whole).reshape(-1)
    rms = [np.sqrt(squares[(rows == i).any(axis=1)].mean()) if visited[i] else 0.0 for i in range(offsets[-1])]
    residuals = tuple(tuple(float(v) for v in rms[a:b]) for a, b in pairwise(offsets))
    return slopes, residuals


def _stage_exponent(swept: Floats, weight: Floats, currents: Floats, stages: int) -> float:
    """Exponent of one stage: slope of log(output) over log(input) within all paths, shared equally by the stages."""
    if len(currents) < 2:
        return 1.0
    x = np.broadcast_to(np.log(currents)[None, :, None], swept.shape)
    y = np.log(np.where(weight > 0, swept, 1.0))
    centre = (weight * x).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
    slope = float((weight * (x - centre) * y).sum() / (weight * (x - centre) ** 2).sum())
    return float(max(slope, 0.5) ** (1 / stages))


def _code_gain(samples: tuple[tuple[int, float], ...], full: int) -> tuple[float, ...]:
    """Gain of every code from a one-parameter fit, gain = c (1 + bend (1 - c / full)).

    What bends the code is the drop over the sign switch, proportional to the current. A single code of a single
    synapse is off by its mismatch (13 to 20 % for one unit), so free numbers per code would be mostly noise.
    """
    codes = np.array([c for c, _ in samples], dtype=float)
    gains = np.array([g for _, g in samples])
    x = codes * (1 - codes / full)
    weight = 1 / np.maximum(codes, 1)  # variance grows with the number of units
    bend = float((weight * x * (gains - codes)).sum() / (weight * x * x).sum()) if len(samples) else 0.0
    every = np.arange(full + 1)
    return tuple(float(v) for v in every * (1 + bend * (1 - every / full)))


def _strengths(
    ratios: list[tuple[_Shot, Floats]], slopes: tuple[tuple[float, ...], ...], exponent: float
) -> tuple[float, ...]:
    """Strength of the negative weight per matrix: what the rivals took away over what they would have added."""
    found: list[list[float]] = [[] for _ in range(len(slopes) - 1)]
    for shot, row in ratios:
        if shot.currents is None:
            continue
        c, m = shot.configuration, shot.matrix
        for p in range(c.paths):
            if c.paths > 1:
                q = (p + 1) % c.paths
                weaker = float(shot.currents[q] / shot.currents[p])
                hops = [slopes[k][c.nodes[k, q]] / slopes[k][c.nodes[k, p]] for k in range(m + 1)]
            else:
                full = int(shot.program[m].max())
                given = shot.inputs[c.rivals[0, 0]] / shot.inputs[c.nodes[0, 0]]
                weaker = float(given) if m == 0 else (full // 2) / full
                hops = [slopes[m][c.rivals[m, 0]] / slopes[m][c.nodes[m, 0]]]
            if weaker < 1:
                strength = weaker  # current of the rival's synapse over the path's, soma after soma
                for hop in hops:
                    strength = hop * strength**exponent
                found[m].append(float(1 - row[p]) / strength)
    measured = [float(np.mean(f)) for f in found if f]
    other = float(np.mean(measured)) if measured else 1.0
    return tuple(float(np.mean(f)) if f else other for f in found)
