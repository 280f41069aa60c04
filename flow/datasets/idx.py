"""Reader of IDX files (the format of MNIST): magic number, sizes, bytes. Plain or gzip.

Layout, big-endian: two zero bytes, type (8 = unsigned byte), number of dimensions, one 32-bit size each, the data
(yann.lecun.com/exdb/mnist, "The IDX file format").
"""

import gzip
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from somaforge.pdk.errors import InputError

UNSIGNED_BYTE = 8
LARGEST = 1 << 30
"""Bytes of data that are read at most: a damaged header must not fill the memory."""


def read_idx(path: Path, dimensions: int) -> npt.NDArray[np.uint8]:
    """The array of bytes in an IDX file with that many dimensions; InputError with what is wrong in it."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
            head = stream.read(4 + 4 * dimensions)
            if len(head) < 4 + 4 * dimensions or head[:4] != bytes([0, 0, UNSIGNED_BYTE, dimensions]):
                raise InputError(
                    f"{path}: not an IDX file of bytes with {dimensions} dimensions; get the original file"
                )
            shape = tuple(int(n) for n in np.frombuffer(head[4:], dtype=">u4"))
            size = int(np.prod(shape, dtype=object))
            if not 0 < size <= LARGEST:
                raise InputError(f"{path}: an IDX file of size {shape} is not plausible; get the original file")
            data = stream.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read ({error}); get the original file") from None
    if len(data) != size:
        what = "more" if len(data) > size else "fewer"
        raise InputError(f"{path}: holds {what} bytes than the {size} that its header announces; get the original file")
    return np.frombuffer(data, dtype=np.uint8).reshape(shape)
