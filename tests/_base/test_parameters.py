"""Parameters out of range: the message names parameter, value and what is allowed."""

import functools

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.cluster import AgglomerativeClustering, KMeans, SpectralClustering
from skorch.callbacks import EpochTimer

from skmtl import (
    FisherSparseMTLClassifier,
    HardSharingMixed,
    HierarchicalIBClassifier,
    HierarchicalIBRegressor,
    MaximumRoamingClassifier,
    MTVIBClassifier,
    SelectiveSharingClassifier,
)
from skmtl._base._parameters import SHARED
from skmtl._base._signatures import estimator_classes
from skmtl._base._tables import constraints_of, parameter_table
from skmtl.selective._options import OPTIONS
from skmtl.sparse._options import FISHER
from tests._base._bad_branches import BAD_BRANCHES
from tests._base._sparse_values import SPARSE_BAD, SPARSE_GOOD
from tests._names import stable_name

TINY = {"hidden_layer_sizes": (4,), "latent_dim": 2}
QUICK = {"max_epochs": 2, "random_state": 0, **TINY}
NAN, INF = float("nan"), float("inf")

# Values that are refused, and a part of the message that says what is allowed.
BAD = {
    **SPARSE_BAD,
    "beta": [
        (-1, "0.0"),
        (NAN, "0.0"),
        (INF, "0.0"),
        ("a", "float"),
        (None, "float"),
        ([0.1] * 3, r"one per task, shape \(2,\)"),
        ([0.1, -1], "at least 0"),
        ([0.1, NAN], "finite"),
        (["a", "b"], "numbers"),
        ([], r"shape \(2,\)"),
    ],
    "batch_norm": [("yes", "bool"), (2, "bool"), (None, "bool")],
    "gamma": [(-0.1, r"\[0.0"), (NAN, "float"), ("a", "float")],
    "beta_warmup": [(-0.1, r"\[0.0, 1.0\]"), (1.1, r"\[0.0, 1.0\]"), ("a", "float")],
    "noise": [("free", "'learned'"), (0.1, "'learned'")],
    "marginal": [("free", "'closed'"), (None, "'closed'")],
    "n_samples": [(0, r"\[1, inf\)"), (2.5, "an int"), ("all", "an int")],
    "residual": [("free", "'diagonal'"), (None, "'unit'")],
    "weighting": [("equal", "'uncertainty'"), (0.5, "'uncertainty'")],
    "similarity": [("cosine", "'capacity'"), (None, "'capacity'")],
    **BAD_BRANCHES,
    "noise_lr_multiplier": [(0, r"\(0.0"), (NAN, "float"), ("a", "float")],
    "task_types": [
        ("regressive", "auto"),
        (["ranking", "text"], "classification"),
        (["classification", "order"], "and ranking only, which .*found 'order'"),
        ({"stars": "regression"}, r"unknown task\(s\) \['stars'\]"),
        (["regression"], "one entry per task"),
        (3, "array-like"),
    ],
    "encoder": [("cnn", "'conv'"), (5, "callable"), (None, "callable")],
    "hidden_layer_sizes": [
        ((0,), "at least 1"),
        ((1.5,), "sequence of int"),
        ((-3, 4), "at least 1"),
        ("a", "sequence of int"),
        (64, "sequence of int"),
        ((True,), "sequence of int"),
        (None, "sequence of int"),
        ([[4]], "sequence of int"),
    ],
    "latent_dim": [(0, r"\[1, inf\)"), (2.5, "an int"), ("a", "an int")],
    "activation": [("softplus", "'relu'"), (torch.relu, "'relu'")],
    "dropout": [(1, r"\[0.0, 1.0\)"), (-0.1, r"\[0.0"), (NAN, "float")],
    "max_epochs": [(0, r"\[1, inf\)"), (1.5, "an int"), ("many", "'auto'")],
    "lr": [(0, r"\(0.0, inf\)"), (-1, r"\(0.0"), (NAN, "float"), ("auto", "float")],
    "lr_decay": [(-0.1, r"\[0.0, 1.0\]"), (1.5, r"\[0.0, 1.0\]"), (None, "float")],
    "batch_size": [(0, r"\[1, inf\)"), (2.5, "an int"), ("all", "'auto'")],
    "optimizer": [("adam", "'adamw'"), (None, "callable"), (print, "optimizer")],
    "weight_decay": [(-1, r"\[0.0"), (NAN, "float"), (INF, "float"), ("x", "'auto'")],
    "early_stopping": [("yes", "bool"), (None, "bool")],
    "validation_fraction": [(0, r"\(0.0, 1.0\)"), (1, r"\(0.0"), (None, "float")],
    "n_iter_no_change": [(0, r"\[1, inf\)"), (2.5, "an int")],
    "tol": [(-1, r"\[0.0"), (NAN, "float"), (None, "float")],
    "n_estimators": [(0, r"\[1, inf\)"), (2.5, "an int"), ("auto", "an int")],
    "task_weight": [
        ({"task_7": 1.0}, "'task_7'.*'task_0', 'task_1'"),
        ({7: 1.0, "b": 2.0}, r"\[7, 'b'\].*'task_0', 'task_1'"),
        ([1.0], r"shape \(2,\)"),
        ([1.0, -1.0], "at least 0"),
        ([1.0, NAN], "finite"),
        ([0.0, 0.0], "not all 0"),
        (["a", "b"], "numbers"),
        ({"task_0": "a"}, "numbers.*'a'"),
        ("balanced", "array-like"),
    ],
    "class_weight": [
        ("uniform", "'balanced'"),
        (2.0, "'balanced'"),
        (["balanced"], "one entry per task"),
        (["balanced", "uniform"], "'balanced'"),
        ({7: 2.0}, r"\[7\].*classes .*\[0, 1\]"),
        ([{0: 2.0}, {"b": 1.0}], "classes"),
        ({0: -1.0}, "at least 0.*-1.0"),
        ({0: NAN}, "finite.*nan"),
        ({0: 0, 1: 0}, "not all 0"),
        ({0: "much"}, "numbers.*'much'"),
    ],
    "clustering": [
        ("kmeans", "'gap'"),
        (None, "clusterer"),
        (5, "clusterer"),
        (KMeans(), "precomputed"),
        (SpectralClustering(), "precomputed"),
        (EpochTimer(), "clusterer"),
    ],
    "min_similarity": [(-0.1, r"\[0.0, 1.0\]"), (2, r"\[0.0, 1.0\]"), (None, "float")],
    "n_groups": [(0, r"\[1, inf\)"), (1.5, "an int"), (3, "2 tasks")],
    "device": [("nonsense", "'auto'"), (5, "str"), (None, "str"), ("meta", "'cpu'")],
    "precision": [("half", "'bf16'"), (16, "'bf16'")],
    "compile": [("yes", "bool"), (None, "bool")],
    "warm_start": [("yes", "bool"), (None, "bool")],
    "callbacks": [
        ([1], "skorch callbacks"),
        (["print_log"], "skorch callbacks"),
        ([("a", EpochTimer(), 3)], "name, callback"),
        ([(1, EpochTimer())], "name, callback"),
        (EpochTimer(), "a list"),
        ("print_log", "a list"),
        ([print], "skorch callbacks"),
    ],
    "net_params": [
        ({"nonsense": 1}, "callbacks__.*nonsense"),
        ({"lr": 1.0}, "own parameters.*'lr'"),
        ({"module": None}, "own parameters"),
        ({"optimizer__momentum": 0.5}, "callbacks__"),
        ({3: 1}, "callbacks__"),
        ({"callbacks__foo": 1}, r"exist, \['epoch_timer', 'print_log'\].*`callbacks`"),
        ({"callbacks__foo__lr": 1}, "exist.*found 'callbacks__foo__lr'"),
        ([("verbose", 1)], "dict"),
    ],
    "random_state": [("a", "RandomState"), (-1, "RandomState"), (1.5, "RandomState")],
    "verbose": [(-1, "int"), ("loud", "int")],
}


