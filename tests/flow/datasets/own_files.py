"""A small table in every form, and specs that name it."""

from pathlib import Path

import numpy as np

from somaforge.generator.spec import OwnData

ROWS = [(a, b, "red" if a > b else "blue") for a in (1.0, 2.0, 3.0, 4.0) for b in (-3.0, 2.5, 10.0)]


def csv_text(rows: list[tuple[object, ...]] = ROWS) -> str:  # type: ignore[assignment]
    return "a,b,colour\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)


def own(folder: Path, **keys: object) -> OwnData:
    """The data set of a spec that lies in `folder`."""
    data = {**OwnData(train="t.csv", label="colour").model_dump(), **keys}
    found = OwnData.model_validate(data)
    found.lies_beside(folder)
    return found


def spec_text(dataset: str, ends: tuple[int, int] = (2, 2)) -> str:
    """A small spec with that data set."""
    return (
        f"name: small\narray: {{layers: [{ends[0]}, 3, {ends[1]}]}}\n"
        f"network: {{layers: [{ends[0]}, 3, {ends[1]}], dataset: {dataset}}}\n"
        "input: {full_scale_A: 1.0e-7}\nchips: {seeds: [1]}\n"
    )


def write_as(form: str, folder: Path) -> OwnData:
    """ROWS in that form."""
    values, labels = np.array([row[:2] for row in ROWS]), [str(row[2]) for row in ROWS]
    if form == "npz":
        np.savez(folder / "t.npz", x=values, colour=np.array(labels))
    elif form == "parquet":
        import pyarrow
        from pyarrow import parquet

        columns = {"a": values[:, 0], "b": values[:, 1], "colour": labels}
        parquet.write_table(pyarrow.table(columns), folder / "t.parquet")
    elif form == "tsv":
        (folder / "t.tsv").write_text(csv_text().replace(",", "\t"))
    else:
        (folder / "t.csv").write_text("\ufeff" + csv_text().replace("\n", "\r\n"), encoding="utf-8")
    return own(folder, train=f"t.{form}")
