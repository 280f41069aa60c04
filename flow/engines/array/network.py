"""The threshold shifts of a chip, ordered by layer, soma and synapse, and the kind of transistor in each role."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from somaforge.flow.engines.array.tables import Kind
from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.spice.deck import size_of
from somaforge.generator.circuit import FlatNetlist
from somaforge.generator.design import Design, mirror_parts, soma_units
from somaforge.generator.names import output_path, sign_switch, soma_path, switch, synapse_path
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError
from somaforge.pdk.models import Size

Ints = npt.NDArray[np.int64]
SOMA_ROLES = ("m0", "m1", "m2", "m3", "m4")


@dataclass(frozen=True, eq=False)
class SynapseShifts:
    """Shifts of |Vth| in V of a list of synapses."""

    p_mirror: tuple[Floats, ...]
    """Per bit [synapses, devices in parallel]."""
    n_mirror: tuple[Floats, ...]
    switch: Floats
    """[synapses, bits]."""
    p_sign: Floats
    """[synapses]."""
    n_sign: Floats


@dataclass(frozen=True)
class Kinds:
    """What stands in each role."""

    soma_n: Kind
    soma_p: Kind
    p_mirror: tuple[Kind, ...]
    """Per bit."""
    n_mirror: tuple[Kind, ...]
    switch: Kind
    p_sign: Kind
    n_sign: Kind


class Places:
    """Where each transistor stands in the netlist's canonical order; made once for a netlist, used for many chips."""

    def __init__(self, design: Design, flat: FlatNetlist) -> None:
        """InputError if the netlist lacks a transistor of the design or has it in another size."""
        self._flat, self._index = flat, {m.name: i for i, m in enumerate(flat.mos)}
        self._sizes: dict[str, Size] = {}
        spec = design.spec.array
        self.bits = spec.bits
        self._parts = [len(mirror_parts(design.spec, k)) for k in range(self.bits)]
        first, others = soma_units(design.spec)
        units = {role: range(first if role == SOMA_ROLES[0] else others) for role in SOMA_ROLES}
        self.somas = [
            tuple(
                np.array(
                    [[self._at(f"{soma_path(k, i)}.", f"{r}_{u}", f"soma_{r}") for u in units[r]] for i in range(size)]
                )
                for r in SOMA_ROLES
            )
            for k, size in enumerate(design.layers)
        ]
        self.matrices = [
            self._synapses(
                [[f"{synapse_path(m, r, c)}." for c in range(columns)] for r in range(rows)],
            )
            for m, (rows, columns) in enumerate(pairwise(design.layers))
        ]
        self.outputs = self._synapses([[f"{output_path(j)}." for j in range(design.layers[-1])]])

    def _at(self, path: str, name: str, role: str) -> int:
        i = self._index.get(path + name)
        if i is None:
            raise InputError(f"netlist: no transistor {path}{name}; the array engine needs the design's own netlist")
        m = self._flat.mos[i]
        size = size_of(m)
        if self._sizes.setdefault(role, size) != size:
            raise InputError(
                f"netlist: {path}{name} is {tuple(size)}, others in its role are {tuple(self._sizes[role])}"
            )
        return i

    def _synapses(self, paths: list[list[str]]) -> Mapping[str, Ints]:
        def every(name: str, role: str) -> list[list[int]]:
            return [[self._at(path, name, role) for path in row] for row in paths]

        found = {
            "p_sign": np.array(every(sign_switch("p"), "p_sign")),
            "n_sign": np.array(every(sign_switch("n"), "n_sign")),
        }
        switches = [every(switch(k), "switch") for k in range(self.bits)]
        found["switch"] = np.moveaxis(np.array(switches), 0, -1)
        for k, parts in enumerate(self._parts):
            for kind in "pn":
                mirrors = [every(f"m{kind}_{k}_{u}", f"{kind}_mirror_{k}") for u in range(parts)]
                found[f"{kind}_{k}"] = np.moveaxis(np.array(mirrors), 0, -1)
        return found

    def kinds(self, chip: ProgrammedChip) -> Kinds:
        """Roles at the chip's corner, temperature and supply; InputError if roles that must be equal are not."""

        def kind(role: str) -> Kind:
            return Kind(self._sizes[role], chip.at, chip.design.pdk.models)

        return Kinds(
            kind("soma_m0"),
            kind("soma_m2"),
            tuple(kind(f"p_mirror_{k}") for k in range(self.bits)),
            tuple(kind(f"n_mirror_{k}") for k in range(self.bits)),
            kind("switch"),
            kind("p_sign"),
            kind("n_sign"),
        )

    def soma_shifts(self, shifts: Floats, layer: int) -> tuple[Floats, ...]:
        """Of the somas of one layer, for each of SOMA_ROLES: [somas, devices in parallel] in V."""
        return tuple(shifts[places] for places in self.somas[layer])

    def synapse_shifts(self, shifts: Floats, matrix: int, rows: Ints, columns: Ints) -> SynapseShifts:
        """Of some synapses of one matrix; `matrix` = number of matrices is the output synapses, one row."""
        places = self.outputs if matrix == len(self.matrices) else self.matrices[matrix]

        def of(name: str) -> Floats:
            return shifts[places[name][rows, columns]]

        return SynapseShifts(
            tuple(of(f"p_{k}") for k in range(self.bits)),
            tuple(of(f"n_{k}") for k in range(self.bits)),
            of("switch"),
            of("p_sign"),
            of("n_sign"),
        )
