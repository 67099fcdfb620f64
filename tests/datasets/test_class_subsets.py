import numpy as np
import pytest

from skmtl.datasets import make_grouped_tasks, make_one_vs_rest_tasks
from skmtl.exceptions import InputError, TargetError

GROUPS = [(0, 1, 2), (5, 6, 7), (2, 3, 1), (8, 6, 7), (4,)]


@pytest.fixture
def multiclass():
    random_state = np.random.RandomState(0)
    return random_state.standard_normal((300, 3)), random_state.randint(10, size=300)


def test_labels_are_positions_in_the_subset(multiclass):
    X, y = multiclass
    tasks = make_grouped_tasks(X, y, GROUPS)
    for row, label in enumerate(y.tolist()):
        for task, subset in enumerate(GROUPS):
            position = subset.index(label) if label in subset else len(subset)
            assert tasks.target[row, task] == position
    assert tasks.target.dtype.kind == "i"
    assert tasks.data is X


def test_strings_give_the_same_tasks_as_numbers(multiclass):
    X, y = multiclass
    words = np.array([f"digit {label}" for label in range(10)])
    word_groups = [[words[label] for label in subset] for subset in GROUPS]
    by_number = make_grouped_tasks(X, y, GROUPS)
    for labels in (words[y], words[y].astype(object), words[y].tolist()):
        by_word = make_grouped_tasks(X, labels, word_groups)
        np.testing.assert_array_equal(by_word.target, by_number.target)
        np.testing.assert_array_equal(by_word.groups, by_number.groups)


def test_shared_classes_and_groups(multiclass):
    tasks = make_grouped_tasks(*multiclass, GROUPS)
    expected = [[len(set(a) & set(b)) for b in GROUPS] for a in GROUPS]
    np.testing.assert_array_equal(tasks.n_shared, expected)
    np.testing.assert_array_equal(tasks.groups, [0, 1, 0, 1, 2])
    assert tasks.classes_of_task == GROUPS


def test_groups_are_chained_and_numbered_by_first_appearance(multiclass):
    subsets = [(9,), (0, 1), (2, 3), (1, 2), (4, 9)]
    groups = make_grouped_tasks(*multiclass, subsets).groups
    np.testing.assert_array_equal(groups, [0, 1, 1, 1, 0])


def test_names_of_equal_subsets_differ(multiclass):
    names = make_grouped_tasks(*multiclass, [(0, 1), (0, 1), (0, 1)]).task_names
    assert names == ["0-1", "0-1_2", "0-1_3"]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([(0, 1), (2, 11)], r"`groups\[1\]`.*classes of `y`.*Found 11"),
        ([(0, 1, 0)], r"`groups\[0\]`.*at most once.*\(0, 1, 0\)"),
        ([(0, 1), ()], r"`groups\[1\]`.*at least one class"),
        ([], "`groups`.*at least one task"),
        ([0, 1], r"`groups`.*sequence of sequences.*groups\[0\] = 0"),
        (["abc"], "`groups`.*sequence of sequences"),
    ],
)
def test_bad_subsets_are_named(multiclass, groups, message):
    with pytest.raises(InputError, match=message):
        make_grouped_tasks(*multiclass, groups)


@pytest.mark.parametrize(
    "y", [[0.0, np.nan, 1.0], ["a", None, "b"], np.array([0, None, 1], dtype=object)]
)
def test_missing_classes_are_refused(y):
    with pytest.raises(TargetError, match=r"1 missing, the first in row 1"):
        make_grouped_tasks(np.zeros((3, 1)), y, [(0,)])


def test_pandas_missing_class_is_refused():
    pd = pytest.importorskip("pandas")
    y = pd.Series([0, 1, pd.NA], dtype="Int64")
    with pytest.raises(TargetError, match=r"first in row 2"):
        make_one_vs_rest_tasks(np.zeros((3, 1)), y)


def test_shapes_are_checked():
    with pytest.raises(TargetError, match=r"y.shape = \(2, 1\)"):
        make_grouped_tasks(np.zeros((2, 1)), [[0], [1]], [(0, 1)])
    with pytest.raises(InputError, match=r"`X` and `y`.*one row per sample"):
        make_one_vs_rest_tasks(np.zeros((3, 1)), [0, 1])


def test_one_vs_rest_marks_each_class(multiclass):
    X, y = multiclass
    tasks = make_one_vs_rest_tasks(X, y)
    np.testing.assert_array_equal(tasks.target.argmax(axis=1), y)
    np.testing.assert_array_equal(tasks.target.sum(axis=1), 1)
    assert tasks.task_names == [str(label) for label in range(10)]


def test_one_vs_rest_keeps_the_order_of_classes(multiclass):
    X, y = multiclass
    tasks = make_one_vs_rest_tasks(X, y, classes=[7, 2])
    np.testing.assert_array_equal(tasks.target, np.column_stack([y == 7, y == 2]))
    assert tasks.classes_of_task == [(7,), (2,)]


def test_one_vs_rest_errors(multiclass):
    with pytest.raises(InputError, match=r"`classes`.*Found 10"):
        make_one_vs_rest_tasks(*multiclass, classes=[1, 10])
    with pytest.raises(InputError, match=r"`classes`.*at most once"):
        make_one_vs_rest_tasks(*multiclass, classes=[1, 1])
    with pytest.raises(InputError, match=r"`classes`.*at least one class"):
        make_one_vs_rest_tasks(*multiclass, classes=[])
    with pytest.raises(TargetError, match=r"at least two classes"):
        make_one_vs_rest_tasks([[0.0], [1.0]], [3, 3])
