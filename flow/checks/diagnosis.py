"""The comparison itself, and after one that failed: repeated so that only what differs is left.

A layout may hold a copy of a cell that was changed in one place (`synapse$1`). Its contents stand in the parent then,
and the schematic's call has no partner: all of its transistors would be reported. With the call dissolved too, the
difference shows. And where a wire is wrong, nets are best paired by the names that both sides give them: paired by
what hangs on them, two neighbours of equal size change places.

Nothing of this can turn a mismatch into a match: that is decided by the plain comparison before.
"""

from collections import Counter
from collections.abc import Callable

import klayout.db as kdb

OPENED_LIMIT = 100
"""Calls that are opened at once; with more, cells are missing rather than changed."""
OPENED_LEVELS = 6
"""Levels of hierarchy in which a changed copy of a cell is looked for: latch, synapse, row, matrix, bank, network."""


def compare(
    lvs: kdb.LayoutVsSchematic, top: kdb.Circuit, reference: kdb.Circuit, lines_of: Callable[[], list[str]]
) -> tuple[bool, list[str]]:
    """Whether the netlists of `lvs` are the same, and what `lines_of` says of the comparison that explains most."""
    same = lvs.compare(_comparer(top, reference))
    if same:
        return True, lines_of()
    for _ in range(OPENED_LEVELS):
        if not _open_replaced_calls(lvs):
            break
        lvs.compare(_comparer(top, reference))
    lines = lines_of()
    by_name = _comparer(top, reference)
    _pair_by_name(lvs, by_name)
    lvs.compare(by_name)
    named = lines_of()
    return False, named if 0 < len(named) < len(lines) else lines


def _comparer(top: kdb.Circuit, reference: kdb.Circuit) -> kdb.NetlistComparer:
    comparer = kdb.NetlistComparer()
    comparer.max_depth = 500
    comparer.max_branch_complexity = 1_000_000
    comparer.same_circuits(top, reference)
    return comparer


def _pair_by_name(lvs: kdb.LayoutVsSchematic, comparer: kdb.NetlistComparer) -> None:
    for circuits in lvs.xref().each_circuit_pair():
        if circuits.first() is None or circuits.second() is None:
            continue
        named = {net.name.lower(): net for net in circuits.second().each_net()}
        for net in circuits.first().each_net():
            if net.name and net.name.lower() in named:
                comparer.same_nets(net, named[net.name.lower()])


def _open_replaced_calls(lvs: kdb.LayoutVsSchematic) -> bool:
    """Dissolve the schematic's calls of circuits of which the layout's partner has fewer; False if there are none."""
    wanted: list[kdb.SubCircuit] = []
    xref = lvs.xref()
    for circuits in xref.each_circuit_pair():
        if circuits.first() is None or circuits.second() is None:
            continue
        lonely: list[kdb.SubCircuit] = []
        surplus: Counter[str] = Counter()
        for calls in xref.each_subcircuit_pair(circuits):
            ours, theirs = calls.first(), calls.second()
            if ours is None and theirs is not None:
                lonely.append(theirs)
            elif theirs is None and ours is not None:
                surplus[ours.circuit_ref().name.lower()] += 1
        loose = any(pair.second() is None for pair in xref.each_device_pair(circuits)) or bool(surplus)
        if loose:
            wanted += [call for call in lonely if not surplus[call.circuit_ref().name.lower()]]
    if not wanted or len(wanted) > OPENED_LIMIT:
        return False
    # The cross reference points to what is dissolved: take what is needed from it first.
    places = [(call.circuit(), call.id()) for call in wanted]
    for circuit, number in places:
        circuit.flatten_subcircuit(circuit.subcircuit_by_id(number))
    return True
