"""Many fits at once against one fit after the other."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from skorch.callbacks import EpochTimer
from torch import nn

from skmtl import (
    HardSharingClassifier,
    HardSharingMixed,
    HardSharingRegressor,
    HierarchicalIBClassifier,
)
from skmtl._base import FitJob, _data, _jobs, fit_jobs
from skmtl._base._data import data_key
from skmtl.engine import as_tensor
from skmtl.exceptions import (
    ConvergenceError,
    InputError,
    TargetError,
    TaskGroupWarning,
)
from tests._base._attributes import assert_same_attributes
from tests._base._fits import CLASSES, QUICK, REAL, THREE, X
from tests._base._unchanged import assert_unchanged, frozen

pytestmark = [
    pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning"),
    # what makes a fit fail here
    pytest.mark.filterwarnings("ignore::skmtl.exceptions.FeatureScaleWarning"),
]

FAST = {**QUICK, "batch_size": 20, "max_epochs": 4}
EARLY = {"early_stopping": True, "n_iter_no_change": 1, "max_epochs": 20, "lr": 0.1}
PART = X[:60].copy(), THREE[:60].copy()
HOLES = np.where(np.arange(160).reshape(80, 2) % 5 == 0, np.nan, THREE)
RNG_WEIGHT = np.random.RandomState(2).uniform(0.5, 2, size=80)
RNG_WEIGHT.setflags(write=False)


def sharing(**options):
    return HardSharingClassifier(**{**FAST, **options})


def bottleneck(**options):
    return HierarchicalIBClassifier(**{**FAST, **options})


MIX = [
    (sharing(), X, THREE),
    (sharing(random_state=1), X, THREE),
    (sharing(weight_decay=0.3, task_weight=[1, 2]), X, THREE),
    (sharing(n_estimators=3), X, THREE),
    (sharing(n_estimators=3, random_state=4, task_weight=[3, 1]), X, THREE),
    (sharing(hidden_layer_sizes=(4,)), X, CLASSES),
    (sharing(class_weight="balanced"), X, THREE),
    (sharing(**EARLY), X, THREE),
    (sharing(**EARLY, random_state=2, n_estimators=2), X, THREE),
    (sharing(), *PART),
    (sharing(n_estimators=2), *PART),
    (HardSharingRegressor(**FAST), X, REAL),
    (HardSharingRegressor(**FAST, n_estimators=2), X, REAL[:, 0]),
    *((bottleneck(beta=beta, gamma=beta), X, THREE) for beta in (0.01, 0.1, 0.2)),
    (bottleneck(n_estimators=2, beta=[0.1, 0.2]), X, THREE),
    (bottleneck(random_state=3), X, HOLES),
    (bottleneck(random_state=3), X[::-1].copy(), HOLES[::-1].copy()),
    (bottleneck(dropout=0.2, n_estimators=2), X, HOLES),
    (bottleneck(noise=None), X, THREE),
    (bottleneck(**EARLY), *PART),
]


def jobs_of(rows):
    return [FitJob(clone(estimator), *data) for estimator, *data in rows]


@pytest.fixture(scope="module")
def separate():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TaskGroupWarning)
        return [clone(estimator).fit(*data) for estimator, *data in MIX]


@pytest.mark.parametrize("max_stack", [1, 2, 3, np.int64(5), "auto"])
def test_jobs_equal_separate_fits(separate, max_stack):
    jobs = jobs_of(MIX)
    found = fit_jobs(jobs, max_stack=max_stack)
    for job, own, expected in zip(jobs, found, separate, strict=True):
        assert own is job.estimator
        assert_same_attributes(own, expected)


@pytest.mark.parametrize("max_stack", [0, -1, 1.5, True, "all", None])
def test_bound_of_stacks(max_stack):
    with pytest.raises(InputError, match="`max_stack` must be 'auto' or an int"):
        fit_jobs(jobs_of(MIX[:1]), max_stack=max_stack)


def test_weights():
    rows = [(sharing(random_state=seed), X, HOLES, RNG_WEIGHT) for seed in range(3)]
    for found, (estimator, *data) in zip(fit_jobs(jobs_of(rows)), rows, strict=True):
        assert_same_attributes(found, clone(estimator).fit(*data))


def test_shared_data_are_read_once(monkeypatch):
    read, calls = _jobs.read_data, []

    def counted(*args):
        calls.append(args)
        return read(*args)

    monkeypatch.setattr(_jobs, "read_data", counted)
    fit_jobs(jobs_of([(sharing(random_state=seed), X, THREE) for seed in range(4)]))
    assert len(calls) == 1
    other = [sharing(), sharing(class_weight="balanced"), bottleneck()]
    rows = [*((own, X, THREE) for own in other), (sharing(), X, THREE.copy())]
    fit_jobs(jobs_of(rows))
    assert len(calls) == 5


def test_features_are_placed_once_for_all_targets(monkeypatch):
    placed = []

    def counted(array, device):
        placed.append(array)
        return as_tensor(array, device)

    monkeypatch.setattr(_data, "as_tensor", counted)
    targets = [THREE, THREE[::-1].copy(), THREE.copy()]
    fit_jobs(jobs_of([(sharing(random_state=0), X, y) for y in targets]))
    assert len(placed) == 1
    assert np.shares_memory(placed[0], X)
    placed.clear()
    fit_jobs(jobs_of([(sharing(), X, THREE), (sharing(), X[::-1].copy(), THREE)]))
    assert len(placed) == 2


def test_stacks_are_as_few_as_may_be(monkeypatch):
    train, sizes = _jobs.train_fits, []

    def counted(fits, **options):
        sizes.append(sum(map(len, fits)))
        return train(fits, **options)

    monkeypatch.setattr(_jobs, "train_fits", counted)
    rows = [(sharing(random_state=seed), X, THREE) for seed in range(7)]
    fit_jobs(jobs_of(rows), max_stack=3)
    assert sorted(sizes) == [2, 2, 3]
    sizes.clear()
    fit_jobs(jobs_of([(sharing(n_estimators=2), X, THREE)] * 3), max_stack=4)
    assert sorted(sizes) == [2, 4]


def test_data_are_not_shared_where_many_task_types_differ():
    types = np.array(["regression"] * 2000)
    other = types.copy()
    other[1000] = "classification"
    keys = [data_key(HardSharingMixed(task_types=own)) for own in (types, other)]
    assert keys[0] != keys[1]


def failing():
    unlabelled = np.column_stack([THREE[:, 0], np.full(80, np.nan)])
    huge = X * 1e200
    return [
        (sharing(lr=-1.0), X, THREE, ValueError, "'lr' parameter"),
        (sharing(lr=1e200, optimizer="sgd"), X, THREE, ConvergenceError, "finite"),
        (sharing(n_estimators=2), huge, THREE, ConvergenceError, "Scale X"),
        (sharing(), X, unlabelled, TargetError, "'task_1'"),
        (sharing(n_groups=5), X, THREE, InputError, "`n_groups` must not exceed"),
        (sharing(), X[:, :0], THREE, ValueError, "0 feature"),
    ]


@pytest.mark.parametrize("case", range(6))
def test_a_job_that_fails_disturbs_no_other(case):
    estimator, features, y, error, message = failing()[case]
    fitted = clone(estimator)
    keep = fitted.get_params()
    fitted.set_params(lr=0.01, n_groups=None).fit(X, THREE)
    fitted.set_params(**keep)
    before = frozen(fitted)
    fresh = clone(estimator)
    good = [clone(own) for own, *_ in MIX[:2]]
    jobs = [
        FitJob(good[0], X, THREE),
        FitJob(fresh, features, y),
        FitJob(fitted, features, y),
        FitJob(good[1], X, THREE),
    ]
    first, *failed, last = fit_jobs(jobs)
    for own in failed:
        assert isinstance(own, error) and message in str(own)
    assert failed[0] is not failed[1]
    assert vars(fresh).keys() == fresh.get_params().keys()
    assert_unchanged(fitted, before)
    assert_same_attributes(first, clone(good[0]).fit(X, THREE))
    assert_same_attributes(last, clone(good[1]).fit(X, THREE))


def test_tasks_are_named_by_the_job_that_diverges():
    from pandas import DataFrame

    y = [DataFrame(REAL, columns=names) for names in (["a", "b"], ["c", "d"])]
    jobs = [
        FitJob(HardSharingRegressor(**FAST), X, y[0]),
        FitJob(HardSharingRegressor(**FAST), X * 1e200, y[1]),
    ]
    _, error = fit_jobs(jobs)
    assert "'c'" in str(error) or "'d'" in str(error)
    assert "'a'" not in str(error)


def test_what_an_optimizer_raises_fails_its_job_only():
    class Moody(torch.optim.SGD):
        def step(self, closure=None):
            largest = max(own["params"][0].abs().max() for own in self.param_groups)
            if largest > 50:
                raise RuntimeError("too large")
            return super().step(closure)

    start, bad = {"optimizer": Moody, "lr": 0.01}, X * 1e12
    rows = [(HardSharingRegressor(**{**FAST, **start}), X, REAL) for _ in range(3)]
    rows.insert(1, (HardSharingRegressor(**{**FAST, **start}), bad, REAL))
    found = fit_jobs(jobs_of(rows))
    assert str(found[1]) == "too large"
    for own in (0, 2, 3):
        assert_same_attributes(found[own], clone(rows[own][0]).fit(X, REAL))


def coins():
    return np.random.default_rng(0).integers(0, 2, size=(80, 2))


def test_warnings_point_to_the_caller_and_fail_their_job_only():
    rows = [(sharing(random_state=seed), X, coins()) for seed in range(2)]
    rows.insert(1, (sharing(), X, CLASSES[:, [0, 0]]))
    with pytest.warns(TaskGroupWarning) as caught:
        fit_jobs(jobs_of(rows))
    assert [own.filename for own in caught] == [__file__] * 2
    jobs = jobs_of(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("error", TaskGroupWarning)
        found = fit_jobs(jobs)
    assert [type(own) for own in found] == [
        TaskGroupWarning,
        HardSharingClassifier,
        TaskGroupWarning,
    ]
    assert not hasattr(jobs[0].estimator, "net_")
    with pytest.warns(TaskGroupWarning) as caught:
        sharing().fit(X, coins())
    assert caught[0].filename == __file__


def test_names_of_an_earlier_fit_are_forgotten():
    from pandas import DataFrame

    estimator = sharing().fit(DataFrame(X, columns=list("abc")), THREE)
    [found] = fit_jobs([FitJob(estimator, X[:, :2], THREE)])
    assert not hasattr(found, "feature_names_in_") and found.n_features_in_ == 2


def random_encoder(n_features):
    return nn.Sequential(nn.Linear(n_features, 6), nn.Dropout(0.3), nn.ReLU())


@pytest.mark.parametrize(
    "options",
    [{"callbacks": [EpochTimer()]}, {"encoder": random_encoder}, {"warm_start": True}],
    ids=lambda options: next(iter(options)),
)
@pytest.mark.parametrize("seeded", ["int", "generator"])
def test_what_cannot_stack_is_fitted_alone(options, seeded):
    def estimators():
        made = [sharing(**options) for _ in range(3)]
        if "warm_start" in options:
            made = [own.fit(X, THREE) for own in made]
        generator = np.random.RandomState(5)
        for seed, own in enumerate(made):
            own.random_state = seed if seeded == "int" else generator
        return made

    expected = [own.fit(X, THREE) for own in estimators()]
    found = fit_jobs([FitJob(own, X, THREE) for own in estimators()])
    for pair in zip(found, expected, strict=True):
        assert_same_attributes(*pair)


def test_callbacks_of_scikit_learn():
    estimator = sharing().set_callbacks(ScoringMonitor(scoring="accuracy"))
    [found] = fit_jobs([FitJob(estimator, X, THREE[:, 0])])
    assert found is estimator and found.n_iter_ == 4
