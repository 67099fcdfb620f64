"""What training does: continuations, weights of tasks, classes and labels."""

import numpy as np
import pytest
import torch

from skmtl import (
    HardSharingClassifier,
    HardSharingMixed,
    HardSharingRegressor,
    HierarchicalIBClassifier,
)
from skmtl._base._signatures import estimator_classes
from skmtl.exceptions import CollapseWarning, InputError, TargetError

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")

QUICK = {"max_epochs": 5, "hidden_layer_sizes": (6,), "random_state": 0}
# One batch, constant rate: the order of the rows is of no account.
PLAIN = {**QUICK, "batch_size": 1000, "lr_decay": 0.0, "weight_decay": 0.01}

RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(80, 3))
REAL = X[:, :2] + 0.3 * RANDOM.normal(size=(80, 2))
CLASSES = (REAL > 0.5).astype(int)
THREE = np.digitize(REAL, [-0.7, 0.7])

both = pytest.mark.parametrize("cls", [HardSharingClassifier, HierarchicalIBClassifier])


def same(one, other):
    np.testing.assert_array_equal(one.transform(X), other.transform(X))
    np.testing.assert_array_equal(one.predict(X), other.predict(X))


def close(one, other):
    np.testing.assert_allclose(one.transform(X), other.transform(X), atol=1e-10)
    for pair in zip(one.predict_proba(X), other.predict_proba(X), strict=True):
        np.testing.assert_allclose(*pair, atol=1e-10)


@pytest.mark.parametrize("cls", estimator_classes())
def test_equal_seeds_give_equal_fits(cls):
    y = REAL if cls is HardSharingRegressor else CLASSES
    one, other = cls(**QUICK).fit(X, y), cls(**QUICK).fit(X, y)
    same(one, other)
    np.testing.assert_array_equal(one.task_similarity_, other.task_similarity_)
    third = cls(**{**QUICK, "random_state": 1}).fit(X, y)
    assert not np.array_equal(one.transform(X), third.transform(X))


def test_global_generators_are_left_alone():
    np.random.seed(3)
    torch.manual_seed(3)
    before = np.random.get_state()[1].copy(), torch.get_rng_state()
    HierarchicalIBClassifier(**QUICK).fit(X, CLASSES).predict(X)
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])
    assert torch.equal(torch.get_rng_state(), before[1])


def test_random_state_instance_moves_on():
    shared = np.random.RandomState(0)
    estimator = HardSharingClassifier(**{**QUICK, "random_state": shared})
    first = estimator.fit(X, CLASSES).transform(X)
    assert not np.array_equal(first, estimator.fit(X, CLASSES).transform(X))


@both
def test_refit_forgets_the_first_fit(cls):
    estimator = cls(**QUICK).fit(X[:, :2], THREE[:, :1])
    same(estimator.fit(X, CLASSES), cls(**QUICK).fit(X, CLASSES))
    assert estimator.n_tasks_ == 2


def test_refit_drops_attributes_of_the_other_network():
    estimator = HierarchicalIBClassifier(**QUICK).fit(X, CLASSES)
    assert estimator.capacity_.shape == (2, 16)
    estimator.set_params(noise=None).fit(X, CLASSES)
    gone = {"capacity_", "information_", "noise_log_variance_"}
    assert not gone & set(vars(estimator))


def test_collapse_is_told_and_named():
    estimator = HierarchicalIBClassifier(**QUICK, beta=1e4, lr=0.1, beta_warmup=0)
    with pytest.warns(CollapseWarning, match=r"'task_0', 'task_1'.*Lower `beta`"):
        estimator.fit(X, CLASSES)


# ---- continuations


@both
def test_warm_start_goes_on_from_the_weights(cls):
    options = {**QUICK, "lr": 1e-9, "warm_start": True, "weight_decay": 0}
    estimator = cls(**QUICK).fit(X, CLASSES)
    before = estimator.transform(X)
    estimator.set_params(**options).fit(X, CLASSES)
    np.testing.assert_allclose(estimator.transform(X), before, atol=1e-6)
    cold = cls(**{**options, "warm_start": False}).fit(X, CLASSES)
    assert np.abs(cold.transform(X) - before).max() > 0.01


def test_warm_start_of_an_unfitted_estimator_is_a_fit():
    warm = HardSharingClassifier(warm_start=True, **QUICK).fit(X, CLASSES)
    same(warm, HardSharingClassifier(**QUICK).fit(X, CLASSES))


