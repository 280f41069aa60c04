"""The file that programs a chip: a text header, the latch values, a checksum over everything before it.

    somaforge-bitfile 1
    name iris
    design <SHA-256 of the design, 64 hex digits>
    bits 3
    layers 7 7 7
    payload <bytes>
    <hex digits, 32 bytes to a line>
    sha256 <of all lines above, line ends included>

Payload: latch values, matrix by matrix, row by row, column by column, bit 0 first and the sign last
(generator/address.py owns that order); packed eight to a byte, lowest bit first, padded with zeros. There is one
way to write a given content, and a file that is written any other way is refused.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from somaforge.generator.address import Bits, Codes, WeightFormat
from somaforge.generator.design import Design
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import read_whole

VERSION = 1
BYTES_PER_LINE = 32
LARGEST_FILE = 16_000_000
"""Bytes. A file from a stranger is not read beyond this; eight layers of 512 somas with 6 bits need 4 MB."""

_HEADER = re.compile(
    rb"somaforge-bitfile (?P<version>[0-9]{1,6})\n"
    rb"name (?P<name>[a-z][a-z0-9_]{0,31})\n"
    rb"design (?P<design>[0-9a-f]{64})\n"
    rb"bits (?P<bits>[1-6])\n"
    rb"layers (?P<layers>[1-9][0-9]{0,2}(?: [1-9][0-9]{0,2}){1,7})\n"
    rb"payload (?P<payload>[0-9]{1,8})\n"
)
_TRAILER = re.compile(rb"sha256 ([0-9a-f]{64})\n\Z")


@dataclass(frozen=True, eq=False)
class Bitfile:
    """The content of a bitfile."""

    name: str
    design_hash: str
    bits: int
    layers: tuple[int, ...]
    values: tuple[Bits, ...]
    """Latch values, one array [rows, columns, bits+1] per matrix; the last is the sign."""

    @property
    def codes(self) -> tuple[Codes, ...]:
        """Signed codes [rows, columns] per matrix."""
        return tuple(WeightFormat(self.bits).decode(v) for v in self.values)

    def to_bytes(self) -> bytes:
        """The file."""
        flat = np.concatenate([v.reshape(-1) for v in self.values])
        payload = np.packbits(flat, bitorder="little").tobytes()
        lines = [
            f"somaforge-bitfile {VERSION}",
            f"name {self.name}",
            f"design {self.design_hash}",
            f"bits {self.bits}",
            f"layers {' '.join(map(str, self.layers))}",
            f"payload {len(payload)}",
            *(payload[i : i + BYTES_PER_LINE].hex() for i in range(0, len(payload), BYTES_PER_LINE)),
        ]
        body = ("\n".join(lines) + "\n").encode("ascii")
        return body + f"sha256 {hashlib.sha256(body).hexdigest()}\n".encode("ascii")


@dataclass(frozen=True)
class Difference:
    """One latch that differs between two bitfiles."""

    layer: int
    """Index of the matrix, 0 after the input somas."""
    row: int
    column: int
    bit: int
    """0 to bits-1, or bits for the sign."""
    first: bool
    second: bool

    def __str__(self) -> str:
        """One line for a person."""
        where = f"layer {self.layer} row {self.row} column {self.column} bit {self.bit}"
        return f"{where}: {int(self.first)} -> {int(self.second)}"


def pack(codes: Sequence[Codes], design: Design) -> bytes:
    """The bitfile of signed codes, one array [rows, columns] per matrix of `design`; InputError if they do not fit."""
    shapes = list(pairwise(design.layers))
    if [c.shape for c in codes] != shapes:
        have = [c.shape for c in codes]
        raise InputError(f"codes have the shapes {have}, the design has {shapes}; train this design")
    try:
        values = tuple(design.weights.encode(c) for c in codes)
    except ValueError as error:
        raise InputError(f"codes do not fit {design.weights.bits} bits: {error}; train this design") from None
    return Bitfile(design.spec.name, design.hash, design.weights.bits, design.layers, values).to_bytes()


def parse(data: bytes, where: str) -> Bitfile:
    """The content of a bitfile after every check that needs no design; InputError that starts with `where`."""
    header = _HEADER.match(data[:1000])
    if header is None:
        raise InputError(f"{where}: not a bitfile (its header is damaged); program from a file that somaforge wrote")
    version = int(header["version"])
    if version != VERSION:
        raise InputError(f"{where}: bitfile version {version}, this somaforge reads {VERSION}; pack again")
    trailer = _TRAILER.search(data[-72:])
    if trailer is None:
        raise InputError(f"{where}: the bitfile ends before its checksum; copy or pack it again")
    body = data[: -len(trailer[0])]
    if hashlib.sha256(body).hexdigest().encode() != trailer[1]:
        raise InputError(f"{where}: the checksum of the bitfile does not match its content; copy or pack it again")
    bits = int(header["bits"])
    layers = tuple(map(int, header["layers"].split()))
    shapes = [(rows, columns, bits + 1) for rows, columns in pairwise(layers)]
    sizes = [rows * columns * latches for rows, columns, latches in shapes]
    payload = body[header.end() :].replace(b"\n", b"")
    if not re.fullmatch(rb"[0-9a-f]*", payload) or len(payload) != 2 * ((sum(sizes) + 7) // 8):
        raise InputError(f"{where}: the payload is not that of a {'-'.join(map(str, layers))} array; pack it again")
    flat = np.unpackbits(np.frombuffer(bytes.fromhex(payload.decode()), dtype=np.uint8), bitorder="little")
    parts = np.split(flat[: sum(sizes)].astype(bool), np.cumsum(sizes)[:-1])
    values = tuple(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))
    content = Bitfile(header["name"].decode(), header["design"].decode(), bits, layers, values)
    if content.to_bytes() != data:
        raise InputError(f"{where}: the bitfile is not written the way somaforge writes it; pack it again")
    return content


def read(path: Path) -> Bitfile:
    """`parse` of a file; InputError if it cannot be read."""
    try:
        return parse(read_whole(path, LARGEST_FILE), str(path))
    except OSError as error:
        raise InputError(f"{path}: cannot read the bitfile: {error.strerror or error}") from None
    except ValueError as error:
        raise InputError(f"{path}: no bitfile ({error}); give the right file") from None


def verify(content: Bitfile, design: Design, where: str) -> None:
    """InputError that starts with `where` if the bitfile was not made for this design."""
    if (content.bits, content.layers) != (design.weights.bits, design.layers):
        raise InputError(
            f"{where}: bitfile for {content.layers} with {content.bits} bits, "
            f"the design has {design.layers} with {design.weights.bits}; pack it for this design"
        )
    if content.design_hash != design.hash:
        raise InputError(
            f"{where}: bitfile for design {content.design_hash[:12]} ({content.name}), "
            f"this one is {design.hash[:12]} ({design.spec.name}); pack it for this design"
        )


def unpack(data: bytes, design: Design, where: str = "bitfile") -> tuple[Codes, ...]:
    """Signed codes [rows, columns] per matrix of a bitfile made for this design; InputError for any other."""
    content = parse(data, where)
    verify(content, design, where)
    return content.codes


def dump(content: Bitfile) -> str:
    """Header and signed codes as text, one table per matrix: a row per line."""
    lines = [
        f"name    {content.name}",
        f"design  {content.design_hash}",
        f"bits    {content.bits} and a sign",
        f"layers  {' '.join(map(str, content.layers))}",
    ]
    width = len(str(2**content.bits - 1)) + 2
    for layer, codes in enumerate(content.codes):
        lines += ["", f"layer {layer}: {codes.shape[0]} rows, {codes.shape[1]} columns"]
        lines += ["".join(f"{code:{width}d}" for code in row) for row in codes]
    return "\n".join(lines) + "\n"


def diff(first: Bitfile, second: Bitfile) -> list[Difference]:
    """Every latch that differs; InputError if the two are not for the same design."""
    for what in ("design_hash", "bits", "layers"):
        one, two = getattr(first, what), getattr(second, what)
        if one != two:
            raise InputError(f"bitfiles of different designs ({what}: {one} and {two}); compare two of one design")
    return [
        Difference(layer, int(row), int(column), int(bit), bool(a[row, column, bit]), bool(b[row, column, bit]))
        for layer, (a, b) in enumerate(zip(first.values, second.values, strict=True))
        for row, column, bit in np.argwhere(a != b)
    ]
