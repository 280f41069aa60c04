"""Wires whose field is solved, and what extraction says of the same wires."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from somaforge.flow.pex.field.scene import Mesh, Post, paint
from somaforge.flow.pex.field.solver import Charges, Scene, solve
from somaforge.flow.pex.geometry import Geometry
from somaforge.flow.pex.kernel import DIFFUSION, EMPTY, GATE, SUBSTRATE, Box, Couplings, Rectangles, couple
from somaforge.pdk.dielectrics import Dielectrics
from somaforge.pdk.interconnect import Cut, Interconnect

_FAR_NM = 12_000
"""Walls of a pair: further than the halo of extraction."""
_LONG_NM = 40_000
"""Wires of a pair for extraction, which looks at the 1 um in their middle."""


@dataclass(frozen=True)
class Solved:
    """A capacitance as the two schemes have it, F (F/m for wires in cross-section)."""

    cells: float
    corners: float

    @property
    def mean(self) -> float:
        """Between the two."""
        return (self.cells + self.corners) / 2

    @property
    def error(self) -> float:
        """Half of their distance, relative: the error of the mesh."""
        return abs(self.corners - self.cells) / 2 / self.mean


@dataclass(frozen=True)
class Pair:
    """Two long wires side by side, in nm, with or without planes above and below."""

    layer: int
    width: int
    space: int
    planes: tuple[int, ...] = ()
    """Conductors that cover everything."""

    def shapes(self, length: int) -> Rectangles:
        """Nets 1 and 2, the planes 3."""
        near, far = self.space // 2, self.space // 2 + self.width
        boxes = [[-far, 0, -near, length], [near, 0, far, length]]
        boxes += [[-_FAR_NM, 0, _FAR_NM, length] for _ in self.planes]
        layers = [self.layer, self.layer, *self.planes]
        return Rectangles(np.array(layers), np.array(boxes), np.array([1, 2] + [3] * len(self.planes)))

    def solution(self, process: Interconnect, dielectrics: Dielectrics, mesh: Mesh) -> tuple[Solved, Solved]:
        """Coupling, and total of one wire: F/m."""
        painted = paint(self.shapes(1000), [], (-_FAR_NM, 0, _FAR_NM, 1000), process, dielectrics, mesh)
        # Everything is the same along the wires: one cell of 1 um.
        flat = Scene(painted.x, np.array([0.0, 1.0]), painted.z, painted.permittivity[:, :1], painted.electrode[:, :1])
        found = solve(flat, [0, 1, 0, 0][: painted.electrode.max() + 1])
        return _of(found, 2, -1e6), _of(found, 1, 1e6)

    def extracted(self, process: Interconnect) -> tuple[float, float]:
        """The same from extraction."""
        middle = _LONG_NM // 2
        c = couple(self.shapes(_LONG_NM), (-_FAR_NM, middle - 500, _FAR_NM, middle + 500), process)
        return 1e6 * between(c, 1, 2), 1e6 * total(c, 1)


@dataclass(frozen=True)
class Crossing:
    """A wire over another at right angles, crossing again and again; nm."""

    lower: int
    upper: int
    width: int
    half_pitch: int

    def shapes(self) -> Rectangles:
        """Nets 1 (below, along x) and 2 around the crossing at 0."""
        w, far = self.width // 2, 3 * self.half_pitch
        return Rectangles(
            np.array([self.lower, self.upper]), np.array([[-far, -w, far, w], [-w, -far, w, far]]), np.array([1, 2])
        )

    def solution(self, process: Interconnect, dielectrics: Dielectrics, mesh: Mesh) -> tuple[Solved, Solved, Solved]:
        """Coupling of the two, totals of the lower and the upper wire, of one crossing with its wires: F."""
        window = (0, 0, self.half_pitch, self.half_pitch)
        painted = paint(self.shapes(), [], window, process, dielectrics, mesh)
        first, second = solve(painted, [0, 1, 0]), solve(painted, [0, 0, 1])
        # A quarter was solved.
        return _of(first, 2, -4), _of(first, 1, 4), _of(second, 2, 4)

    def extracted(self, process: Interconnect) -> tuple[float, float, float]:
        """The same from extraction."""
        reach = self.half_pitch
        c = couple(self.shapes(), (-reach, -reach, reach, reach), process)
        return between(c, 1, 2), total(c, 1), total(c, 2)


def between(c: Couplings, a: int, b: int) -> float:
    """Capacitance between two nets, F."""
    return float(c.farad[(c.a == a) & (c.b == b)].sum())


def total(c: Couplings, net: int) -> float:
    """Capacitance between a net and all others, F."""
    return float(c.farad[(c.a == net) != (c.b == net)].sum())


def _of(found: Charges, electrode: int, times: float) -> Solved:
    return Solved(times * float(found.cells[electrode]), times * float(found.corners[electrode]))


# A layout's conductors by who owns them: the net's own metal, gate and diffusion, and the others'.
_METAL, _POLY, _DIFFUSION, _OTHERS = 1, 2, 3, 3
_DEVICES = _DIFFUSION + _OTHERS


def window_of(
    geometry: Geometry,
    net: str,
    window: Box,
    process: Interconnect,
    dielectrics: Dielectrics,
    mesh: Mesh,
    *,
    contacts: bool,
    tolerance: float = 1e-5,
) -> Solved:
    """Wiring capacitance of a net in a window of a layout, vias and contacts of gates included; F.

    As in extraction, what transistor models have is left out: gates against channels and diffusion, diffusion against
    the substrate. `contacts`: the contacts on diffusion are wires, so that what lies between them and gates counts;
    else they are part of the diffusion.
    """
    number = geometry.number[net]
    shapes, posts = _owned(geometry, number, window, process, contacts)
    scene = paint(shapes, posts, window, process, dielectrics, mesh)

    def at(*ones: int) -> Charges:
        return solve(scene, [1.0 if k in ones else 0.0 for k in range(_DEVICES + 1)], tolerance)

    # With the others' diffusion at the net's potential no field is between it and the net's gates: there it would be
    # singular. The two parts of that which are wiring are added: metal against diffusion, both ways.
    wires = at(_METAL, _POLY, _DIFFUSION, _DEVICES)
    others = at(_DEVICES)
    parts = [(wires, _METAL, 1.0), (wires, _POLY, 1.0), (others, _METAL, -1.0)]
    if (scene.electrode == _DIFFUSION).any():
        parts.append((at(_DIFFUSION), _METAL + _OTHERS, -1.0))
    return Solved(
        sum(sign * float(c.cells[k]) for c, k, sign in parts), sum(sign * float(c.corners[k]) for c, k, sign in parts)
    )


def _owned(
    geometry: Geometry, net: int, window: Box, process: Interconnect, contacts: bool
) -> tuple[Rectangles, Sequence[Post]]:
    c, cuts = geometry.conductors, geometry.cuts
    kind = np.where(c.layer == GATE, _POLY, np.where(c.layer == DIFFUSION, _DIFFUSION, _METAL))
    owner = kind + np.where(c.net == net, 0, _OTHERS)
    # Channels go with the devices; wells are the substrate's.
    owner = np.where(c.layer == SUBSTRATE, _DEVICES, owner)
    drawn = (c.layer != SUBSTRATE) | (c.net == EMPTY)
    shapes = Rectangles(c.layer, c.box, owner).take(drawn).touching(window)
    posts = []
    for cut, box, own in zip(cuts.layer.tolist(), cuts.box.tolist(), (cuts.net == net).tolist(), strict=True):
        bottom, top, on_diffusion = _ends(process.stack.cuts[cut], process)
        electrode = (_DIFFUSION if on_diffusion and not contacts else _METAL) + (0 if own else _OTHERS)
        posts.append(Post(bottom, top, (box[0], box[1], box[2], box[3]), electrode))
    return shapes, posts


def _ends(cut: Cut, process: Interconnect) -> tuple[float, float, bool]:
    """Bottom and top of a cut in um, and whether it stands on diffusion."""
    bottom = sum(process.height_nm[cut.lower]) / 1000
    return bottom, process.height_nm[cut.upper][0] / 1000, cut.lower == process.conductors[DIFFUSION]
