"""Targets with holes, in every container that can hold them."""

import numpy as np
import pandas as pd
import polars as pl
import torch

QUICK = {"max_epochs": 3, "hidden_layer_sizes": (4,), "random_state": 0}
N_ROWS = 60
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(N_ROWS, 3))
BINARY = (X[:, 0] > 0).astype(int)
THREE = np.digitize(X[:, 1], [-0.5, 0.5])
REAL = X[:, 2] + 0.1 * RANDOM.normal(size=N_ROWS)
HOLES = np.zeros((N_ROWS, 2), dtype=bool)
HOLES[::5, 0] = HOLES[1::4, 1] = True
NAMES = ["small", "large"]
WORDS = np.array(["calm", "gale", "storm"])


def masked(columns, missing=np.nan, dtype=object):
    """Columns side by side, with holes."""
    table = np.empty((N_ROWS, 2), dtype=dtype)
    for task, column in enumerate(columns):
        table[:, task] = column
    table[HOLES] = missing
    return table


def frame_of(library, columns, holes=True):
    """A DataFrame that holds None where there are holes."""
    data = {}
    for task, (name, column) in enumerate(zip(NAMES, columns, strict=True)):
        values = list(column.tolist())
        gone = HOLES[:, task] if holes else np.zeros(N_ROWS, dtype=bool)
        data[name] = [
            None if hole else value for hole, value in zip(gone, values, strict=True)
        ]
    return library.DataFrame(data)


def integer_containers():
    columns = BINARY, THREE
    floats = masked(columns, dtype=float)
    return {
        "floats": floats,
        "float32": floats.astype(np.float32),
        "objects with None": masked(columns, None),
        "objects with NaN": masked(columns, np.nan),
        "objects with NA": masked(columns, pd.NA),
        "list of lists": masked(columns, None).tolist(),
        "list of tuples": [tuple(row) for row in masked(columns, None).tolist()],
        "masked array": np.ma.MaskedArray(np.column_stack(columns), HOLES),
        "pandas": frame_of(pd, columns),
        "pandas Int64": frame_of(pd, columns).astype("Int64"),
        "pandas Int8": frame_of(pd, columns).astype("Int8"),
        "pandas object": frame_of(pd, columns).astype(object),
        "pandas category": frame_of(pd, columns).astype("Int64").astype("category"),
        "polars": frame_of(pl, columns),
        "polars Int8": frame_of(pl, columns).cast(pl.Int8),
        "tensor": torch.tensor(floats),
    }


def text_containers():
    columns = np.array(["no", "yes"])[BINARY], WORDS[THREE]
    whole = frame_of(pd, columns)
    return {
        "objects with None": masked(columns, None),
        "objects with NaN": masked(columns, np.nan),
        "list of lists": masked(columns, None).tolist(),
        "pandas": whole,
        "pandas object": whole.astype(object),
        "pandas string": whole.astype("string"),
        "pandas category": whole.astype("category"),
        "polars": frame_of(pl, columns),
        "polars categorical": frame_of(pl, columns).cast(pl.Categorical),
        "polars enum": frame_of(pl, columns).with_columns(
            pl.col("small").cast(pl.Enum(["no", "yes"])),
            pl.col("large").cast(pl.Enum(list(WORDS))),
        ),
    }


def real_containers():
    columns = REAL, 100 + 10 * X[:, 0]
    floats = masked(columns, dtype=float)
    return {
        "floats": floats,
        "objects": masked(columns, None),
        "list": masked(columns, None).tolist(),
        "pandas": frame_of(pd, columns),
        "pandas Float64": frame_of(pd, columns).astype("Float64"),
        "polars": frame_of(pl, columns),
        "masked array": np.ma.MaskedArray(np.column_stack(columns), HOLES),
    }
