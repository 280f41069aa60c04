"""Numbers that ngspice took long to find, kept in the user's cache folder: they can always be found again."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import platformdirs

from somaforge.pdk.arrays import Floats
from somaforge.pdk.files import atomic_path

Arrays = Mapping[str, Floats]


def kept(what: str, folder: Path | None, names: tuple[str, ...], find: Callable[[], Arrays]) -> Arrays:
    """The arrays of `find` under `names`, from the cache folder (default: the user's) if they are there and whole.

    `what` is everything that they depend on. A damaged file is replaced. A folder that cannot be written is no reason
    to fail: the numbers are then found again by the next process.
    """
    key = hashlib.sha256(what.encode()).hexdigest()[:32]
    path = (folder or Path(platformdirs.user_cache_dir("somaforge")) / "tables") / f"{key}.npz"
    found = _read(path, names)
    if found is not None:
        return found
    found = find()
    try:
        with atomic_path(path) as beside:
            np.savez_compressed(beside, allow_pickle=False, **found)
    except OSError:
        return found
    return found


def _read(path: Path, names: tuple[str, ...]) -> Arrays | None:
    """None if there is no such file or anything is wrong with it."""
    try:
        with np.load(path, allow_pickle=False) as data:
            arrays = {name: np.asarray(data[name]) for name in names}
    except Exception:  # noqa: BLE001  readers of damaged files raise whatever their layers raise
        return None
    whole = all(a.dtype == np.float64 and a.size > 0 and np.all(np.isfinite(a)) for a in arrays.values())
    return arrays if whole else None