@pytest.mark.parametrize(
    "features, y",
    [(X, THREE), (X, CLASSES[:, :1]), (X[:, :2], CLASSES), (X, CLASSES + 5)],
    ids=["more classes", "fewer tasks", "fewer features", "other classes"],
)
def test_warm_start_needs_the_same_problem(features, y):
    estimator = HardSharingClassifier(warm_start=True, **QUICK).fit(X, CLASSES)
    with pytest.raises(InputError, match="`warm_start=True` needs the features"):
        estimator.fit(features, y)


@both
def test_partial_fits_are_the_epochs_of_a_fit(cls):
    options = {**PLAIN, "beta_warmup": 0} if cls is HierarchicalIBClassifier else PLAIN
    parts = cls(**options)
    for _ in range(5):
        parts.partial_fit(X, CLASSES)
    assert parts.n_iter_ == 5
    whole = cls(**options).fit(X, CLASSES)
    if cls is HardSharingClassifier:  # noise is drawn anew in every call
        close(parts, whole)
    else:
        parts = cls(**options, noise=None)
        for _ in range(5):
            parts.partial_fit(X, CLASSES)
        close(parts, cls(**options, noise=None).fit(X, CLASSES))


def test_partial_fit_trains_at_a_constant_rate():
    estimator = HardSharingClassifier(**QUICK).partial_fit(X, CLASSES)
    for _ in range(2):
        estimator.partial_fit(X, CLASSES)
        rates = {group["lr"] for group in estimator.net_.optimizer_.param_groups}
        assert rates == {estimator.lr}


def test_partial_fit_goes_on_after_fit():
    estimator = HardSharingClassifier(**PLAIN).fit(X, CLASSES)
    estimator.partial_fit(X, CLASSES)
    assert estimator.n_iter_ == 6
    close(
        estimator, HardSharingClassifier(**{**PLAIN, "max_epochs": 6}).fit(X, CLASSES)
    )


def test_partial_fit_after_a_decayed_fit_learns_again():
    estimator = HardSharingClassifier(**{**QUICK, "lr_decay": 1.0}).fit(X, CLASSES)
    before = estimator.transform(X)
    estimator.partial_fit(X, CLASSES)
    assert np.abs(estimator.transform(X) - before).max() > 1e-3


def test_partial_fit_with_classes_sees_one_class_at_a_time():
    names = np.array(["no", "yes"])
    y = names[CLASSES]
    estimator = HardSharingClassifier(**QUICK)
    for label in (0, 1) * 30:
        rows = CLASSES[:, 0] == label
        estimator.partial_fit(X[rows], y[rows], classes=[names, names])
    assert [own.tolist() for own in estimator.classes_] == [["no", "yes"]] * 2
    assert estimator.score(X, y) > 0.7
    estimator.partial_fit(X[:1], y[:1])


def test_partial_fit_of_one_task():
    estimator = HardSharingClassifier(**QUICK)
    estimator.partial_fit(X[:2], [1, 1], classes=[0, 1, 2])
    assert estimator.classes_.tolist() == [0, 1, 2]
    assert estimator.predict_proba(X).shape == (80, 3)


@pytest.mark.parametrize("classes", [[[0, 1], [0, 1, 2]], [[0, 1]], [["a", "b"]] * 2])
def test_partial_fit_with_other_classes(classes):
    estimator = HardSharingClassifier(**QUICK)
    estimator.partial_fit(X, CLASSES, classes=[[0, 1], [0, 1]])
    estimator.partial_fit(X, CLASSES, classes=[[1, 0], [0, 1]])
    with pytest.raises(InputError, match="`classes`"):
        estimator.partial_fit(X, CLASSES, classes=classes)


def test_partial_fit_with_unseen_labels():
    estimator = HardSharingClassifier(**QUICK).partial_fit(X, CLASSES)
    with pytest.raises(TargetError, match=r"'task_0' has the classes 0, 1; .* label 2"):
        estimator.partial_fit(X, CLASSES * 2)
    with pytest.raises(TargetError, match=r"at least two classes.*partial_fit"):
        HardSharingClassifier(**QUICK).partial_fit(X, CLASSES * 0)


def test_partial_fit_keeps_the_scaling_of_real_targets():
    estimator = HardSharingRegressor(**QUICK).partial_fit(X, REAL)
    spec = estimator._targets.specs[0]
    estimator.partial_fit(X, 100 + REAL)
    assert estimator._targets.specs[0] == spec


# ---- weights


