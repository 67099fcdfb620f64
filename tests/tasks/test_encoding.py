"""Encoding of targets: classes, scaling, missing labels, errors."""

import decimal
import pickle

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal

from skmtl.exceptions import InputError, TargetError
from skmtl.tasks import TargetEncoder

NAN, TYPES = np.nan, ("classification", "regression", "ranking")


def encode(y, task_types="classification", **fit):
    encoder = TargetEncoder(task_types, TYPES).fit(y, **fit)
    return encoder, *encoder.transform(y)


@pytest.mark.parametrize(
    ("y", "classes", "kind"),
    [
        ([0, 1, 1, 0], [0, 1], "binary"),
        ([True, False, True, True], [False, True], "binary"),
        (np.array([3.0, -1.0, 3.0, 7.0]), [-1.0, 3.0, 7.0], "multiclass"),
        (np.array(["b", "a", "b", "c"]), ["a", "b", "c"], "multiclass"),
        (np.array(["b", "a", "b", "c"], dtype=object), ["a", "b", "c"], "multiclass"),
        (np.array([b"b", b"a", b"b", b"b"]), [b"a", b"b"], "binary"),
        (np.array([9, 3, 200, 3], dtype=np.uint8), [3, 9, 200], "multiclass"),
    ],
)
def test_classes_are_sorted_in_the_users_type(y, classes, kind):
    encoder, codes, observed = encode(y)
    (spec,) = encoder.specs
    dtype = np.asarray(y).dtype
    assert spec.kind == kind
    assert spec.classes.tolist() == classes
    assert spec.classes.dtype.kind == dtype.kind
    assert observed.all()
    assert codes.shape == (4, 1)
    assert codes.dtype == np.float64
    assert_array_equal(codes[:, 0], [classes.index(label) for label in list(y)])
    assert_array_equal(encoder.inverse_transform(codes), np.asarray(y))
    assert encoder.inverse_transform(codes).dtype.kind == dtype.kind


@pytest.mark.parametrize("hole", [None, NAN, float("nan"), decimal.Decimal("NaN")])
def test_holes_in_objects(hole):
    y = np.array([["a", 1], [hole, 2], ["b", hole], ["a", 1]], dtype=object)
    encoder, codes, observed = encode(y)
    assert_array_equal(observed, [[1, 1], [0, 1], [1, 0], [1, 1]])
    assert_array_equal(codes, [[0, 0], [0, 1], [1, 0], [0, 0]])
    assert [spec.classes.tolist() for spec in encoder.specs] == [["a", "b"], [1, 2]]
    assert encoder.specs[1].classes.dtype == np.int64


def test_holes_in_nested_lists_keep_the_type_of_each_column():
    encoder, _, observed = encode([["a", True, 1], [None, False, NAN], ["b", True, 2]])
    kinds = [spec.classes.dtype.kind for spec in encoder.specs]
    assert kinds == ["U", "b", "i"]
    assert_array_equal(observed[1], [False, True, False])


def test_masked_entries_are_missing():
    y = np.ma.masked_array([[0, 5], [1, 6], [1, 7]], [[0, 0], [1, 0], [0, 1]])
    encoder, _, observed = encode(y)
    assert_array_equal(observed, ~y.mask)
    assert [spec.classes.tolist() for spec in encoder.specs] == [[0, 1], [5, 6]]


def test_minus_one_is_a_label():
    _, codes, observed = encode([-1, 1, -1])
    assert observed.all()
    assert_array_equal(codes[:, 0], [0, 1, 0])


def test_rows_without_label_are_allowed():
    _, codes, observed = encode(np.array([[0.0, 1], [NAN, NAN], [1, 0]]))
    assert_array_equal(observed.sum(axis=1), [2, 0, 2])
    assert_array_equal(codes[1], 0)


@pytest.mark.parametrize("size", [1e-200, 1e-8, 1.0, 1e8, 1e200])
def test_real_targets_are_standardised(size):
    random = np.random.RandomState(0)
    y = size * (3 + random.normal(size=(50, 2)))
    y[::7, 0] = NAN
    encoder, codes, observed = encode(y, "regression")
    for task, spec in enumerate(encoder.specs):
        own = codes[observed[:, task], task]
        assert spec.kind == "continuous"
        assert_allclose(own.mean(), 0, atol=1e-12)
        assert_allclose(own.std(), 1)
    back = encoder.inverse_transform(codes)
    assert_allclose(back[observed], y[observed], rtol=1e-12)
    assert_array_equal(codes[~observed], 0)


@pytest.mark.parametrize("value", [0.1, 0.0, -7.3e150, 5])
def test_a_constant_target_has_scale_one(value):
    encoder, codes, _ = encode(np.full(13, value), "regression")
    assert encoder.specs[0].scale == 1
    assert encoder.specs[0].location == value
    assert_array_equal(codes, 0)


