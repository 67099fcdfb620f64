"""Features and sample weights."""

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator

from skmtl._validation import check_features, check_sample_weight
from skmtl.exceptions import InputError

RANDOM = np.random.RandomState(0)


def fitted(X, **options):
    estimator = BaseEstimator()
    return check_features(estimator, X, reset=True, **options), estimator


@pytest.mark.parametrize(
    "dtype", ["f8", "f4", "i1", "u1", "i2", "u2", "?"], ids=lambda code: code
)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(5, 3), (5, 4, 3), (5, 2, 4, 3)])
def test_kept_types_share_memory(dtype, order, shape):
    X = np.array(RANDOM.randint(2, size=shape), dtype=dtype, order=order)
    X.flags.writeable = False
    checked, estimator = fitted(X, image=True)
    assert np.shares_memory(X, checked)
    assert checked.dtype == X.dtype
    assert checked.strides == X.strides
    assert estimator.n_features_in_ == np.prod(shape[1:])


@pytest.mark.parametrize(
    ("dtype", "result"),
    [("i4", "f8"), ("i8", "f8"), ("u4", "f8"), ("f2", "f4"), ("O", "f8")],
)
def test_other_types_become_floats(dtype, result):
    X = RANDOM.randint(9, size=(4, 3)).astype(dtype)
    checked, _ = fitted(X)
    assert checked.dtype == result
    assert_array_equal(checked, X.astype(float))


def test_a_memmap_is_not_copied(tmp_path):
    path = tmp_path / "X.npy"
    np.save(path, RANDOM.normal(size=(50, 4)).astype(np.float32))
    X = np.load(path, mmap_mode="r")
    checked, _ = fitted(X)
    assert np.shares_memory(X, checked)
    assert not checked.flags.writeable


def test_lists_and_array_likes_are_read():
    class Wrapped:
        def __array__(self, dtype=None, copy=None):
            return np.eye(3, dtype=np.float32)

    assert fitted([[1, 2], [3, 4]])[0].dtype == np.float64
    assert fitted(Wrapped())[0].dtype == np.float32


@pytest.mark.parametrize("grad", [False, True])
def test_tensors_share_memory(grad):
    torch = pytest.importorskip("torch")
    X = torch.ones(3, 2, requires_grad=grad)
    checked, _ = fitted(X)
    assert checked.dtype == np.float32
    assert checked.ctypes.data == X.data_ptr()


def test_frames_keep_names_and_small_types():
    pd = pytest.importorskip("pandas")
    pl = pytest.importorskip("polars")
    for dtype in (np.float32, np.float64, np.uint8):
        X = RANDOM.randint(9, size=(4, 2)).astype(dtype)
        for frame in (pd.DataFrame(X, columns=["a", "b"]), pl.DataFrame(X, ["a", "b"])):
            checked, estimator = fitted(frame)
            assert checked.dtype == dtype
            assert_array_equal(checked, X)
            assert estimator.feature_names_in_.tolist() == ["a", "b"]
    mixed = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5], "c": [True, False]})
    for frame in (mixed, pl.DataFrame(mixed.to_dict("list"))):
        assert fitted(frame)[0].dtype == np.float64


def test_names_must_match():
    pd = pytest.importorskip("pandas")
    _, estimator = fitted(pd.DataFrame(np.eye(2), columns=["a", "b"]))
    with pytest.raises(ValueError, match="same order as they were in fit"):
        check_features(
            estimator, pd.DataFrame(np.eye(2), columns=["b", "a"]), reset=False
        )