CASES = [
    pytest.param(name, value, allowed, id=stable_name(f"{name}={value!r}"))
    for name, cases in BAD.items()
    for value, allowed in cases
]


@pytest.fixture(scope="module")
def data():
    random = np.random.RandomState(0)
    X = random.normal(size=(40, 3))
    y = (X[:, :2] + 0.1 * random.normal(size=(40, 2)) > 0).astype(int)
    return X, y


OWNERS = {
    **dict.fromkeys(OPTIONS, SelectiveSharingClassifier),
    "task_types": HardSharingMixed,
    "residual": HierarchicalIBRegressor,
    "weighting": MTVIBClassifier,
    "roaming": MaximumRoamingClassifier,
    **dict.fromkeys(FISHER, FisherSparseMTLClassifier),
}


def estimator_with(name, value):
    cls = OWNERS.get(name, HierarchicalIBClassifier)
    return cls(**{**QUICK, name: value})


def test_every_parameter_of_every_estimator_has_bad_values():
    assert set(BAD) == {n for cls in estimator_classes() for n in cls._parameter_table}


@pytest.mark.parametrize("name, value, allowed", CASES)
def test_bad_value(name, value, allowed, data):
    estimator = estimator_with(name, value)
    before = dict(vars(estimator))
    with pytest.raises(ValueError, match=rf"(?s){name}.*{allowed}") as caught:
        estimator.fit(*data)
    assert vars(estimator) == before
    assert _shown(value) in str(caught.value)


