"""What the drivers of a chip are drawn as: one block, or banks and reference somas, each checked and extracted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from somaforge.flow.drivers import capacitance
from somaforge.flow.pex import extract
from somaforge.flow.steps.block_checks import Clean, require_clean
from somaforge.generator import drivers
from somaforge.generator.address import MemoryMap, memory_map
from somaforge.generator.block import Block, write_block
from somaforge.generator.design import Design
from somaforge.generator.layout import top_block
from somaforge.generator.netlist import write_spice
from somaforge.generator.picture import write_picture
from somaforge.generator.spec import Spec
from somaforge.generator.stacking import ALONE
from somaforge.pdk import load


@dataclass(frozen=True)
class Piece:
    """A block that is there `count` times."""

    folder: str
    """Of its files in the step's folder."""
    block: Block
    design: Design | None
    """None: reference somas alone."""
    count: int = 1

    @property
    def transistors(self) -> int:
        """Of one."""
        return self.block.library.transistor_count()

    @property
    def area_um2(self) -> float:
        """Of one."""
        x1, y1, x2, y2 = self.block.outline
        return (x2 - x1) * (y2 - y1) / 1e6


@dataclass(frozen=True)
class Made:
    """A block that was drawn."""

    piece: Piece
    clean: Clean
    wires_F: Mapping[str, float]
    """Total capacitance of its nets; of a block without a design none."""


def folders(spec: Spec) -> tuple[str, ...]:
    """Of the blocks of a spec with drivers, in the step's folder; of a lone one it is that folder itself."""
    folded = drivers.folded(spec)
    if folded is None:
        return ("",)
    return (*dict.fromkeys(f"bank_{bank.inputs}" for bank in folded.banks), drivers.REFERENCES)


def pieces(spec: Spec) -> tuple[Piece, ...]:
    """Of a spec with drivers; the largest bank first."""
    folded = drivers.folded(spec)
    if folded is None:
        whole = drivers.build(spec)
        return (Piece("", top_block(whole), whole),)
    sizes = [bank.inputs for bank in folded.banks]
    blocks = folded.blocks()
    banks = (Piece(f"bank_{n}", blocks[n], design, sizes.count(n)) for n, design in folded.designs.items())
    return (*banks, Piece(drivers.REFERENCES, folded.references(), None))


def made(piece: Piece, step: Path, spec: Spec) -> Made:
    """Layout, netlists, picture and checks; CheckError for a layout that is not clean or not the netlist."""
    pdk, block, folder = load(spec.pdk), piece.block, step / piece.folder
    folder.mkdir(exist_ok=True)
    layout, netlist = folder / "layout.gds", folder / "netlist.spice"
    write_block(block, layout)
    write_spice(block.library, netlist)
    write_spice(block.library, folder / "netlist.cdl", "cdl", block.roles())
    x1, y1, x2, y2 = block.outline
    write_picture(pdk, layout, block.name, folder / "layout.png", 1800, round(1800 * (y2 - y1) / (x2 - x1)))
    clean = require_clean("drivers", pdk, block.library, layout, netlist, spec.time_limits.precheck_s)
    if piece.design is None:
        return Made(piece, clean, {})
    return Made(piece, clean, extract(pdk, layout, piece.design.library.top, netlist).total_capacitance())


def of_inputs(spec: Spec, blocks: Sequence[Made], devices_F: float) -> list[float]:
    """What every input's column adds in F; wires of the chip from banks to macro are not in it."""
    made = [(block.piece.design.layers[1], block.wires_F) for block in blocks if block.piece.design is not None]
    by_size = {inputs: capacitance.of_inputs(wires, devices_F, inputs) for inputs, wires in made}
    folded = drivers.folded(spec)
    sizes = [spec.array.layers[0]] if folded is None else [bank.inputs for bank in folded.banks]
    return [farad for inputs in sizes for farad in by_size[inputs]]


def lane_memory(spec: Spec) -> MemoryMap:
    """What a pattern is shifted through: the longest lane, or all of it."""
    folded, whole = drivers.folded(spec), drivers.build(spec).memory
    if folded is None:
        return whole
    return memory_map((whole.rows, max(folded.bits) // (whole.bits + 1)), whole.bits, ALONE)
