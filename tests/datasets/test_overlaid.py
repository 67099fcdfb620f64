"""Both pictures are found where they were laid; resizing agrees with torch."""

import numpy as np
import pytest
import torch

from skmtl.datasets import _overlaid, make_overlaid_images
from skmtl.datasets._resizing import resize
from skmtl.exceptions import InputError, TargetError


@pytest.fixture
def pictures():
    random = np.random.RandomState(0)
    return random.uniform(0.1, 1, size=(60, 7, 14)), np.arange(60) % 5


def slow_canvas(X, tasks, row, margin, combine=max):
    """The canvas of one picture, pixel by pixel."""
    height, width = X.shape[1] + margin[0], X.shape[2] + margin[1]
    canvas = np.zeros((height, width))
    for place in np.ndindex(height, width):
        seen = []
        for source, offset in zip(tasks.source[row], tasks.offset[row], strict=True):
            down, across = np.subtract(place, offset)
            inside = 0 <= down < X.shape[1] and 0 <= across < X.shape[2]
            seen.append(X[source, down, across] if inside else 0.0)
        canvas[place] = combine(seen)
    return canvas


@pytest.mark.parametrize(
    ("combine", "by_hand"),
    [
        ("maximum", max),
        ("sum", lambda seen: min(sum(seen), 1.0)),
        ("mean", lambda seen: sum(seen) / 2),
    ],
)
def test_each_pixel_is_that_of_the_pictures_laid_there(pictures, combine, by_hand):
    X, y = pictures
    X[0, 0, 0] = 1.0
    tasks = make_overlaid_images(
        X, y, shift=3 / 7, size=(10, 20), combine=combine, random_state=0
    )
    for row in range(20):
        expected = slow_canvas(X, tasks, row, (3, 6), by_hand)
        np.testing.assert_allclose(tasks.data[row], expected)


@pytest.mark.parametrize(
    ("old", "new"), [((36, 36), (28, 28)), ((9, 12), (20, 12)), ((10, 7), (3, 11))]
)
def test_resizing_agrees_with_torch(old, new):
    images = np.random.RandomState(0).normal(size=(3, *old))
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(images)[:, None], new, mode="bilinear", antialias=True
    )
    np.testing.assert_allclose(resize(images, new), expected[:, 0], atol=1e-12)


def test_resizing_keeps_flat_pictures_flat():
    for new in ((5, 5), (28, 28), (50, 31)):
        np.testing.assert_allclose(resize(np.ones((1, 36, 36)), new), 1)


def test_defaults_are_those_of_multimnist():
    random = np.random.RandomState(0)
    X, y = random.randint(256, size=(300, 28, 28)).astype(np.uint8), np.arange(300) % 10
    tasks = make_overlaid_images(X, y, random_state=0)
    assert tasks.data.shape == (300, 28, 28)
    assert tasks.data.dtype == np.uint8
    assert tasks.task_names == ["top_left", "bottom_right"]
    assert np.unique(tasks.offset[:, 0]).tolist() == [0, 1, 2, 3, 4]
    assert np.unique(tasks.offset[:, 1]).tolist() == [4, 5, 6, 7, 8]
    assert (tasks.target[:, 0] != tasks.target[:, 1]).all()


def test_classes_are_those_of_the_source(pictures):
    X, y = pictures
    words = np.array(["a", "b", "c", "d", "e"])[y]
    tasks = make_overlaid_images(X, words, n_samples=100, random_state=0)
    np.testing.assert_array_equal(tasks.target, words[tasks.source])
    assert tasks.data.shape == (100, 7, 14)


def test_every_row_comes_first_equally_often(pictures):
    tasks = make_overlaid_images(*pictures, n_samples=150, random_state=0)
    count = np.bincount(tasks.source[:, 0], minlength=60)
    assert (count.min(), count.max()) == (2, 3)


