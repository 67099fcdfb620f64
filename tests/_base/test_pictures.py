"""Pictures as X: shapes are those of fit."""

import numpy as np
import pytest

from skmtl import HardSharingClassifier
from skmtl.exceptions import InputError
from skmtl.inspection import class_activation_map

# two epochs on noise relate nothing
pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")


def make_pictures(shape, n_rows=60):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n_rows, *shape)).astype(np.float32)
    y = (X.reshape(n_rows, -1)[:, :2] > 0).astype(int)
    return X, y


@pytest.mark.parametrize("shape", [(8, 12), (2, 8, 12)])
def test_other_shape_with_as_many_pixels_is_refused(shape):
    X, y = make_pictures(shape)
    est = HardSharingClassifier(encoder="conv", max_epochs=2, random_state=0)
    est.fit(X, y)
    assert est.predict(X).shape == y.shape
    turned = X.swapaxes(-1, -2)
    with pytest.raises(ValueError, match=r"shape they had in fit"):
        est.predict(turned)
    with pytest.raises(ValueError, match=r"shape they had in fit"):
        est.partial_fit(turned, y)
    assert est.predict(X).shape == y.shape


def test_a_single_picture_is_told_from_a_batch():
    X, y = make_pictures((8, 12))
    est = HardSharingClassifier(encoder="conv", max_epochs=2, random_state=0)
    est.fit(X, y)
    rule = r"\(n_samples, 8, 12\).*found \(8, 12\).*X\[None\]"
    for single in (X[0], X[0].tolist()):
        with pytest.raises(InputError, match=rule):
            est.predict(single)
    with pytest.raises(InputError, match=rule):
        class_activation_map(est, X[0], 0)
    flat = X.reshape(len(X), -1)
    with pytest.raises(InputError, match=r"n_samples, 8, 12\).*found \(60, 96\)"):
        est.predict(flat)
    np.testing.assert_array_equal(est.predict(X[0][None]), est.predict(X)[:1])


@pytest.mark.parametrize("shape", [(8, 12), (2, 8, 12)])
def test_rows_without_places_must_be_flat(shape):
    X, y = make_pictures(shape)
    est = HardSharingClassifier(max_epochs=2, random_state=0)
    rule = r"\(n_samples, n_features\).*'mlp'; found \(60, .*X\.reshape.*'conv'"
    with pytest.raises(InputError, match=rule):
        est.fit(X, y)
    with pytest.raises(InputError, match=rule):
        est.fit_batches([(X, y)])
    est.fit(X.reshape(len(X), -1), y)
    with pytest.raises(InputError, match=rule):
        est.predict(X)


def test_read_only_features_predict_without_a_warning(recwarn):
    X, y = make_pictures((4,))
    X.setflags(write=False)
    est = HardSharingClassifier(max_epochs=2, random_state=0).fit(X, y)
    est.predict(X)
    est.transform(X)
    assert not [w for w in recwarn if "writ" in str(w.message)]


def test_rows_and_pixels_in_reverse():
    X, y = make_pictures((8, 12))
    est = HardSharingClassifier(encoder="conv", max_epochs=2, random_state=0)
    est.fit(X[::-1, :, ::-1], y[::-1])
    same = est.predict(X[::-1, :, ::-1].copy())
    np.testing.assert_array_equal(est.predict(X[::-1, :, ::-1]), same)
