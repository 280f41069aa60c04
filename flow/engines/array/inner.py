"""The inner nodes of synapses and the columns that they end in, as compiled loops.

A synapse has the inner nodes p_source, n_source and one node per bit. With the rails and the column's voltage given,
only these are unknown; each bit's node touches the two sources alone, so it is eliminated by hand, the two sources by
Cramer's rule, and what remains is the output current and its slope at the column. One synapse after the other is
solved to its end, with what it needs in the processor's nearest cache; loops release the interpreter's lock.
"""

import numpy as np

from somaforge.flow.engines.array.kernels import Scale, Sizes, exact, look, one_mirror
from somaforge.flow.engines.array.network import Ints
from somaforge.pdk.arrays import Bools, Floats

Table = tuple[tuple[Floats, ...], Sizes, Scale, float]
"""Of p mirrors per bit, n mirrors per bit, switch, p and n sign switch; their common sizes and scale; supply in V."""
Synapses = tuple[Bools, Bools, Floats, Floats, Floats]
"""Bits that are on [synapses, bits], synapses that are negative; gates of the switches and of both sign switches."""
Diode = tuple[Floats, Sizes, Scale, Floats, int, int]
"""Of the somas at the columns, see Somas.diode; without units (the last), columns are held at their voltages."""

GMIN_S = 1e-15
"""At every inner node, as in ngspice (base options of the reference engine)."""
STEP_V = 0.25
"""Largest Newton step of an inner node."""
BEYOND_V = 0.3
"""How far an inner node can be beyond the supplies."""
ROUNDS = 80
FULL_ROUNDS = 10
"""Later steps are shortened: Newton's method can circle around a kink of the tables, where the slope jumps."""
SHORTER = 0.6
TOLERANCE = 1e-5
"""Of the sum of a column's branch currents, or of a synapse's row; what is left after the last step is far less."""
ABSOLUTE_A = 1e-15
COLUMN_STEP_V = 0.1
P, N, BITS = 0, 1, 2
"""Places in a state: the two sources, then the nodes of the bits."""
MOVE, BY_COLUMN, BY_P, BY_N, SWITCH = range(5)
"""What linearise says of a node: its step, that per volt of the column and of the two sources; the switch's slope."""


@exact
def start(
    supply: float, on: Bools, negative: bool, p_gate: Floats, n_gate: Floats, column: float, state: Floats
) -> None:
    """A first guess of the state [2 + bits] for a column's voltage.

    The live source is at its rail and the other floats: it follows the nodes that are on, unless its mirrors do
    not conduct there.
    """
    if negative:
        state[P] = min(max(column - 0.03, supply - p_gate.mean()), supply)
        state[N] = 0.005
    else:
        state[P] = supply - 0.005
        state[N] = max(min(column + 0.03, n_gate.mean()), 0.0)
    off = state[N] if negative else state[P]
    for b in range(len(on)):
        state[BITS + b] = (column - 0.01 if negative else column + 0.02) if on[b] else off


