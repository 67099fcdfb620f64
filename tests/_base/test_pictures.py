"""Pictures as X: shapes are those of fit."""

import numpy as np
import pytest

from skmtl import HardSharingClassifier

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


def test_read_only_features_predict_without_a_warning(recwarn):
    X, y = make_pictures((4,))
    X.setflags(write=False)
    est = HardSharingClassifier(max_epochs=2, random_state=0).fit(X, y)
    est.predict(X)
    est.transform(X)
    assert not [w for w in recwarn if "writ" in str(w.message)]