@pytest.mark.parametrize("image", [False, True])
@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.array([[0, np.nan]]), ValueError, "contains NaN"),
        (np.array([[0, np.inf]], np.float32), ValueError, "contains infinity"),
        (np.array([[0, None]], object), ValueError, "contains NaN"),
        (scipy.sparse.eye_array(3).tocsr(), TypeError, "[Ss]parse"),
        (np.array([["1", "2"]]), InputError, "found text"),
        ([["a", "b"]], InputError, "found text"),
        (np.array([["a", 1]], object), ValueError, "could not convert"),
        (np.array([[{"a": 1}]], object), TypeError, "argument must be .* string"),
        (np.zeros((0, 3)), ValueError, r"0 sample\(s\)"),
        (np.zeros((3, 0)), ValueError, r"0 feature\(s\)"),
        (np.zeros(3), InputError, r"found \(3,\), one axis.*X\.reshape\(-1, 1\)"),
        (np.array(1.0), ValueError, "Expected 2D array"),
        (np.ones((2, 2)) * 1j, ValueError, "Complex data not supported"),
    ],
)
def test_bad_features(X, error, message, image):
    with pytest.raises(error, match=message):
        fitted(X, image=image)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((2, 1, 2, 3, 3)), "none of them 0; found"),
        (np.zeros((2, 0, 3)), "none of them 0; found"),
        (np.zeros((0, 3, 3)), r"0 sample\(s\)"),
        (np.full((2, 3, 3), np.nan), "contains NaN"),
    ],
)
def test_bad_images(X, message):
    with pytest.raises(ValueError, match=message):
        fitted(X, image=True)


def test_images_only_where_they_are_meant():
    with pytest.raises(ValueError, match=r"`encoder` is .mlp.; found \(2, 3, 3\)"):
        fitted(np.zeros((2, 3, 3)))


@pytest.mark.parametrize("shape", [(4, 6), (4, 2, 3), (4, 1, 2, 3)])
def test_the_size_of_a_sample_is_compared(shape):
    _, estimator = fitted(np.zeros((2, 2, 3)), image=True)
    assert estimator.n_features_in_ == 6
    check_features(estimator, np.zeros(shape), reset=False, image=True)
    wrong = np.zeros((*shape[:-1], shape[-1] + 1))
    with pytest.raises(ValueError, match="but BaseEstimator is expecting 6 features"):
        check_features(estimator, wrong, reset=False, image=True)


def test_width_is_compared():
    _, estimator = fitted(np.eye(3))
    with pytest.raises(ValueError, match="X has 1 features, but BaseEstimator"):
        check_features(estimator, np.ones((2, 1)), reset=False)


def test_no_weight_stays_none():
    assert check_sample_weight(None, 3, 2, np.float32) is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weight", [[1, 0, 2], np.ones((3, 2), int), np.eye(3)[:, :2]])
def test_weights_are_converted(weight, dtype):
    checked = check_sample_weight(weight, 3, 2, dtype)
    assert checked.dtype == dtype
    assert_array_equal(checked, weight)


def test_weights_may_be_frames():
    pd = pytest.importorskip("pandas")
    pl = pytest.importorskip("polars")
    for weight in (pd.Series([1, 2], index=[5, 5]), pl.Series([1, 2])):
        assert_array_equal(check_sample_weight(weight, 2, 1, np.float64), [1, 2])
    frame = pd.DataFrame([[1, 2], [3, 4]])
    assert check_sample_weight(frame, 2, 2, np.float64).shape == (2, 2)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1, -0.5, 1], "negative; found -0.5"),
        ([1, np.nan, 1], "finite; found nan"),
        ([1, np.inf, 1], "finite; found inf"),
        ([1, 1e300, 1], "finite; found inf"),
        ([0, 0, 0], "all weights are zero"),
        (np.zeros((3, 2)), "all weights are zero"),
        ([1, 1], r"found \(2,\)"),
        (2.0, r"found \(\)"),
        (np.ones((3, 1)), r"found \(3, 1\)"),
        (np.ones((2, 3)), r"found \(2, 3\)"),
        (["a", "b", "c"], "must hold numbers"),
        ([1, None, 1], "finite; found nan|must hold numbers"),
    ],
)
def test_bad_weights_are_named(weight, message):
    with pytest.raises(InputError, match=f"`sample_weight`.*({message})"):
        check_sample_weight(weight, 3, 2, np.float32)