def test_one_label_is_enough_for_regression():
    encoder, codes, _ = encode([NAN, 4.5, NAN], "regression")
    assert (encoder.specs[0].location, encoder.specs[0].scale) == (4.5, 1)
    assert_array_equal(codes, 0)


@pytest.mark.parametrize("shape", [(30,), (30, 3)])
def test_weights_repeat_rows(shape):
    random = np.random.RandomState(1)
    y = random.normal(size=(30, 3))
    weight = random.randint(0, 4, size=shape)
    encoder, *_ = encode(y, "regression", sample_weight=weight)
    for task, spec in enumerate(encoder.specs):
        times = weight if weight.ndim == 1 else weight[:, task]
        repeated = np.repeat(y[:, task], times)
        assert_allclose(spec.location, repeated.mean(), atol=1e-14)
        assert_allclose(spec.scale, repeated.std())


def test_rows_of_weight_zero_do_not_matter():
    y = np.array([1.0, 2.0, 5.0, 1e300, 7.0, 7.0])
    weight = np.array([1.0, 2.0, 0.5, 0.0, 0.0, 1.0])
    weighted = encode(y, "regression", sample_weight=weight)[0].specs[0]
    kept = weight > 0
    removed = encode(y[kept], "regression", sample_weight=weight[kept])[0].specs[0]
    assert weighted == removed
    constant = encode([3.0, 3.0, 8.0], "regression", sample_weight=[1, 1, 0])[0]
    assert constant.specs[0].scale == 1


def test_a_class_of_weight_zero_is_kept():
    encoder, *_ = encode([0, 1, 2], sample_weight=[1.0, 1.0, 0.0])
    assert encoder.specs[0].classes.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("y", "task_types", "message"),
    [
        (None, "classification", "requires y to be passed, but the target y is None"),
        (np.zeros((2, 2, 2)), "regression", "3 dimension"),
        ("text", "classification", "0 dimension"),
        (np.zeros((3, 0)), "regression", "at least one column; found 0"),
        (np.zeros((0, 3)), "regression", "at least one row; found 0"),
        ([], "regression", "at least one row; found 0"),
        ([[1, 2], [3]], "classification", "same number of labels"),
        (scipy.sparse.eye_array(3), "classification", "must be dense"),
        ([1 + 2j, 1j], "regression", "Complex data not supported.*'task_0'"),
        (np.array([1j, 2], dtype=object), "regression", "Complex data not supported"),
        ([["a", 0], [1, 1]], "classification", "'task_0'.*int, str"),
        ([0, {"a": 1}], "classification", "'task_0'.*dict, int"),
        (np.array(["2020-01-01"], "M8[D]"), "regression", "'task_0'.*datetime64"),
        (np.array(["a", NAN]), "classification", "'task_0'.*text 'nan'"),
        ([0, 2**70], "classification", "'task_0'.*64 bits"),
        ([[0, 0.3], [1, 1.0]], "classification", "Unknown label type: cont.*'task_1'"),
        ([0, np.inf], "classification", "Input y contains infinity.*'task_0'"),
        ([0, np.inf], "regression", "Input y contains infinity.*'task_0'"),
        (np.array([1, -np.inf]), "ranking", "Input y contains infinity.*'task_0'"),
        (["a", "b"], "regression", "'task_0' of y holds text, for example 'a'"),
        ([1.7e308, -1.7e308], "regression", "'task_0'.*too far"),
        ([[0, 1], [1, 1]], "classification", "'task_1' have only one class, 1"),
        (["x", None], "classification", "'task_0' have only one class, 'x'"),
        ([NAN, NAN], "regression", "NaN only.*task_0"),
        ([NAN, NAN], "classification", "NaN only.*task_0"),
        ([[0, None], [1, None]], "classification", "NaN only in task 'task_1'"),
        ([[0, None], [1, None]], "regression", "NaN only in task 'task_1'"),
    ],
)
def test_bad_targets_are_named(y, task_types, message):
    with pytest.raises(TargetError, match=message):
        TargetEncoder(task_types, TYPES).fit(y)


def test_one_class_of_positive_weight_is_an_error():
    with pytest.raises(TargetError, match="'task_0' have only one class, 1"):
        TargetEncoder("classification").fit([0, 1, 1], sample_weight=[0, 1, 2])


@pytest.mark.parametrize("task_types", ["classification", "regression"])
def test_a_task_without_weight_is_an_error(task_types):
    y = np.array([[0.0, 1], [1, 0], [1, NAN]])
    weight = np.array([[1.0, 0], [1, 0], [1, 1]])
    with pytest.raises(TargetError, match=r"weight is zero.*'task_1'"):
        TargetEncoder(task_types).fit(y, sample_weight=weight)


@pytest.mark.parametrize("weight", [np.ones(4), np.ones((3, 3)), [1, -1, 1], [0, 0, 0]])
def test_weights_are_checked(weight):
    with pytest.raises(InputError, match="sample_weight"):
        TargetEncoder("regression").fit(np.eye(3)[:, :2], sample_weight=weight)