def test_zero_task_weight_leaves_a_task_untrained():
    one = HardSharingClassifier(**PLAIN, task_weight=[1, 0]).fit(X, CLASSES)
    other = HardSharingClassifier(**PLAIN, task_weight=[1, 0])
    other.fit(X, np.column_stack([CLASSES[:, 0], 1 - CLASSES[:, 1]]))
    np.testing.assert_array_equal(one.transform(X), other.transform(X))
    np.testing.assert_array_equal(one.predict_proba(X)[0], other.predict_proba(X)[0])
    losses = one.history_["train_loss_task_1"]
    assert one.history_["train_loss_task_0"][-1] < one.history_["train_loss_task_0"][0]
    start = HardSharingClassifier(**{**PLAIN, "max_epochs": 1}, task_weight=[1, 0])
    bias = start.fit(X, CLASSES).net_.module_.heads.bias[1]
    assert torch.equal(bias, one.net_.module_.heads.bias[1])
    assert np.isfinite(losses).all()


def test_task_weight_by_name():
    by_name = HardSharingClassifier(**PLAIN, task_weight={"task_1": 3.0})
    by_place = HardSharingClassifier(**PLAIN, task_weight=(1.0, 3.0))
    same(by_name.fit(X, CLASSES), by_place.fit(X, CLASSES))
    plain = HardSharingClassifier(**PLAIN).fit(X, CLASSES)
    assert not np.array_equal(plain.transform(X), by_name.transform(X))
    np.testing.assert_allclose(
        by_name.history_["train_loss"],
        by_name.history_["train_loss_task_0"]
        + 3 * by_name.history_["train_loss_task_1"],
    )


def balanced(y):
    weights = np.empty(y.shape)
    for task, column in enumerate(y.T):
        counts = np.bincount(column)
        weights[:, task] = len(column) / (len(counts) * counts[column])
    return weights


@both
def test_balanced_classes_are_weights_of_labels(cls):
    by_class = cls(**PLAIN, class_weight="balanced").fit(X, THREE)
    by_label = cls(**PLAIN).fit(X, THREE, sample_weight=balanced(THREE))
    if cls is HardSharingClassifier:
        close(by_class, by_label)
    # row weights also weigh the variance of the representation, class weights do not
    plain = cls(**PLAIN).fit(X, THREE)
    assert not np.allclose(plain.transform(X), by_class.transform(X))


def test_class_weights_by_task_and_class():
    weights = [{0: 3.0}, {1: 2.0, 2: 0.5}]
    by_class = HardSharingClassifier(**PLAIN, class_weight=weights).fit(X, THREE)
    factors = np.array([[3.0, 1, 1], [1, 2.0, 0.5]])
    by_hand = np.column_stack([factors[task][THREE[:, task]] for task in (0, 1)])
    close(by_class, HardSharingClassifier(**PLAIN).fit(X, THREE, by_hand))


def test_class_weight_of_mixed_tasks_spares_the_real_ones():
    y = np.column_stack([CLASSES[:, 0], REAL[:, 1]])
    types = ["classification", "regression"]
    mixed = HardSharingMixed(task_types=types, class_weight="balanced", **PLAIN)
    weight = np.column_stack([balanced(CLASSES[:, :1])[:, 0], np.ones(80)])
    by_hand = HardSharingMixed(task_types=types, **PLAIN).fit(X, y, weight)
    np.testing.assert_allclose(mixed.fit(X, y).transform(X), by_hand.transform(X))


def test_zero_weights_of_labels_are_missing_labels():
    missing = RANDOM.uniform(size=CLASSES.shape) < 0.3
    holes = HardSharingClassifier(**PLAIN).fit(X, np.where(missing, np.nan, CLASSES))
    zeros = HardSharingClassifier(**PLAIN).fit(X, CLASSES, sample_weight=1.0 * ~missing)
    close(holes, zeros)


def test_weights_of_rows_repeat_them():
    counts = RANDOM.randint(1, 4, size=80)
    weighted = HardSharingRegressor(**PLAIN).fit(X, REAL, sample_weight=counts)
    repeated = HardSharingRegressor(**PLAIN).fit(
        np.repeat(X, counts, axis=0), np.repeat(REAL, counts, axis=0)
    )
    np.testing.assert_allclose(
        weighted.predict(X), repeated.predict(X), rtol=1e-8, atol=1e-9
    )


def test_rows_without_any_label_are_ignored():
    y = CLASSES.astype(float)
    y[60:] = np.nan
    with_empty = HardSharingClassifier(**PLAIN).fit(X, y)
    close(with_empty, HardSharingClassifier(**PLAIN).fit(X[:60], y[:60]))