def test_the_second_is_uniform_over_the_rows_of_other_classes():
    y = np.repeat([0, 1, 2], [70, 20, 10])
    X = np.ones((100, 2, 2))
    tasks = make_overlaid_images(X, y, n_samples=60_000, random_state=0)
    for label in range(3):
        second = tasks.source[tasks.target[:, 0] == label, 1]
        count = np.bincount(second, minlength=100)
        assert (count[y == label] == 0).all()
        expected = len(second) / np.count_nonzero(y != label)
        assert (np.abs(count[y != label] - expected) < 5 * expected**0.5).all()


def test_pairs_may_be_of_one_class(pictures):
    tasks = make_overlaid_images(*pictures, distinct=False, random_state=0)
    assert (tasks.target[:, 0] == tasks.target[:, 1]).any()
    X, y = pictures[0], np.zeros(60)
    assert make_overlaid_images(X, y, distinct=False).target.shape == (60, 2)
    with pytest.raises(TargetError, match=r"two classes or more.*`distinct=False`"):
        make_overlaid_images(X, y)


def test_without_jitter_pictures_lie_in_the_corners(pictures):
    tasks = make_overlaid_images(*pictures, shift=1.0, jitter=0, random_state=0)
    assert (tasks.offset[:, 0] == 0).all()
    assert (tasks.offset[:, 1] == (7, 14)).all()


def test_flat_pictures_are_those_with_two_axes():
    X, y = np.random.RandomState(0).uniform(size=(30, 9)), np.arange(30) % 3
    flat, square = (
        make_overlaid_images(one, y, random_state=0) for one in (X, X.reshape(30, 3, 3))
    )
    np.testing.assert_array_equal(flat.data, square.data)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8, np.int16])
def test_type_and_range_are_kept(dtype):
    X = np.random.RandomState(0).randint(200, size=(40, 8, 8)).astype(dtype)
    data = make_overlaid_images(X, np.arange(40) % 2, random_state=0).data
    assert data.dtype == dtype
    assert data.min() >= 0
    assert data.max() <= 199


def test_large_sets_are_made_in_parts(pictures, monkeypatch):
    whole = make_overlaid_images(*pictures, random_state=0).data
    monkeypatch.setattr(_overlaid, "_CHUNK", 7)
    np.testing.assert_array_equal(
        make_overlaid_images(*pictures, random_state=0).data, whole
    )


def test_global_seed_is_left_alone(pictures):
    before = np.random.get_state()[1].copy()
    make_overlaid_images(*pictures, random_state=0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_samples": 0}, "`n_samples`.*integer >= 1.*Found 0"),
        ({"shift": -0.1}, "`shift`.*Found -0.1"),
        ({"jitter": 0.6}, r"`jitter`.*\[0.0, 0.5\].*Found 0.6"),
        ({"size": (1, 2, 3)}, r"`size`.*height and a width.*\(1, 2, 3\)"),
        ({"size": 0}, "`size`.*integer >= 1.*Found 0"),
        ({"combine": "or"}, "`combine` must be one of 'maximum'.*Found 'or'"),
        ({"distinct": 1}, "`distinct`.*True or False"),
    ],
)
def test_parameter_errors(pictures, options, message):
    with pytest.raises(InputError, match=message):
        make_overlaid_images(*pictures, **options)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((6, 10)), r"square pictures.*\(6, 10\).*reshape"),
        (np.ones((6, 3, 4, 4)), r"\(6, 3, 4, 4\).*grey"),
        (np.ones((6, 2, 2), dtype=bool), "numbers.*dtype bool"),
        (np.ones((0, 2, 2)), r"at least one picture.*\(0, 2, 2\)"),
        (np.ones((5, 2, 2)), "one row per sample"),
    ],
)
def test_what_is_no_set_of_pictures_is_refused(X, message):
    with pytest.raises(InputError, match=message):
        make_overlaid_images(X, np.arange(6))
