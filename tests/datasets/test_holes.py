import numpy as np
import pytest

from skmtl.datasets import make_multitask_classification, make_multitask_regression
from skmtl.exceptions import InputError

MAKERS = [make_multitask_classification, make_multitask_regression]
both_makers = pytest.mark.parametrize("make", MAKERS)


@both_makers
def test_holes_leave_features_and_values_alone(make):
    full = make(300, random_state=0)
    for options in ({"missing": 0.4}, {"one_task_per_row": True}):
        holed = make(300, random_state=0, **options)
        np.testing.assert_array_equal(holed.data, full.data)
        np.testing.assert_array_equal(holed.clean_target, full.clean_target)
        observed = ~np.isnan(holed.target)
        np.testing.assert_array_equal(holed.target[observed], full.target[observed])


@both_makers
@pytest.mark.parametrize("missing", [0.1, 0.5, 0.9])
def test_share_of_missing_labels(make, missing):
    tasks = make(1000, missing=missing, random_state=0)
    np.testing.assert_allclose(np.isnan(tasks.target).mean(axis=0), missing)
    # The holes of different tasks are drawn independently.
    together = np.isnan(tasks.target[:, 0]) & np.isnan(tasks.target[:, 1])
    assert abs(together.mean() - missing**2) < 0.05


@both_makers
def test_one_task_per_row(make):
    tasks = make(205, one_task_per_row=True, random_state=0)
    observed = ~np.isnan(tasks.target)
    np.testing.assert_array_equal(observed.sum(axis=1), 1)
    assert np.ptp(observed.sum(axis=0)) == 1
    task_of_row = observed.argmax(axis=1)
    assert (np.diff(task_of_row) != 0).mean() > 0.7


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize(
    "options", [{"missing": 0.999}, {"missing": 0.97}, {"one_task_per_row": True}]
)
def test_every_class_stays_observed(n_classes, options):
    for seed in range(5):
        tasks = make_multitask_classification(
            60,
            n_tasks=6,
            n_groups=2,
            n_classes=n_classes,
            random_state=seed,
            **options,
        )
        for column in tasks.target.T:
            seen = np.unique(column[~np.isnan(column)])
            np.testing.assert_array_equal(seen, np.arange(n_classes))


def test_rare_classes_get_a_row_of_their_own():
    # Copies share their positive rows, so these must be dealt out among them.
    options = {"n_tasks": 4, "n_groups": 1, "spread": 0, "one_task_per_row": True}
    for seed in range(5):
        tasks = make_multitask_classification(
            200, base_rate=0.02, random_state=seed, **options
        )
        assert ((tasks.target == 1).sum(axis=0) >= 1).all()
    with pytest.raises(InputError, match=r"`n_samples`.*more if a class is rare"):
        make_multitask_classification(200, base_rate=0.01, random_state=0, **options)


@pytest.mark.parametrize("options", [{"missing": 0.999}, {"one_task_per_row": True}])
def test_a_regression_task_never_looks_constant(options):
    tasks = make_multitask_regression(
        12, n_tasks=6, n_groups=2, random_state=0, **options
    )
    assert (np.sum(~np.isnan(tasks.target), axis=0) == 2).all()
    assert (np.nanstd(tasks.target, axis=0) > 0).all()