@exact
def linearise(
    table: Table,
    count: Floats,
    gates: tuple[Floats, Floats, Floats, float, float],
    column: float,
    state: Floats,
    moves: Floats,
) -> tuple[float, float, float, float]:
    """One Newton step's equations of one synapse at the column's voltage.

    count [bits]: parallel transistors of a mirror; gates: of p mirrors, n mirrors and switches [bits], of both sign
    switches, all in V of n-channel sign. Writes moves [5, 2 + bits]. Output current in A at the solution of the
    linearised inner equations, its slope, the current of the p sign switch there, and how far the inner equations move
    the currents of the switches.
    """
    flats, sizes, scale, supply = table
    p_gate, n_gate, w_gate, p_sign_gate, n_sign_gate = gates
    bits = len(count)
    p_source, n_source = state[P], state[N]
    p_sign = look(flats[2 * bits + 1], sizes, scale, p_sign_gate, supply - p_source, 0.0)
    n_sign = look(flats[2 * bits + 2], sizes, scale, n_sign_gate, n_source, 0.0)
    # what flows into the sources, and the matrix; p branches count voltages down, so their derivatives change sign
    f_p, f_n = p_sign[0] + GMIN_S * (supply - p_source), -n_sign[0] - GMIN_S * n_source
    pp, nn, pn, np_ = -p_sign[2] - GMIN_S, -n_sign[2] - GMIN_S, 0.0, 0.0
    p_const, p_by_v, n_const, n_by_v = 0.0, 0.0, 0.0, 0.0
    current, slope, by_p, by_n = 0.0, 0.0, 0.0, 0.0
    for b in range(bits):
        node, units = state[BITS + b], count[b]
        p = look(flats[b], sizes, scale, p_gate[b], supply - node, supply - p_source)
        n = look(flats[bits + b], sizes, scale, n_gate[b], node, n_source)
        w = look(flats[2 * bits], sizes, scale, w_gate[b], node, column)
        p_drain, p_by, n_drain, n_by = units * p[2], units * p[3], units * n[2], units * n[3]
        own = 1.0 / (p_drain + n_drain + w[2] + GMIN_S)
        # the node moves by to + to_p * dp + to_n * dn + to_v * dv
        to, to_p, to_n, to_v = (units * (p[0] - n[0]) - w[0]) * own, -p_by * own, -n_by * own, -w[3] * own
        f_p -= units * p[0]
        f_n += units * n[0]
        pp += p_by + p_drain * to_p
        nn += n_by + n_drain * to_n
        pn += p_drain * to_n
        np_ += n_drain * to_p
        p_const -= p_drain * to
        p_by_v -= p_drain * to_v
        n_const -= n_drain * to
        n_by_v -= n_drain * to_v
        current += w[0] + w[2] * to
        slope += w[3] + w[2] * to_v
        by_p += w[2] * to_p
        by_n += w[2] * to_n
        moves[MOVE, BITS + b], moves[BY_COLUMN, BITS + b] = to, to_v
        moves[BY_P, BITS + b], moves[BY_N, BITS + b], moves[SWITCH, BITS + b] = to_p, to_n, w[2]
    share = 1.0 / (pp * nn - pn * np_)
    p_const, n_const = p_const - f_p, n_const - f_n
    dp, dn = (p_const * nn - pn * n_const) * share, (pp * n_const - np_ * p_const) * share
    dp_v, dn_v = (p_by_v * nn - pn * n_by_v) * share, (pp * n_by_v - np_ * p_by_v) * share
    moves[MOVE, P], moves[MOVE, N], moves[BY_COLUMN, P], moves[BY_COLUMN, N] = dp, dn, dp_v, dn_v
    wrong = 0.0
    for b in range(BITS, BITS + bits):
        moves[MOVE, b] += moves[BY_P, b] * dp + moves[BY_N, b] * dn
        moves[BY_COLUMN, b] += moves[BY_P, b] * dp_v + moves[BY_N, b] * dn_v
        wrong += abs(moves[SWITCH, b] * moves[MOVE, b])
    return current + by_p * dp + by_n * dn, slope + by_p * dp_v + by_n * dn_v, p_sign[0] - p_sign[2] * dp, wrong


@exact
def advance(state: Floats, moves: Floats, dv: float, share: float, supply: float) -> None:
    """`share` of the step in which the column moves by `dv`; it is bounded."""
    for i in range(len(state)):
        step = share * min(max(moves[MOVE, i] + moves[BY_COLUMN, i] * dv, -STEP_V), STEP_V)
        state[i] = min(max(state[i] + step, -BEYOND_V), supply + BEYOND_V)


