import numpy as np
import pytest

from skmtl.datasets import make_multitask_classification
from skmtl.exceptions import InputError


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_share_of_flipped_labels(n_classes, share):
    tasks = make_multitask_classification(
        n_classes=n_classes, label_flip=share, random_state=0
    )
    flipped = tasks.target != tasks.clean_target
    np.testing.assert_allclose(flipped.mean(axis=0), share)
    assert tasks.target.min() == 0
    assert tasks.target.max() == n_classes - 1
    if 0 < share < 1:
        assert abs((flipped[:, 0] & flipped[:, 1]).mean() - share**2) < 0.05


def test_flips_reach_all_other_classes():
    tasks = make_multitask_classification(
        4000, n_classes=4, label_flip=0.5, random_state=0
    )
    shift = (tasks.target - tasks.clean_target) % 4
    np.testing.assert_allclose(
        np.bincount(shift.ravel()) / shift.size, [0.5, 1 / 6, 1 / 6, 1 / 6], atol=0.01
    )


@pytest.mark.parametrize("n_samples", [100, 101])
@pytest.mark.parametrize("nonlinear", [False, True])
def test_binary_tasks_are_balanced(n_samples, nonlinear):
    tasks = make_multitask_classification(
        n_samples, nonlinear=nonlinear, negate=True, random_state=0
    )
    counts = tasks.clean_target.sum(axis=0)
    assert (np.abs(counts - n_samples / 2) <= 0.5).all()


def test_base_rates():
    rates = [0.1, 0.25, 0.5, 0.9]
    tasks = make_multitask_classification(
        n_tasks=4, n_groups=2, base_rate=rates, random_state=0
    )
    np.testing.assert_allclose(tasks.target.mean(axis=0), rates)
    tasks = make_multitask_classification(base_rate=0.2, negate=True, random_state=0)
    np.testing.assert_allclose(tasks.target.mean(axis=0), 0.2)


@pytest.mark.parametrize("nonlinear", [False, True])
@pytest.mark.parametrize("n_classes", [3, 5])
def test_several_classes_are_balanced(n_classes, nonlinear):
    tasks = make_multitask_classification(
        20000, n_classes=n_classes, nonlinear=nonlinear, random_state=0
    )
    rates = (tasks.clean_target[:, :, None] == np.arange(n_classes)).mean(axis=0)
    np.testing.assert_allclose(rates, 1 / n_classes, atol=0.015)


@pytest.mark.parametrize("negate", [False, True])
def test_coef_explains_the_clean_labels(negate):
    binary = make_multitask_classification(negate=negate, random_state=0)
    assert binary.coef.shape == (12, 20)
    for projection, labels in zip(
        (binary.data @ binary.coef.T).T, binary.clean_target.T, strict=True
    ):
        assert projection[labels == 1].min() > projection[labels == 0].max()
    several = make_multitask_classification(n_classes=3, negate=negate, random_state=0)
    assert several.coef.shape == (12, 20, 3)
    np.testing.assert_allclose(np.linalg.norm(several.coef, axis=1), 1)
    for task in range(12):
        scores = several.data @ several.coef[task]
        np.testing.assert_array_equal(
            several.clean_target[:, task], scores.argmax(axis=1)
        )


def test_nonlinear_labels_are_not_monotone():
    tasks = make_multitask_classification(2000, nonlinear=True, random_state=0)
    projection = tasks.data @ tasks.coef[0]
    labels = tasks.clean_target[np.argsort(projection), 0]
    assert np.count_nonzero(np.diff(labels)) == 2


def test_target_dtype():
    assert make_multitask_classification(random_state=0).target.dtype.kind == "i"
    holed = make_multitask_classification(missing=0.1, random_state=0)
    assert holed.target.dtype == np.float64
    assert holed.clean_target.dtype.kind == "i"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_classes": 1}, "`n_classes`.*integer >= 2"),
        ({"label_flip": 1.1}, r"`label_flip`.*\[0.0, 1.0\].*Found 1.1"),
        ({"base_rate": 0.0}, r"`base_rate`.*\(0.0, 1.0\).*Found 0.0"),
        ({"base_rate": [0.5, 0.5]}, "`base_rate`.*one per task, 12.*Found 2"),
        ({"base_rate": 0.3, "n_classes": 3}, "`base_rate`.*None for n_classes = 3"),
        ({"n_samples": 5, "n_classes": 5}, "`n_samples`.*task_. has no row of class"),
    ],
)
def test_classification_parameter_errors(options, message):
    with pytest.raises(InputError, match=message):
        make_multitask_classification(random_state=0, **options)
