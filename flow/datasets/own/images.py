"""Images as a folder with a folder for each class; grey, and all of one size or reduced to one."""

from pathlib import Path

import numpy as np

from somaforge.flow.datasets.own.table import Table, bounded, regular
from somaforge.generator.spec import OwnData
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".bmp": "BMP", ".pgm": "PPM"}
"""Endings, and the one format that a file of that ending may have."""
MOST_PIXELS = 1 << 24
"""Of one image."""
WHITE = 255.0


def read(path: Path, data: OwnData) -> Table:
    """The images below a folder, sorted by name; a pixel is 0 (black) to 1. InputError names the file."""
    if data.label is not None or data.features is not None:
        raise InputError(f"{path}: a folder of images has no columns; leave network.dataset.label and features out")
    files = [file for folder in sorted(path.iterdir()) if folder.is_dir() for file in _images(folder)]
    if not files:
        endings = " ".join(FORMATS)
        raise InputError(f"{path}: no images; put them ({endings}) into a folder of their own for each class")
    first = _image(files[0], data.image)
    bounded(path, len(files), first.size)
    values = np.empty((len(files), first.size))
    for row, file in enumerate(files):
        image = first if row == 0 else _image(file, data.image)
        if image.shape != first.shape:
            raise InputError(
                f"{file}: has {image.shape[0]} x {image.shape[1]} pixels, {files[0]} {first.shape[0]} x "
                f"{first.shape[1]}; say network.dataset.image: [rows, columns]"
            )
        values[row] = image.reshape(-1)

    def place(row: int, column: int | None) -> str:
        inside = files[row].relative_to(path).as_posix()
        return inside if column is None else f"{inside}, pixel {column // first.shape[1]} {column % first.shape[1]}"

    names = tuple(f"pixel {r} {c}" for r, c in np.ndindex(first.shape))
    return Table(path, names, values, tuple(file.parent.name for file in files), place).checked()


def _images(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in FORMATS)


def _image(file: Path, size: tuple[int, int] | None) -> Floats:
    """Rows and columns of grey; InputError if it is too large or cannot be read."""
    from PIL import Image, UnidentifiedImageError  # takes its time: only who has images waits

    try:
        with Image.open(regular(file), formats=(FORMATS[file.suffix.lower()],)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise InputError(f"{file}: {image.width} x {image.height} pixels are too many; reduce it")
            grey = image.convert("L")
            if size is not None:
                grey = grey.resize((size[1], size[0]), Image.Resampling.BOX)
            return np.asarray(grey, dtype=np.float64) / WHITE
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise InputError(f"{file}: cannot be read as an image ({error}); save it again") from None
