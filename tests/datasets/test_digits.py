import numpy as np
import pytest
from sklearn.datasets import load_digits

from skmtl.datasets import load_grouped_digits
from skmtl.exceptions import InputError


def test_default_tasks():
    digits = load_grouped_digits()
    source = load_digits()
    np.testing.assert_array_equal(digits.data * 16, source.data)
    assert digits.data.dtype == np.float64
    assert digits.data.min() == 0
    assert digits.data.max() == 1
    assert digits.classes_of_task == [(0, 1, 2), (1, 2, 3), (5, 6, 7), (6, 7, 8)]
    np.testing.assert_array_equal(digits.groups, [0, 0, 1, 1])
    np.testing.assert_array_equal(digits.n_shared[:2, :2], [[3, 2], [2, 3]])
    assert digits.n_shared[:2, 2:].sum() == 0
    for task, subset in enumerate(digits.classes_of_task):
        for position, digit in enumerate(subset):
            np.testing.assert_array_equal(
                digits.target[:, task] == position, source.target == digit
            )


def test_return_X_y_and_own_groups():
    X, y = load_grouped_digits(groups=[(9, 0), (3, 4, 5)], return_X_y=True)
    assert X.shape == (1797, 64)
    assert y.max(axis=0).tolist() == [2, 3]


def test_frames():
    pd = pytest.importorskip("pandas")
    arrays = load_grouped_digits()
    frames = load_grouped_digits(as_frame=True)
    assert isinstance(frames.data, pd.DataFrame)
    assert list(frames.target.columns) == frames.task_names
    assert list(frames.frame.columns) == frames.feature_names + frames.task_names
    np.testing.assert_array_equal(frames.data.to_numpy(), arrays.data)
    np.testing.assert_array_equal(frames.target.to_numpy(), arrays.target)
    assert arrays.frame is None


def test_errors():
    with pytest.raises(InputError, match=r"`groups\[0\]`.*Found 10"):
        load_grouped_digits(groups=[(1, 10)])
    with pytest.raises(InputError, match=r"`as_frame`.*Found 'yes'"):
        load_grouped_digits(as_frame="yes")
