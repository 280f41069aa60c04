"""The network: somas and matrices with the nets that join them; of an array, or of the drivers before one."""

from itertools import pairwise

from somaforge.generator import names
from somaforge.generator.address import MemoryMap, memory_map
from somaforge.generator.circuit import Call, Circuit
from somaforge.generator.names import (
    CORE,
    OUTPUT_SYNAPSE,
    RAILS,
    SOMA,
    bit_line,
    bit_line_bar,
    cell_name,
    drive_net,
    input_net,
    matrix_role,
    output_net,
    reference_net,
    sum_net,
    vn_net,
    vp_net,
    word_line,
)
from somaforge.generator.spec import Spec
from somaforge.generator.stacking import ALONE, Stack, stack


def core_name(spec: Spec) -> str:
    """Circuit and cell of the array: the whole macro, or its core where it has a port."""
    return cell_name(spec.name, CORE) if spec.array.has_port else spec.name


def stack_of(spec: Spec, drives: bool) -> Stack:
    """How somas and matrices lie on top of each other."""
    return ALONE if drives else stack(spec.array.layers)


def layout_of_memory(spec: Spec, drives: bool) -> MemoryMap:
    """Where the latches lie."""
    return memory_map(spec.array.layers, spec.array.bits, stack_of(spec, drives))


def network(spec: Spec, drives: bool, somas: bool = True) -> Circuit:
    """A soma for every neuron, an output synapse for every output; drivers have neither behind their columns. Without
    `somas` the rails of the rows are ports."""
    layers, bits = spec.array.layers, spec.array.bits
    last = len(layers) - 1
    memory = layout_of_memory(spec, drives)

    def lines(bank: int) -> list[str]:
        places = ((c, k) for c in range(memory.bank_columns(bank)) for k in range(bits + 1))
        return [line(bank, c, k) for c, k in places for line in (bit_line, bit_line_bar)]

    def arrival(layer: int, i: int) -> str:
        if not drives:
            return sum_net(layer, i)
        return drive_net(i) if layer == last else reference_net(i)

    def call(instance: str, role: str, *nets: str) -> Call:
        return Call(instance, cell_name(spec.name, role), (*nets, *RAILS))

    first, final = (reference_net, drive_net) if drives else (input_net, output_net)
    entering = list(map(first, range(layers[0])))
    if not somas:
        entering = [rail(0, r) for r in range(layers[0]) for rail in (vp_net, vn_net)]
    ports = [*RAILS, *entering, *map(final, range(layers[-1]))]
    calls = []
    for layer, size in enumerate(layers[: last if drives else None] if somas else ()):
        for i in range(size):
            rails = vp_net(layer, i), vn_net(layer, i)
            calls.append(call(names.soma_path(layer, i), SOMA, arrival(layer, i), *rails))
    for m, (rows, columns) in enumerate(pairwise(layers)):
        bank, base = memory.bank(m), memory.base(m)
        row_nets = [x for r in range(rows) for x in (vp_net(m, r), vn_net(m, r), word_line(bank, base + r))]
        own = lines(bank)[: 2 * columns * (bits + 1)]
        sums = (arrival(m + 1, c) for c in range(columns))
        calls.append(call(names.matrix_path(m), matrix_role(m), *row_nets, *sums, *own))
    for bank in range(len(memory.banks)):
        ports += [word_line(bank, r) for r in memory.word_rows(bank)]
        ports += lines(bank)
    for j in range(0 if drives else layers[-1]):
        calls.append(call(names.output_path(j), OUTPUT_SYNAPSE, vp_net(last, j), vn_net(last, j), output_net(j)))
    return Circuit(core_name(spec), tuple(ports), (), tuple(calls))
