"""Every container of the same labels gives the same codes and comes back as it was."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skmtl.exceptions import TargetError
from skmtl.tasks import TargetEncoder

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")

N = 12
COLUMNS = {
    "flag": [True, False, True] * 4,
    "grade": [3, 1, 2] * 4,
    "colour": ["red", "blue", "green"] * 4,
    "length": [0.5, 1.5, -2.0] * 4,
}
TYPES = ["classification", "classification", "classification", "regression"]
HOLES = {"flag": (0, 5), "grade": (1,), "colour": (2, 3, 11), "length": (4, 5)}


def column(name, holes):
    hidden = HOLES[name] if holes else ()
    return [None if row in hidden else COLUMNS[name][row] for row in range(N)]


def columns(holes):
    return {name: column(name, holes) for name in COLUMNS}


def pandas_nullable(holes):
    dtypes = {
        "flag": "boolean",
        "grade": "Int64",
        "colour": "string",
        "length": "Float64",
    }
    return pd.DataFrame(columns(holes)).astype(dtypes)


def pandas_categorical(holes):
    frame = pd.DataFrame(columns(holes))
    frame["flag"] = frame["flag"].astype("category")
    ordered = pd.CategoricalDtype([1, 2, 3, 9], ordered=True)
    frame["grade"] = pd.Series(column("grade", holes), dtype=ordered)
    frame["colour"] = frame["colour"].astype("category")
    frame["length"] = frame["length"].astype("float32")
    return frame


def polars_typed(holes):
    schema = {
        "flag": pl.Boolean,
        "grade": pl.Int8,
        "colour": pl.Enum(["blue", "green", "pink", "red"]),
        "length": pl.Float32,
    }
    return pl.DataFrame(columns(holes), schema=schema)


CONTAINERS = {
    "object array": lambda holes: (
        np.array(list(columns(holes).values()), dtype=object).T
    ),
    "lists": lambda holes: list(map(list, zip(*columns(holes).values(), strict=True))),
    "tuples": lambda holes: tuple(zip(*columns(holes).values(), strict=True)),
    "pandas of objects": lambda holes: pd.DataFrame(columns(holes), dtype=object),
    "pandas": lambda holes: pd.DataFrame(columns(holes)),
    "pandas nullable": pandas_nullable,
    "pandas categorical": pandas_categorical,
    "polars": lambda holes: pl.DataFrame(columns(holes)),
    "polars typed": polars_typed,
    "polars categorical": lambda holes: pl.DataFrame(columns(holes)).with_columns(
        pl.col("colour").cast(pl.Categorical)
    ),
}


@pytest.mark.parametrize("holes", [False, True])
@pytest.mark.parametrize("container", CONTAINERS)
def test_same_labels_same_codes(container, holes):
    y = CONTAINERS[container](holes)
    encoder = TargetEncoder(TYPES).fit(y)
    codes, observed = encoder.transform(y)
    reference = TargetEncoder(TYPES).fit(CONTAINERS["object array"](holes))
    expected, present = reference.transform(CONTAINERS["object array"](holes))
    assert_array_equal(observed, present)
    assert_allclose(codes, expected, rtol=1e-12)
    for one, other in zip(encoder.class_list(), reference.class_list(), strict=True):
        assert np.array_equal(one, other) or (one is None and other is None)


@pytest.mark.parametrize("fitted", CONTAINERS)
@pytest.mark.parametrize("new", ["lists", "pandas nullable", "polars typed"])
def test_containers_may_differ_between_fit_and_transform(fitted, new):
    encoder = TargetEncoder(TYPES).fit(CONTAINERS[fitted](False))
    codes, observed = encoder.transform(CONTAINERS[new](True))
    expected, present = encoder.transform(CONTAINERS[fitted](True))
    assert_array_equal(observed, present)
    assert_allclose(codes, expected, rtol=1e-12)


@pytest.mark.parametrize("container", CONTAINERS)
def test_round_trip(container):
    y = CONTAINERS[container](False)
    encoder = TargetEncoder(TYPES).fit(y)
    back = encoder.inverse_transform(encoder.transform(y)[0])
    if container.startswith("pandas"):
        if container == "pandas of objects":
            y = y.astype({"grade": object, "length": "float64"})
        pd.testing.assert_frame_equal(back, y, rtol=1e-12)
    elif container.startswith("polars"):
        assert back.schema == y.schema
        assert back.drop("length").rows() == y.drop("length").rows()
        assert_allclose(back["length"], y["length"], rtol=1e-12)
    else:
        assert back.dtype == object
        assert back[:, :3].tolist() == [list(row)[:3] for row in y]
        assert_allclose(back[:, 3].astype(float), [row[3] for row in y], rtol=1e-12)


@pytest.mark.parametrize(
    "container", ["pandas nullable", "pandas categorical", "polars typed"]
)
def test_predictions_for_holes_keep_the_types(container):
    y = CONTAINERS[container](True)
    encoder = TargetEncoder(TYPES).fit(y)
    back = encoder.inverse_transform(np.zeros((3, 4)))
    types = back.schema if container.startswith("polars") else back.dtypes.to_dict()
    wanted = y.schema if container.startswith("polars") else y.dtypes.to_dict()
    assert types == wanted
    assert back["grade"].to_list() == [1, 1, 1]


@pytest.mark.parametrize(
    "series",
    [
        pd.Series([2, 1, 2], name="grade"),
        pd.Series([2, 1, 2], name="grade", index=[7, 7, 3]),
        pd.Series([2, 1, 2], name="grade").astype("category"),
        pl.Series("grade", [2, 1, 2]),
    ],
)
def test_series_are_one_dimensional(series):
    encoder = TargetEncoder("classification").fit(series)
    assert encoder.one_dimensional
    assert encoder.container == "array"
    assert encoder.task_names == ["grade"]
    back = encoder.inverse_transform(encoder.transform(series)[0])
    assert isinstance(back, np.ndarray)
    assert_array_equal(back, [2, 1, 2])


@pytest.mark.parametrize("unnamed", [pd.Series([0, 1]), pl.Series([0, 1]), [0, 1]])
def test_unnamed_targets_are_numbered(unnamed):
    assert TargetEncoder("regression").fit(unnamed).task_names == ["task_0"]


def test_pandas_arrays_and_indexes_are_read():
    for y in (pd.array([1, None, 2], dtype="Int64"), pd.Index([1.0, np.nan, 2.0])):
        codes, observed = TargetEncoder("classification").fit(y).transform(y)
        assert_array_equal(observed[:, 0], [True, False, True])
        assert_array_equal(codes[:, 0], [0, 0, 1])


def test_names_are_text_and_differ():
    frame = pd.DataFrame(np.eye(5), columns=[0, "a", "a", "a_2", 0])
    encoder = TargetEncoder("regression").fit(frame)
    assert encoder.task_names == ["0", "a", "a_3", "a_2", "0_2"]
    back = encoder.inverse_transform(np.zeros((2, 5)))
    assert list(back.columns) == [0, "a", "a", "a_2", 0]


def test_columns_of_a_multiindex_come_back():
    frame = pd.DataFrame(np.eye(2))
    frame.columns = pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")])
    back = TargetEncoder("regression").fit(frame).inverse_transform(np.zeros((1, 2)))
    assert back.columns.equals(frame.columns)


@pytest.mark.parametrize("order", [["b", "a"], ["a", "c"]])
def test_columns_must_be_those_of_fit(order):
    encoder = TargetEncoder("regression").fit(
        pd.DataFrame(np.eye(2), columns=["a", "b"])
    )
    with pytest.raises(TargetError, match=r"same order, \['a', 'b'\]; found"):
        encoder.transform(pl.DataFrame(np.eye(2), schema=order))
    codes, _ = encoder.transform(np.eye(2))
    assert codes.shape == (2, 2)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (pl.LazyFrame({"a": [1, 2]}), "LazyFrame: collect"),
        (pd.DataFrame(index=[1, 2]), "at least one column"),
        (pd.DataFrame({"day": pd.to_datetime(["2020-01-01"])}), "'day'.*datetime"),
        (pl.DataFrame({"day": [None, None]}), "NaN only"),
        (pd.DataFrame({"mixed": [1, "a", None]}), "'mixed'.*int, str"),
        (pd.DataFrame({"all": pd.Categorical([None, None])}), "NaN only"),
        (pl.DataFrame({"list": [[1], [2]]}), "'list'"),
    ],
)
def test_bad_frames_are_named(y, message):
    with pytest.raises(TargetError, match=message):
        TargetEncoder("classification").fit(y)


def test_given_classes_beyond_the_type_of_the_column_are_not_lost():
    pandas = pd.DataFrame({"a": pd.Categorical(["x", "x"]), "b": [1, 1]})
    polars = pl.DataFrame(
        {"a": ["x", "x"], "b": [1, 1]}, {"a": pl.Enum(["x"]), "b": pl.Int64}
    )
    classes = [["x", "y"], [0.5 + 0.5, 2.0]]
    for y in (pandas, polars):
        encoder = TargetEncoder("classification").fit(y, classes=classes)
        back = encoder.inverse_transform(np.ones((1, 2)))
        assert back["a"].to_list() == ["y"]
        assert back["b"].to_list() == [2.0]


def test_sparse_columns_and_decimals_are_read():
    sparse = pd.DataFrame({"a": pd.arrays.SparseArray([0, 0, 1])})
    assert_array_equal(TargetEncoder().fit(sparse).class_list(), [[0, 1]])
    decimal = pl.DataFrame(
        {"a": pl.Series(["1.5", None, "2.5"]).cast(pl.Decimal(9, 2))}
    )
    encoder = TargetEncoder("regression").fit(decimal)
    assert (encoder.specs[0].location, encoder.specs[0].scale) == (2.0, 0.5)


def test_tensors_are_read():
    torch = pytest.importorskip("torch")
    encoder = TargetEncoder("classification").fit(torch.tensor([[0, 2], [1, 3]]))
    assert_array_equal(encoder.class_list(), [[0, 1], [2, 3]])