def test_unseen_classes():
    encoder = TargetEncoder("classification").fit([["a", 1], ["b", 2]])
    y = np.array([["a", 3], ["z", 1], [None, 2]], dtype=object)
    with pytest.raises(TargetError, match=r"'task_0'.*unseen label 'z'"):
        encoder.transform(y)
    codes, observed = encoder.transform(y, unseen="code")
    assert_array_equal(codes, [[0, -1], [-1, 0], [0, 1]])
    assert_array_equal(observed, [[1, 1], [1, 1], [0, 1]])
    with pytest.raises(InputError, match="unseen"):
        encoder.transform(y, unseen="ignore")


@pytest.mark.parametrize(
    ("fitted", "new"), [(["a", "b"], [0, 1]), ([0, 1], ["a", "b"]), ([0.5, 1], ["a"])]
)
def test_text_never_meets_numbers(fitted, new):
    task_type = "regression" if 0.5 in fitted else "classification"
    encoder = TargetEncoder(task_type).fit(fitted)
    with pytest.raises(TargetError, match="'task_0'"):
        encoder.transform(new, unseen="code")


def test_equal_numbers_of_other_types_are_the_same_class():
    encoder = TargetEncoder("classification").fit([0, 1, 2])
    for y in ([0.0, 2.0], np.array([0, 2], np.uint64), np.array([0, 2], object)):
        assert_array_equal(encoder.transform(y)[0][:, 0], [0, 2])
    codes, _ = encoder.transform([True, False])
    assert_array_equal(codes[:, 0], [1, 0])
    codes, _ = encoder.transform([0.5, 2**40, -9], unseen="code")
    assert_array_equal(codes, -1)


def test_transform_takes_a_task_without_label():
    encoder = TargetEncoder("classification").fit([["a", 0], ["b", 1]])
    codes, observed = encoder.transform([[None, 1], [None, 0]])
    assert_array_equal(observed, [[0, 1], [0, 1]])
    assert_array_equal(codes, [[0, 1], [0, 0]])


def test_transform_checks_the_number_of_tasks():
    with pytest.raises(TargetError, match="one column per task, 3; found 2"):
        TargetEncoder("regression").fit(np.eye(3)).transform(np.eye(3)[:, :2])


def test_one_dimension_and_one_column():
    flat = TargetEncoder("classification").fit([3, 1, 3])
    column = TargetEncoder("classification").fit([[3], [1], [3]])
    assert (flat.one_dimensional, column.one_dimensional) == (True, False)
    assert_array_equal(flat.class_list(), [1, 3])
    assert isinstance(column.class_list(), list)
    assert_array_equal(column.class_list(), [[1, 3]])
    codes = flat.transform([[3], [1]])[0]
    assert_array_equal(codes, column.transform([3, 1])[0])
    assert flat.inverse_transform(codes).shape == (2,)
    assert column.inverse_transform(codes).shape == (2, 1)


@pytest.mark.parametrize("codes", [[[2.0]], [[-1.0]], [[NAN]], [[1.5]]])
def test_inverse_of_a_bad_index_is_an_error(codes):
    encoder = TargetEncoder("classification").fit(["a", "b"])
    with pytest.raises(InputError, match="between 0 and 1"):
        encoder.inverse_transform(codes)


def test_inverse_checks_the_shape():
    encoder = TargetEncoder("regression").fit(np.eye(2))
    for shape in [(3,), (3, 1), (3, 2, 1)]:
        with pytest.raises(InputError, match="shape"):
            encoder.inverse_transform(np.zeros(shape))


@pytest.mark.parametrize(
    ("y", "task_types", "dtype"),
    [
        (np.array([[0, 5], [1, 6]]), "classification", np.int64),
        (np.array([[0, 5], [1, 6]], np.int16), "classification", np.int16),
        (np.array([[0.0, 5], [1, 6]]), "classification", np.float64),
        (np.array([["a", "b"], ["ccc", "d"]]), "classification", "U3"),
        ([["a", 1], ["b", 2]], "classification", object),
        ([[True, 1], [False, 2]], "classification", object),
        (np.array([[0, 5], [1, 6]]), "regression", np.float64),
        (np.array([[0, 5], [1, 6]], np.float32), "regression", np.float32),
        (np.array([[0, 5], [1, 6]]), ["classification", "regression"], object),
    ],
)
def test_arrays_come_back_in_their_type(y, task_types, dtype):
    encoder, codes, _ = encode(y, task_types)
    back = encoder.inverse_transform(codes)
    assert back.dtype == dtype
    assert back.tolist() == np.array(y, dtype=object).tolist()


def test_pickled_encoder_is_the_same():
    y = np.array([["a", 1.5], ["b", None], [None, 2.5]], dtype=object)
    encoder = TargetEncoder().fit(y)
    copy = pickle.loads(pickle.dumps(encoder))
    assert copy.specs == encoder.specs
    for first, second in zip(encoder.transform(y), copy.transform(y), strict=True):
        assert_array_equal(first, second)
