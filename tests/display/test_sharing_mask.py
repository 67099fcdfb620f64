"""Each share and each overlap stands where its layer and its tasks do."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl import FisherSparseMTLClassifier, HardSharingClassifier
from skmtl.datasets import load_grouped_digits
from skmtl.display import SharingMaskDisplay
from skmtl.exceptions import InputError

matplotlib = pytest.importorskip("matplotlib")


def random_masks(n_tasks, seed=0):
    random = np.random.default_rng(seed)
    return {
        "first": random.uniform(size=(n_tasks, 7, 5)) < 0.4,
        "second": random.uniform(size=(n_tasks, 3, 2, 3, 3)) < 0.6,
    }


@pytest.mark.parametrize("n_tasks", [1, 4, 12])
def test_numbers_are_those_of_a_loop(n_tasks):
    masks = random_masks(n_tasks)
    groups = np.arange(n_tasks) % 3
    display = SharingMaskDisplay.from_masks(masks, groups=groups)
    flat = [own.reshape(n_tasks, -1) for own in masks.values()]
    for layer, own in enumerate(flat):
        for count in range(n_tasks + 1):
            share = np.mean([column.sum() == count for column in own.T])
            assert display.usage_[layer, count] == pytest.approx(share)
            [*bars] = display.bars_[count]
            assert bars[layer].get_width() == pytest.approx(share)
        np.testing.assert_allclose(display.density_[:, layer], own.mean(1))
    joint = np.concatenate(flat, axis=1)
    for one in range(n_tasks):
        for other in range(n_tasks):
            both = (joint[one] & joint[other]).sum() / (joint[one] | joint[other]).sum()
            assert display.overlap_[one, other] == pytest.approx(both)
    order = display.order_
    assert sorted(order) == list(range(n_tasks))
    np.testing.assert_array_equal(
        display.im_.get_array(), display.overlap_[np.ix_(order, order)]
    )
    display.figure_.canvas.draw()


def test_an_estimator_in_a_pipeline():
    X, y = load_grouped_digits(return_X_y=True)
    est = FisherSparseMTLClassifier(keep_ratio=0.3, max_epochs=15, random_state=0)
    pipeline = make_pipeline(StandardScaler(), est).fit(X, y)
    display = SharingMaskDisplay.from_estimator(pipeline)
    np.testing.assert_allclose(display.density_, 1 - pipeline[-1].sparsity_)
    names = [label.get_text() for label in display.axes_[0].get_yticklabels()]
    assert names == ["hidden.0", "hidden.1"]
    np.testing.assert_allclose(display.usage_.sum(1), 1)


def test_given_axes_and_options():
    figure, axes = matplotlib.pyplot.subplots(1, 2)
    display = SharingMaskDisplay.from_masks(
        random_masks(3), ax=axes, values=False, colorbar=False, cmap="magma"
    )
    assert display.figure_ is figure
    assert display.text_ is None and display.colorbar_ is None
    assert display.im_.get_cmap().name == "magma"


def test_tasks_without_weights_overlap_with_nothing():
    masks = {"only": np.array([[0, 0, 0], [1, 0, 1], [0, 0, 0]])}
    display = SharingMaskDisplay.from_masks(masks)
    np.testing.assert_array_equal(display.overlap_, np.eye(3))


def test_what_is_refused():
    with pytest.raises(NotFittedError, match="not fitted yet"):
        SharingMaskDisplay.from_estimator(FisherSparseMTLClassifier())
    X, y = load_grouped_digits(return_X_y=True)
    dense = HardSharingClassifier(max_epochs=1).fit(X, y)
    message = "must have masks.*found HardSharingClassifier, which is fitted but has"
    with pytest.raises(InputError, match=message):
        SharingMaskDisplay.from_estimator(dense)
    with pytest.raises(InputError, match=r"found PCA.*from_masks"):
        SharingMaskDisplay.from_estimator(PCA())
    with pytest.raises(InputError, match=r"found shapes \[\]"):
        SharingMaskDisplay.from_masks({})
    with pytest.raises(InputError, match=r"in every layer; found \[2, 3\]"):
        SharingMaskDisplay.from_masks({"a": np.eye(2), "b": np.eye(3)})
    with pytest.raises(InputError, match="one group per task"):
        SharingMaskDisplay.from_masks(random_masks(3), groups=[0, 1])