@exact
def sweep(
    table: Table,
    synapses: Synapses,
    count: Floats,
    p_gates: Floats,
    n_gates: Floats,
    voltages: Floats,
    scale: Floats,
    which: Ints,
    first: int,
    last: int,
    out: Floats,
) -> bool:
    """Synapses `which`, `first` to `last` of them, at rest at every column voltage, which rise: out [2, of which,
    points, voltages] is output and supply current over `scale` [points] in A. Gates are [points, synapses, bits].

    Voltages are gone through downwards, and the slopes at one predict the state at the next. False if one does not
    settle.
    """
    on, negative, w_gates, p_sign_gates, n_sign_gates = synapses
    last_v = len(voltages) - 1
    state, moves = np.empty(BITS + len(count)), np.empty((5, BITS + len(count)))
    for i in range(first, last):
        s = which[i]
        for k in range(len(scale)):
            gates = (p_gates[k, s], n_gates[k, s], w_gates[s], p_sign_gates[s], n_sign_gates[s])
            start(table[3], on[s], negative[s], gates[0], gates[1], voltages[last_v], state)
            for j in range(last_v, -1, -1):
                done = False
                for round_ in range(ROUNDS):
                    current, _, supply, wrong = linearise(table, count, gates, voltages[j], state, moves)
                    done = wrong <= TOLERANCE * scale[k]
                    dv = voltages[j - 1] - voltages[j] if done and j > 0 else 0.0
                    advance(state, moves, dv, 1.0 if round_ < FULL_ROUNDS else SHORTER, table[3])
                    if done:
                        out[0, i, k, j], out[1, i, k, j] = current / scale[k], supply / scale[k]
                        break
                if not done:
                    return False
    return True


@exact
def settle(
    table: Table,
    synapses: Synapses,
    count: Floats,
    p_gates: Floats,
    n_gates: Floats,
    groups: tuple[Ints, Ints],
    diode: Diode,
    guesses: Floats,
    first: int,
    last: int,
    out: Floats,
) -> None:
    """Columns `first` to `last` of all patterns [patterns * columns] at rest by Newton's method: guesses [patterns,
    columns] of the voltages in V, out [4, patterns, columns]: voltage, sum of the synapses' currents, that of their
    supply currents, rounds (0: not settled). Gates of mirrors are [patterns, synapses, bits].

    groups: synapses in the order of their columns, and where each column begins [columns + 1].
    """
    order, begins = groups
    on, negative, w_gates, p_sign_gates, n_sign_gates = synapses
    flat, sizes, scale, shifts, steps, units = diode
    columns, most = len(begins) - 1, np.diff(begins).max()
    states, moves = np.empty((most, BITS + len(count))), np.empty((most, 5, BITS + len(count)))
    for task in range(first, last):
        a, c = task // columns, task % columns
        here = order[begins[c] : begins[c + 1]]
        v = guesses[a, c]
        for i, s in enumerate(here):
            start(table[3], on[s], negative[s], p_gates[a, s], n_gates[a, s], v, states[i])
        out[3, a, c] = 0.0
        for round_ in range(ROUNDS):
            total, slope, used, branches, wrong, dv = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            for i, s in enumerate(here):
                gates = (p_gates[a, s], n_gates[a, s], w_gates[s], p_sign_gates[s], n_sign_gates[s])
                current, by_v, supply, off = linearise(table, count, gates, v, states[i], moves[i])
                total, slope, used, wrong = total + current, slope + by_v, used + supply, wrong + off
                branches += abs(current)
            if units > 0:
                taken, by_gate, by_drain = one_mirror(flat, sizes, scale, shifts[c], steps, units, v, v)
                gap = total - taken
                dv = min(max(gap / (by_gate + by_drain - slope), -COLUMN_STEP_V), COLUMN_STEP_V)
                wrong += abs(gap)
            if wrong <= TOLERANCE * branches + ABSOLUTE_A:
                out[0, a, c], out[1, a, c], out[2, a, c], out[3, a, c] = v, total, used, round_ + 1
                break
            share = 1.0 if round_ < FULL_ROUNDS else SHORTER
            v += share * dv
            for i in range(len(here)):
                advance(states[i], moves[i], dv, share, table[3])