def test_one_task_is_as_good_as_a_column():
    flat = HardSharingClassifier(**QUICK).fit(X, CLASSES[:, 0])
    column = HardSharingClassifier(**QUICK).fit(X, CLASSES[:, :1])
    np.testing.assert_array_equal(flat.transform(X), column.transform(X))
    np.testing.assert_array_equal(flat.predict(X), column.predict(X)[:, 0])
    np.testing.assert_array_equal(flat.predict_proba(X), column.predict_proba(X)[0])
    assert flat.task_groups_.tolist() == [0]
    assert flat.task_similarity_.tolist() == [[1.0]]


# ---- what is left behind


@pytest.mark.parametrize("cls", estimator_classes())
def test_fitted_attributes(cls):
    y = REAL if cls is HardSharingRegressor else CLASSES
    estimator = cls(**QUICK).fit(X, y)
    assert estimator.n_tasks_ == 2
    assert estimator.task_names_ == ["task_0", "task_1"]
    assert estimator.n_features_in_ == 3
    assert estimator.n_iter_ == 5
    for table in (estimator.task_similarity_, estimator.task_distances_):
        np.testing.assert_allclose(table, table.T)
    assert ((estimator.task_similarity_ >= 0) & (estimator.task_similarity_ <= 1)).all()
    np.testing.assert_array_equal(np.diag(estimator.task_similarity_), 1)
    assert estimator.task_groups_.shape == (2,)
    assert estimator.task_linkage_.shape == (1, 4)
    assert estimator.task_reliability_.shape == estimator.task_null_.shape == (2,)
    assert {len(column) for column in estimator.history_.values()} == {5}
    assert {len(column) for column in estimator.task_table_.values()} == {2}
    names = {"epoch", "seconds", "train_loss", "train_loss_task_0", "train_loss_task_1"}
    assert set(estimator.history_) == names


def test_early_stopping_keeps_the_best_epoch():
    estimator = HardSharingClassifier(
        **{**QUICK, "max_epochs": 400, "lr": 0.05},
        early_stopping=True,
        validation_fraction=0.3,
        n_iter_no_change=5,
    ).fit(X, CLASSES)
    losses = estimator.history_["valid_loss"]
    assert estimator.n_iter_ == len(losses) < 400
    best = int(np.argmin(losses)) + 1
    again = HardSharingClassifier(
        **{**QUICK, "max_epochs": 400, "lr": 0.05},
        early_stopping=True,
        validation_fraction=0.3,
        n_iter_no_change=5,
    )
    seen = []

    class Watcher:
        def setup(self, estimator, context): ...
        def teardown(self, estimator, context): ...
        def on_fit_task_begin(self, estimator, context): ...
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            seen.append(fitted_estimator.transform(X))

    again.set_callbacks(Watcher()).fit(X, CLASSES)
    np.testing.assert_array_equal(seen[best - 1], estimator.transform(X))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int8, np.uint8, bool])
def test_types_of_features(dtype):
    features = np.round(3 * X).astype(dtype)
    estimator = HardSharingClassifier(**QUICK).fit(features, CLASSES)
    shared = estimator.transform(features)
    assert shared.dtype == (np.float64 if dtype == np.float64 else np.float32)
    reference = HardSharingClassifier(**QUICK).fit(features.astype(np.float32), CLASSES)
    if dtype != np.float64:
        np.testing.assert_array_equal(shared, reference.transform(features))


def test_tensors_and_lists_as_features():
    reference = HardSharingClassifier(**QUICK).fit(X, CLASSES)
    same(HardSharingClassifier(**QUICK).fit(torch.tensor(X), CLASSES), reference)
    same(HardSharingClassifier(**QUICK).fit(X.tolist(), CLASSES.tolist()), reference)
    np.testing.assert_array_equal(
        reference.predict(torch.tensor(X)), reference.predict(X)
    )


def test_prediction_in_chunks_equals_prediction_in_one(monkeypatch):
    estimator = HardSharingClassifier(**QUICK).fit(X, THREE)
    whole = estimator.predict_proba(X), estimator.predict(X), estimator.transform(X)
    monkeypatch.setattr("skmtl._base._prediction._CHUNK", 7)
    monkeypatch.setattr("skmtl._base._evidence._CHUNK", 7)
    for one, other in zip(estimator.predict_proba(X), whole[0], strict=True):
        np.testing.assert_allclose(one, other)
    np.testing.assert_array_equal(estimator.predict(X), whole[1])
    np.testing.assert_allclose(estimator.transform(X), whole[2])
