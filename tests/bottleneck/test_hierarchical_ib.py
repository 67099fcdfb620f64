"""What the hierarchical bottleneck promises beyond the contract."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import Callback

from skmtl import (
    HardSharingClassifier,
    HardSharingRegressor,
    HierarchicalIBClassifier,
    HierarchicalIBMixed,
    HierarchicalIBRegressor,
)
from skmtl.exceptions import CollapseWarning, InputError, TaskGroupWarning

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")

SIZES = {"hidden_layer_sizes": (8,), "latent_dim": 4}
QUICK = {**SIZES, "max_epochs": 5, "random_state": 0}
RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(200, 6))
SIGNS = (X[:, :3] + 0.3 * RANDOM.normal(size=(200, 3)) > 0).astype(int)
PAIRS = [
    (HierarchicalIBClassifier, HardSharingClassifier, SIGNS, {}),
    (HierarchicalIBRegressor, HardSharingRegressor, X[:, :3], {"residual": "unit"}),
]


@pytest.mark.parametrize("cls, plain, y, residual", PAIRS)
def test_without_noise_it_is_hard_sharing(cls, plain, y, residual):
    found = cls(noise=None, **residual, **QUICK).fit(X, y)
    expected = plain(**QUICK).fit(X, y)
    assert_array_equal(found.predict(X), expected.predict(X))
    assert_array_equal(found.transform(X, task=0), expected.transform(X))
    assert not hasattr(found, "capacity_")


@pytest.mark.parametrize("noise", ["learned", "shared", "fixed"])
@pytest.mark.parametrize("marginal", ["closed", "learned"])
def test_information_is_free_at_price_zero(noise, marginal):
    options = {**QUICK, "noise": noise, "marginal": marginal, "max_epochs": 30}
    free = HierarchicalIBClassifier(beta=0, **options).fit(X, SIGNS)
    dear = HierarchicalIBClassifier(beta=0.5, **options).fit(X, SIGNS)
    assert (free.information_ > dear.information_).all()


def test_price_above_every_gain_closes_all_channels():
    est = HierarchicalIBRegressor(
        beta=2.0, beta_warmup=0, lr=0.02, **{**QUICK, "max_epochs": 150}
    )
    with pytest.warns(CollapseWarning, match="'task_0', 'task_1'"):
        est.fit(X, X[:, :2])
    assert (est.information_ < 1e-3).all()


def test_shared_channel_is_the_same_for_all_tasks():
    est = HierarchicalIBClassifier(noise="shared", **QUICK).fit(X, SIGNS)
    assert est.capacity_.shape == est.noise_log_variance_.shape == (3, 4)
    assert (est.capacity_ == est.capacity_[0]).all()
    assert est.net_.module_.noise_log_variance.shape == (1, 4)


class KeepWeights(Callback):
    """Copies of the parameters after every epoch."""

    def initialize(self):
        self.kept = []
        return self

    def on_epoch_end(self, net, **kwargs):
        named = net.module_.named_parameters()
        self.kept.append({name: own.detach().clone() for name, own in named})


def test_fixed_noise_has_two_phases():
    keep = KeepWeights()
    options = {**QUICK, "max_epochs": 10, "callbacks": [keep], "weight_decay": 0.1}
    HierarchicalIBClassifier(noise="fixed", marginal="learned", **options).fit(X, SIGNS)
    first, turn, last = keep.kept[0], keep.kept[4], keep.kept[9]
    expected = {"encoder": [True, False], "noise_log_variance": [False, True]}
    for name in first:
        pairs = ((first, turn), (turn, last))
        learned = [bool((a[name] != b[name]).any()) for a, b in pairs]
        assert learned == expected.get(name.split(".")[0], [True, True]), name


def test_fixed_noise_without_a_schedule_trains_all():
    est = HierarchicalIBClassifier(noise="fixed", **QUICK).fit(X, SIGNS)
    before = {n: p.clone() for n, p in est.net_.module_.named_parameters()}
    est.partial_fit(X, SIGNS)
    for name, parameter in est.net_.module_.named_parameters():
        assert (parameter != before[name]).any(), name


# ---- prediction


@pytest.mark.parametrize("noise", ["learned", "shared"])
def test_draws_average_to_what_the_channel_lets_through(noise):
    options = {**QUICK, "noise": noise, "beta": 0.1}
    est = HierarchicalIBRegressor(**options).fit(X, X[:, :3])
    plain = est.predict(X)
    noisy = est.set_params(n_samples=1).predict(X)
    many = est.set_params(n_samples=2000).predict(X)
    # linear heads: the noise of the mean shrinks with the number of draws
    assert np.abs(noisy - plain).mean() > 0.1
    assert_allclose(many, plain, atol=0.1)


@pytest.mark.parametrize("cls", [HierarchicalIBClassifier, HierarchicalIBMixed])
@pytest.mark.parametrize("n_estimators", [1, 3])
def test_draws_do_not_depend_on_the_rows_beside(cls, n_estimators):
    est = cls(n_samples=5, n_estimators=n_estimators, **QUICK).fit(X, SIGNS)
    found = est.predict_proba(X)
    for own, part in zip(found, est.predict_proba(X[50:60]), strict=True):
        assert_allclose(own[50:60], part)
        assert_allclose(own.sum(1), 1)
    for own, same in zip(found, est.predict_proba(X), strict=True):
        assert_array_equal(own, same)
    without = est.set_params(n_samples=None).predict_proba(X)
    assert any((a != b).any() for a, b in zip(found, without, strict=True))


def test_deviation_of_members_is_not_that_of_the_draws():
    est = HierarchicalIBRegressor(n_estimators=3, **QUICK).fit(X, X[:, :2])
    _, plain = est.predict(X, return_std=True)
    _, drawn = est.set_params(n_samples=500).predict(X, return_std=True)
    assert_allclose(drawn, plain, atol=0.1)
    _, few = est.set_params(n_samples=1).predict(X, return_std=True)
    assert few.mean() > plain.mean()


# ---- representation


@pytest.mark.parametrize("n_estimators", [1, 2])
def test_transform_for_a_task_scales_by_what_passes(n_estimators):
    est = HierarchicalIBClassifier(n_estimators=n_estimators, **QUICK)
    Z = est.fit(X, SIGNS).transform(X)
    level = np.exp(est.noise_log_variance_).reshape(n_estimators, 3, 4)
    variance = Z.var(0).reshape(n_estimators, 4)
    for task, name in enumerate(est.task_names_):
        passed = (variance / (variance + level[:, task])).reshape(-1)
        assert_allclose(est.transform(X, task=name), Z * passed)
        assert_allclose(est.transform(X, task=task), Z * passed)


@pytest.mark.parametrize("task", ["task_9", 3, -1, 1.0, True])
def test_unknown_task_is_refused(task):
    est = HierarchicalIBClassifier(**QUICK).fit(X, SIGNS)
    with pytest.raises(InputError, match=r"`task` .*'task_2'.*index below 3"):
        est.transform(X, task=task)


def test_set_output_names_the_columns_for_a_task():
    est = HierarchicalIBClassifier(**QUICK).fit(X, SIGNS).set_output(transform="pandas")
    frame = est.transform(X, task=1)
    assert list(frame.columns) == list(est.get_feature_names_out())


def test_the_first_of_many_closed_channels_are_named():
    est = HierarchicalIBClassifier(beta=1e4, lr=0.1, beta_warmup=0, **QUICK)
    shown = ", ".join(f"'task_{task}'" for task in range(5))
    told = rf"channel of 7 task\(s\) \({shown} and 2 more\) closed"
    with pytest.warns(CollapseWarning, match=told):
        est.fit(X, np.tile(SIGNS[:, :1], 7))


def test_a_single_row_shares_nothing():
    est = HierarchicalIBRegressor(**{**QUICK, "n_estimators": 2})
    with pytest.warns((CollapseWarning, TaskGroupWarning)):
        est.fit(X[:1], X[:1, :3])
    assert_array_equal(est.task_similarity_, np.eye(3))
    est = HierarchicalIBClassifier(**QUICK).partial_fit(X, SIGNS)
    with pytest.warns((CollapseWarning, TaskGroupWarning)):
        est.partial_fit(X[:1], SIGNS[:1])
    assert_array_equal(est.task_similarity_, np.eye(3))
    assert (est.information_ == 0).all()
