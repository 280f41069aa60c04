"""Parquet, by pyarrow (extra `own`)."""

from pathlib import Path
from typing import Any

import numpy as np

from somaforge.flow.datasets.own.npz import as_classes
from somaforge.flow.datasets.own.table import LARGEST_FILE, Table, bounded, chosen, regular
from somaforge.generator.spec import OwnData
from somaforge.pdk.errors import InputError, ToolError


def read(path: Path, data: OwnData) -> Table:
    """The patterns of a file; InputError with row (from 1) and column of what is wrong, ToolError without pyarrow."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ToolError(
            f"{path}: Parquet needs pyarrow; pip install 'somaforge[own]', or save the table as CSV"
        ) from None
    try:
        with parquet.ParquetFile(regular(path)) as file:
            names = file.schema_arrow.names
            label, features = chosen(path, names, data.label, data.features)
            bounded(path, file.metadata.num_rows, len(features))
            groups = [file.metadata.row_group(k).total_byte_size for k in range(file.metadata.num_row_groups)]
            if sum(groups) > LARGEST_FILE:
                raise InputError(f"{path}: unpacks to more than {LARGEST_FILE >> 20} MB; leave some out")
            table = file.read(columns=[names[k] for k in (label, *features)])
    except (OSError, pyarrow.ArrowException) as error:
        raise InputError(f"{path}: not a Parquet file that can be read ({error}); write it again") from None

    def place(row: int, column: int | None) -> str:
        return f"row {row + 1}, column {names[label if column is None else features[column]]}"

    wanted = tuple(names[k] for k in features)
    values = np.empty((table.num_rows, len(wanted)))
    for k, name in enumerate(wanted):
        kind = table.schema.field(name).type
        if not (pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind) or pyarrow.types.is_boolean(kind)):
            raise InputError(f"{path}: column {name} holds {kind}; features are numbers")
        values[:, k] = _plain(table, name, float("nan")).astype(np.float64)
    kind = table.schema.field(names[label]).type
    if pyarrow.types.is_dictionary(kind):
        kind = kind.value_type
    found = _plain(table, names[label], None)
    if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind):
        labels = tuple("" if value is None else str(value) for value in found.tolist())
    else:
        labels = as_classes(path, names[label], found)
    return Table(path, wanted, values, labels, place).checked()


def _plain(table: Any, name: str, missing: float | None) -> np.ndarray[Any, Any]:
    column = table.column(name).combine_chunks()
    found = np.array(
        column.to_pylist() if missing is None else [missing if v is None else v for v in column.to_pylist()]
    )
    return found