def _shown(value):
    """What of a value the message is certain to show."""
    if isinstance(value, dict):
        return ""  # the case itself names what is found
    if name := getattr(value, "__name__", None):
        return name
    if isinstance(value, list | tuple):
        return ""
    return str(value).partition("(")[0]


def test_cuda_where_there_is_none(data):
    if torch.cuda.is_available():
        pytest.skip("has a CUDA device")
    with pytest.raises(ValueError, match=r"device='cuda'.*CUDA.*'auto'"):
        HierarchicalIBClassifier(device="cuda", **QUICK).fit(*data)


@pytest.mark.parametrize("clustering", ["hdbscan", AgglomerativeClustering(None)])
def test_number_of_groups_is_for_the_gap_only(clustering, data):
    if not isinstance(clustering, str):
        clustering.set_params(
            metric="precomputed", linkage="average", distance_threshold=0.5
        )
    estimator = HierarchicalIBClassifier(clustering=clustering, n_groups=2, **QUICK)
    with pytest.raises(ValueError, match="`n_groups` needs clustering='gap'"):
        estimator.fit(*data)


# What is unusual and right: one fit with each.
GOOD = {
    **SPARSE_GOOD,
    "beta": [0, [0.1, 0.2], np.array([0.1, 0.0])],
    "gamma": [0.5],
    "beta_warmup": [0, 1],
    "noise": ["shared", "fixed", None],
    "marginal": ["learned"],
    "n_samples": [1, np.int64(3)],
    "residual": ["diagonal", "full"],
    "weighting": [None],
    "similarity": ["log_variance"],
    "encoder": [lambda n: torch.nn.Linear(n, 3), torch.nn.Linear(3, 4)],
    "hidden_layer_sizes": [(), [3], np.array([3, 2])],
    "latent_dim": [None],
    "dropout": [0, 0.5],
    "lr_decay": [0, 1],
    "batch_size": [1000],
    "optimizer": [
        "sgd",
        torch.optim.RMSprop,
        functools.partial(torch.optim.SGD, momentum=0.5),
    ],
    "weight_decay": [0],
    "early_stopping": [True],
    "task_weight": [{"task_0": 0.5}, np.array([1, 2]), {}],
    "class_weight": [{0: 2.0}, [None, {1: 3}], "balanced", ["balanced", None]],
    "clustering": [
        "hdbscan",
        AgglomerativeClustering(
            None, metric="precomputed", linkage="average", distance_threshold=0.5
        ),
    ],
    "n_groups": [2],
    "device": ["cpu", torch.device("cpu")],
    "precision": ["bf16"],
    "callbacks": [[], [EpochTimer], (("clock", EpochTimer()),)],
    "net_params": [{}, {"callbacks__epoch_timer": None}],
    "random_state": [np.random.RandomState(0), np.int64(3)],
    "verbose": [False],
}


@pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning")
@pytest.mark.filterwarnings("ignore::skmtl.exceptions.CollapseWarning")
@pytest.mark.parametrize(
    "name, value", [(name, value) for name, values in GOOD.items() for value in values]
)
def test_good_value(name, value, data):
    X, y = data
    estimator = estimator_with(name, value).fit(X, y)
    assert estimator.predict(X).shape == y.shape
    clone(estimator)


@pytest.mark.parametrize("cls", estimator_classes())
def test_constraints_know_every_parameter(cls):
    table = cls._parameter_table
    assert cls._parameter_constraints == constraints_of(table)
    assert set(cls._parameter_constraints) == set(table)
    cls()._validate_params()


def test_table_takes_own_parameters_and_defaults():
    own = {"beta": SHARED["lr"]}
    table = parameter_table(own, {"lr": 7.0}, kind="regressor")
    assert next(iter(table)) == "beta"
    assert table["lr"].default == 7.0
    assert table["lr"].text == SHARED["lr"].text
    assert "class_weight" not in table
    assert parameter_table({}, kind="ranker") == parameter_table({}, kind="regressor")
    assert SHARED["lr"].default != 7.0
    assert "task_types" in parameter_table({}, kind="mixed")
