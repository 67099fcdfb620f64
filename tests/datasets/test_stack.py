import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from skmtl.datasets import stack_tasks
from skmtl.exceptions import InputError, TargetError
from skmtl.tasks import TargetEncoder


@pytest.fixture
def numeric():
    random_state = np.random.RandomState(0)
    X_list = [random_state.standard_normal((n, 3)) for n in (4, 1, 5)]
    y_list = [random_state.randint(5, size=len(X)) for X in X_list]
    return X_list, y_list


def test_every_row_has_the_label_of_its_data_set(numeric):
    X_list, y_list = numeric
    tasks = stack_tasks(X_list, y_list, task_names=["a", "b", "c"])
    assert tasks.target.dtype == np.float64
    row = 0
    for task, (X, y) in enumerate(zip(X_list, y_list, strict=True)):
        for features, label in zip(X, y, strict=True):
            np.testing.assert_array_equal(tasks.data[row], features)
            assert tasks.target[row, task] == label
            assert np.isnan(np.delete(tasks.target[row], task)).all()
            assert tasks.task_of_row[row] == task
            row += 1
    assert row == len(tasks.data) == len(tasks.target)
    assert tasks.task_names == ["a", "b", "c"]


def test_default_names_and_single_task(numeric):
    X_list, y_list = numeric
    assert stack_tasks(*numeric).task_names == ["task_0", "task_1", "task_2"]
    alone = stack_tasks(X_list[:1], y_list[:1])
    np.testing.assert_array_equal(alone.target[:, 0], y_list[0])


def test_labels_missing_in_a_data_set_stay_missing():
    tasks = stack_tasks([np.zeros((2, 1)), np.zeros((1, 1))], [[np.nan, 1.0], [2.0]])
    np.testing.assert_array_equal(np.isnan(tasks.target[:, 0]), [True, False, True])
    np.testing.assert_array_equal(tasks.task_of_row, [0, 0, 1])


def test_strings_give_objects_with_none():
    X_list = [np.zeros((2, 1)), np.zeros((1, 1)), np.zeros((1, 1))]
    tasks = stack_tasks(X_list, [["yes", "no"], [7], [True]])
    assert tasks.target.dtype == object
    assert tasks.target[:, 0].tolist() == ["yes", "no", None, None]
    assert tasks.target[2, 1] == 7
    assert np.isnan(tasks.target[[0, 1, 3], 1].astype(float)).all()
    assert tasks.target[3, 2] is True


def test_images_and_sparse_features():
    images = [np.ones((2, 4, 5)), np.zeros((3, 4, 5))]
    labels = [[0, 1], [0, 1, 1]]
    assert stack_tasks(images, labels).data.shape == (5, 4, 5)
    matrices = [sparse.csr_array(np.eye(2)), np.full((3, 2), 2.0)]
    stacked = stack_tasks(matrices, labels).data
    assert sparse.issparse(stacked)
    assert stacked.format == "csr"
    np.testing.assert_array_equal(
        stacked.toarray(), np.vstack([np.eye(2), np.full((3, 2), 2.0)])
    )


def test_frames_keep_columns_and_dtypes():
    pd = pytest.importorskip("pandas")
    first = pd.DataFrame({"u": [1, 2], "v": ["x", "y"]}, index=[7, 7])
    second = pd.DataFrame({"u": [3], "v": ["z"]}, index=[7])
    severity = pd.Series(["low", "high"], dtype="category", index=[7, 7])
    count = pd.Series([4], dtype="Int64", index=[3])
    tasks = stack_tasks([first, second, first], [severity, count, [True, False]])
    assert tasks.data.to_dict("list") == {
        "u": [1, 2, 3, 1, 2],
        "v": ["x", "y", "z", "x", "y"],
    }
    assert tasks.data["u"].dtype == first["u"].dtype
    assert tasks.data.index.tolist() == tasks.target.index.tolist() == list(range(5))
    assert list(tasks.target.columns) == tasks.task_names
    assert tasks.target["task_0"].dtype == severity.dtype
    assert tasks.target["task_1"].dtype == "Int64"
    assert tasks.target["task_2"].dtype == float
    assert tasks.target["task_0"].tolist()[:2] == ["low", "high"]
    assert tasks.target["task_1"][2] == 4
    assert tasks.target["task_2"].tolist()[3:] == [1.0, 0.0]
    np.testing.assert_array_equal(
        tasks.target.notna().to_numpy(), np.eye(3, dtype=bool)[tasks.task_of_row]
    )


def test_numpy_strings_beside_frames():
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame({"u": [1.0, 2.0]})
    tasks = stack_tasks([X, X], [np.array(["a", "b"]), [1, 2]])
    assert tasks.target["task_0"].tolist()[:2] == ["a", "b"]
    assert tasks.target["task_0"].isna().tolist() == [False, False, True, True]
    assert tasks.target["task_1"].tolist()[2:] == [1.0, 2.0]


