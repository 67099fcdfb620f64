"""Continuations: warm starts and incremental fits."""

import numpy as np
import pandas as pd
import pytest
import torch

from skmtl import (
    HardSharingClassifier,
    HardSharingRegressor,
    HierarchicalIBClassifier,
    MaximumRoamingClassifier,
    RandomSparseMTLClassifier,
    SelectiveSharingClassifier,
    load,
)
from skmtl.exceptions import InputError, TargetError
from tests._base._fits import CLASSES, PLAIN, QUICK, REAL, THREE, X, both, close, same
from tests._names import stable_name

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")


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


def test_classes_go_by_name():
    y = pd.DataFrame(CLASSES, columns=["heart", "stroke"])
    by_name = HardSharingClassifier(**QUICK)
    classes = {"stroke": [0, 1], "heart": [0, 1, 2]}
    by_name.partial_fit(X, y, classes=classes).partial_fit(X, y, classes=classes)
    assert [own.tolist() for own in by_name.classes_] == [[0, 1, 2], [0, 1]]
    rows = CLASSES[:, 0] == 0
    some = HardSharingClassifier(**QUICK)
    some.partial_fit(X[rows], y[rows], classes={"heart": [0, 1]})
    assert [own.tolist() for own in some.classes_] == [[0, 1], [0, 1]]
    with pytest.raises(InputError, match=r"`classes` names unknown task\(s\) \['x'\]"):
        HardSharingClassifier(**QUICK).partial_fit(X, y, classes={"x": [0, 1]})


@pytest.mark.parametrize("classes", [[0, 1], ["no", "yes"]])
def test_classes_of_one_task_for_two(classes):
    message = f"`classes` must hold one array .* found {classes[0]!r} for task 'task_0'"
    with pytest.raises(InputError, match=message):
        HardSharingClassifier(**QUICK).partial_fit(X, CLASSES, classes=classes)


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


@pytest.mark.parametrize(
    ("cls", "name", "value"),
    [
        (HardSharingClassifier, "hidden_layer_sizes", (9,)),
        (HardSharingClassifier, "latent_dim", 3),
        (HardSharingClassifier, "activation", "tanh"),
        (HardSharingClassifier, "dropout", 0.5),
        (HardSharingClassifier, "encoder", torch.nn.Linear(4, 2)),
        (HardSharingClassifier, "batch_norm", True),
        (HardSharingClassifier, "optimizer", "sgd"),
        (HardSharingClassifier, "optimizer", torch.optim.SGD),
        (HardSharingClassifier, "precision", "bf16"),
        (RandomSparseMTLClassifier, "batch_norm", True),
        (HierarchicalIBClassifier, "beta", [0.5, 0.1]),
        (HierarchicalIBClassifier, "noise", None),
        (RandomSparseMTLClassifier, "keep_ratio", 0.1),
        (RandomSparseMTLClassifier, "masking", "gradient"),
        (MaximumRoamingClassifier, "roaming", 0.1),
        (SelectiveSharingClassifier, "sharing", {"task_0": 0}),
    ],
    ids=stable_name,
)
def test_what_the_network_is_built_of_stays_in_partial_fit(cls, name, value):
    estimator = cls(**QUICK).partial_fit(X, CLASSES)
    before, n_iter = getattr(estimator, name), estimator.n_iter_
    rule = rf"`{name}` must stay that of the first call, .*found .*Set it back"
    with pytest.raises(InputError, match=rule):
        estimator.set_params(**{name: value}).partial_fit(X, CLASSES)
    assert estimator.n_iter_ == n_iter
    estimator.set_params(**{name: before}).partial_fit(X, CLASSES)
    assert estimator.n_iter_ == n_iter + 1


def test_what_training_reads_may_change_in_partial_fit():
    estimator = HardSharingClassifier(**QUICK).partial_fit(X, CLASSES)
    sizes = np.array(estimator.hidden_layer_sizes)
    estimator.set_params(lr=0.1, weight_decay=0, hidden_layer_sizes=sizes)
    assert estimator.partial_fit(X, CLASSES).n_iter_ == 2


def test_a_loaded_estimator_remembers_what_its_network_was_built_of(tmp_path):
    estimator = RandomSparseMTLClassifier(**QUICK).fit(X, CLASSES)
    estimator.save(tmp_path / "a")
    same = load(tmp_path / "a")
    same.partial_fit(X, CLASSES)
    with pytest.raises(InputError, match=r"`keep_ratio` must stay .* 0.5.*found 0.2"):
        same.set_params(keep_ratio=0.2).partial_fit(X, CLASSES)
    same.fit(X, CLASSES).partial_fit(X, CLASSES)