def test_series_labels_with_array_features():
    pd = pytest.importorskip("pandas")
    tasks = stack_tasks([np.zeros((2, 1))], [pd.Series(["a", "b"], index=[5, 6])])
    assert isinstance(tasks.data, np.ndarray)
    assert tasks.target["task_0"].tolist() == ["a", "b"]


def test_polars_columns_are_compared():
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"u": [1.0, 2.0], "v": [3.0, 4.0]})
    tasks = stack_tasks([frame, frame], [pl.Series(["a", "b"]), pl.Series([1, 2])])
    np.testing.assert_array_equal(tasks.data[2:], frame.to_numpy())
    assert tasks.target[:, 0].tolist() == ["a", "b", None, None]
    with pytest.raises(InputError, match=r"Found 'v' in place of 'u'"):
        stack_tasks([frame, frame.select("v", "u")], [[0, 1], [0, 1]])


def test_other_columns_are_named():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"u": [1.0], "v": [2.0]})
    with pytest.raises(InputError, match=r"'second'.*Found 'v' in place of 'u'"):
        stack_tasks([frame, frame[["v", "u"]]], [[0], [1]], ["first", "second"])
    with pytest.raises(InputError, match=r"ndarray for task 'task_1' after DataFrame"):
        stack_tasks([frame, frame.to_numpy()], [[0], [1]])
    with pytest.raises(InputError, match=r"'task_1'.*width.*2. Found 1"):
        stack_tasks([frame, frame[["u"]]], [[0], [1]])


@pytest.mark.parametrize(
    ("shape", "labels", "error", "message"),
    [
        (
            (2, 4),
            [0, 1],
            InputError,
            "'task_1'.*width of the first data set, 3. Found 4",
        ),
        ((2, 3), [0], InputError, "'task_1'.*rows. Found 2 and 1"),
        ((2,), [0, 1], InputError, r"'task_1'.*two axes. Found shape \(2,\)"),
        ((2, 3), [[0], [1]], TargetError, r"'task_1'.*Found shape \(2, 1\)"),
        ((2, 3), [1j, 0], TargetError, "'task_1'.*numbers or strings.*complex"),
    ],
)
def test_the_bad_data_set_is_named(shape, labels, error, message):
    with pytest.raises(error, match=message):
        stack_tasks([np.zeros((2, 3)), np.zeros(shape)], [[0, 1], labels])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", "a", "b"], "different strings"),
        (["a", 1, "b"], "different strings"),
        ("abc", "different strings"),
        (["a", "b"], "one name per data set, 3. Found 2"),
    ],
)
def test_bad_names(numeric, names, message):
    with pytest.raises(InputError, match=f"`task_names`.*{message}"):
        stack_tasks(*numeric, task_names=names)


def test_lists_must_match(numeric):
    X_list, y_list = numeric
    with pytest.raises(InputError, match=r"Found 3 and 2"):
        stack_tasks(X_list, y_list[:2])
    with pytest.raises(InputError, match=r"Found 0 and 0"):
        stack_tasks([], [])


ROWS = [np.zeros((3, 1)), np.zeros((1, 1))]


@pytest.mark.parametrize("hole", [np.nan, None])
def test_holes_beside_strings_stay_holes(hole):
    target = stack_tasks(ROWS, [["a", hole, "b"], [2.5]]).target
    assert target[:3, 0].tolist() == ["a", hole, "b"]
    encoder = TargetEncoder().fit(target)
    assert encoder.specs[0].classes.tolist() == ["a", "b"]
    # In a list the user wrote it, in an array most likely numpy.
    assert stack_tasks(ROWS, [["a", "nan", "b"], [2.5]]).target[1, 0] == "nan"
    with pytest.raises(TargetError, match=r"task 'task_0' .* hold the text 'nan'"):
        stack_tasks(ROWS, [np.array(["a", np.nan, "b"]), [2.5]])


def test_masked_labels_are_holes():
    masked = np.ma.array([1, 9, 2], mask=[False, True, False])
    np.testing.assert_array_equal(
        stack_tasks(ROWS, [masked, [2.5]]).target[:, 0], [1, np.nan, 2, np.nan]
    )
    words = np.ma.array(["a", "x", "b"], mask=[False, True, False])
    encoder = TargetEncoder().fit(stack_tasks(ROWS, [words, [2.5]]).target)
    assert encoder.specs[0].classes.tolist() == ["a", "b"]


LARGE = [2**53, 2**53 + 1]


@pytest.mark.parametrize(
    "labels",
    [LARGE, [*LARGE, np.nan], np.array(LARGE), pd.Series(LARGE)],
    ids=["list", "holes", "array", "series"],
)
def test_large_whole_numbers_stay_apart(labels):
    rows = [np.zeros((len(labels), 1)), np.zeros((1, 1))]
    target = np.asarray(stack_tasks(rows, [labels, [2.5]]).target)
    assert target[:2, 0].tolist() == LARGE
    assert target[-1, 1] == 2.5
