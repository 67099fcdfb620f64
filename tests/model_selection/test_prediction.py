"""Predictions of rows by estimators that did not see them."""

import numpy as np
import pytest
import scipy.sparse
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GroupKFold, KFold, RepeatedKFold
from sklearn.model_selection import cross_val_predict as theirs
from sklearn.multioutput import ClassifierChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skmtl import HardSharingClassifier, HardSharingMixed, HardSharingRegressor
from skmtl.exceptions import InputError
from skmtl.model_selection import MultiTaskStratifiedKFold, cross_val_predict

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")

pytestmark = pytest.mark.filterwarnings("ignore::skmtl.exceptions.SkmtlWarning")

QUICK = {"max_epochs": 3, "hidden_layer_sizes": (4,), "random_state": 0}
NAN = np.nan
N = 60
FOLDS = KFold(3)
METHODS = ["predict", "predict_proba", "predict_log_proba"]


@pytest.fixture
def X():
    return np.random.RandomState(0).normal(size=(N, 3))


@pytest.fixture
def y(X):
    """Three classes of text, two of numbers, a third of the labels missing."""
    size = np.digitize(X[:, 0], [-0.5, 0.5])
    y = pd.DataFrame({"size": np.array(["l", "m", "s"])[size], "sign": X[:, 1] > 0})
    hole = np.random.RandomState(1).uniform(size=y.shape) < 0.3
    return y.astype(object).mask(hole, None).set_axis(range(100, 100 + N))


def tree():
    return DecisionTreeClassifier(max_depth=3, random_state=0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("layout", ["1-D", "2-D", "text"])
def test_as_scikit_learn_where_it_is_right(X, method, layout):
    random = np.random.RandomState(0)
    y = random.randint(3, size=(N, 2)) if layout == "2-D" else random.randint(3, size=N)
    y = np.array(["a", "b", "c"])[y] if layout == "text" else y
    with np.errstate(divide="ignore"):
        expected = theirs(tree(), X, y, cv=FOLDS, method=method)
        found = cross_val_predict(tree(), X, y, cv=FOLDS, method=method)
    assert isinstance(found, list) == isinstance(expected, list)
    assert_array_equal(np.array(found), np.array(expected))


@pytest.mark.parametrize("method", METHODS)
def test_by_hand_with_missing_labels(X, y, method):
    pipeline = make_pipeline(StandardScaler(), HardSharingClassifier(**QUICK))
    found = cross_val_predict(pipeline, X, y, cv=3, method=method)
    found = found if isinstance(found, list) else found.T
    n_tested = 0
    for train, test in MultiTaskStratifiedKFold(3).split(X, y):
        fitted = clone(pipeline).fit(X[train], y.iloc[train])
        response = getattr(fitted, method)(X[test])
        expected = response if isinstance(response, list) else response.T
        for mine, by_hand in zip(found, expected, strict=True):
            assert_array_equal(mine[test], by_hand)
        n_tested += len(test)
    assert n_tested == N
    if method == "predict_proba":
        assert [own.shape for own in found] == [(N, 3), (N, 2)]


@pytest.mark.parametrize("as_text", [False, True])
def test_a_class_absent_from_a_fold_has_probability_zero(X, as_text):
    y = np.repeat([0.0, 1.0, 2.0], N // 3)
    y = np.column_stack([y, np.tile([0.0, 1.0], N // 2)])
    y[::7] = NAN
    if as_text:
        names = {0.0: "a", 1.0: "b", 2.0: "c"}
        y = np.array([[names.get(label) for label in row] for row in y], dtype=object)
    est = HardSharingClassifier(**QUICK)
    found = cross_val_predict(est, X, y, cv=FOLDS, method="predict_proba")
    assert [own.shape for own in found] == [(N, 3), (N, 2)]
    for fold, (_, test) in enumerate(FOLDS.split(X)):
        assert_array_equal(found[0][test, fold], 0)
        assert (np.delete(found[0][test], fold, axis=1) > 0).all()
    for own in found:
        assert_allclose(own.sum(axis=1), 1, atol=1e-6)
    logs = cross_val_predict(est, X, y, cv=FOLDS, method="predict_log_proba")
    assert (logs[0][: N // 3, 0] == np.finfo(logs[0].dtype).min).all()


def test_one_dimension_gives_one_array(X):
    y = np.where(X[:, 0] > 0, 1.0, 0.0)
    y[::5] = NAN
    est = HardSharingClassifier(**QUICK)
    assert cross_val_predict(est, X, y).shape == (N,)
    assert cross_val_predict(est, X, y, method="predict_proba").shape == (N, 2)
    (own,) = cross_val_predict(est, X, y[:, np.newaxis], method="predict_proba")
    assert own.shape == (N, 2)
    real = HardSharingRegressor(**QUICK)
    assert cross_val_predict(real, X, np.where(X > 1, NAN, X)).shape == (N, 3)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_mixed_tasks_come_back_as_a_frame(X, y, library):
    y = y.assign(mass=X[:, 2])
    y["size"] = pd.Categorical(y["size"], categories=["s", "m", "l", "xl"])
    if library == "polars":
        columns = {name: y[name].astype(object) for name in y}
        y = pl.DataFrame(
            {
                name: one.where(one.notna(), None).tolist()
                for name, one in columns.items()
            }
        )
    est = HardSharingMixed(**QUICK)
    found = cross_val_predict(est, X, y, cv=FOLDS)
    direct = est.fit(X, y).predict(X)
    assert type(found) is type(direct)
    assert list(found.columns) == ["size", "sign", "mass"]
    assert list(found.dtypes) == list(direct.dtypes)
    if library == "pandas":
        assert found.index.equals(y.index)
    _, test = next(FOLDS.split(X))
    rows = np.setdiff1d(np.arange(N), test)
    part = y.iloc[rows] if library == "pandas" else y[rows]
    expected = clone(est).fit(X[rows], part).predict(X[test])
    top = found.iloc[test] if library == "pandas" else found[test]
    assert_array_equal(top.to_numpy(), expected.to_numpy())
    proba = cross_val_predict(est, X, y, cv=FOLDS, method="predict_proba")
    assert [None if own is None else own.shape for own in proba] == [
        (N, 3),
        (N, 2),
        None,
    ]


def test_rows_keep_their_order_under_shuffled_folds(X):
    y = X @ np.ones((3, 2))
    folds = KFold(4, shuffle=True, random_state=0)
    found = cross_val_predict(LinearRegression(), X, y, cv=folds, n_jobs=2)
    assert_allclose(found, y)
    scaled = cross_val_predict(MaxAbsScaler(), X, y, cv=folds, method="transform")
    assert_array_equal(np.sign(scaled), np.sign(X))
    sparse = scipy.sparse.csr_array(X)
    rows = cross_val_predict(MaxAbsScaler(), sparse, y, cv=folds, method="transform")
    assert_allclose(rows.toarray(), scaled)


def test_other_responses_of_scikit_learn(X):
    y = (X > 0).astype(int)
    chain = ClassifierChain(LogisticRegression())
    settings = {"cv": FOLDS, "method": "decision_function"}
    found = cross_val_predict(chain, X, y, **settings)
    for train, test in FOLDS.split(X):
        fitted = clone(chain).fit(X[train], y[train])
        assert_array_equal(found[test], fitted.decision_function(X[test]))
    single = LogisticRegression()
    rare = np.repeat([0, 1, 2], N // 3)
    with pytest.raises(InputError, match="trained on all classes"):
        cross_val_predict(single, X, rare, **settings)
    forest = RandomForestClassifier(n_estimators=2, random_state=0)
    assert cross_val_predict(forest, X.tolist(), y.tolist(), cv=3).shape == y.shape


def test_weights_reach_the_folds(X):
    y = (X[:, :2] > 0).astype(float)
    weight = np.random.RandomState(0).uniform(0.1, 3, size=y.shape)
    est = HardSharingRegressor(**QUICK)
    found = cross_val_predict(est, X, y, cv=FOLDS, params={"sample_weight": weight})
    for train, test in FOLDS.split(X):
        by_hand = clone(est).fit(X[train], y[train], sample_weight=weight[train])
        assert_array_equal(found[test], by_hand.predict(X[test]))
    with sklearn.config_context(enable_metadata_routing=True):
        params = {"sample_weight": weight}
        asking = clone(est).set_fit_request(sample_weight=True)
        routed = cross_val_predict(asking, X, y, cv=FOLDS, params=params)
        with pytest.raises(sklearn.exceptions.UnsetMetadataPassedError):
            cross_val_predict(est, X, y, cv=FOLDS, params=params)
    assert_array_equal(routed, found)


def test_groups_reach_the_splitter(X):
    y, groups = X[:, :2], np.arange(N) % 4
    settings = {"cv": GroupKFold(4), "method": "predict"}
    found = cross_val_predict(LinearRegression(), X, y, groups=groups, **settings)
    assert_allclose(found, y)
    with sklearn.config_context(enable_metadata_routing=True):
        params = {"groups": groups}
        cross_val_predict(LinearRegression(), X, y, params=params, **settings)
        with pytest.raises(InputError, match="`groups` must be None"):
            cross_val_predict(LinearRegression(), X, y, groups=groups, **settings)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"method": "fit"}, "`method` must be one of predict, .*; found 'fit'"),
        ({"cv": RepeatedKFold(n_splits=2, n_repeats=2)}, "row 0 in 2 test sets"),
        ({"cv": [(np.arange(9), np.arange(1, N))]}, "row 0 in 0 test sets"),
        ({"cv": 1}, "at least 2; found 1"),
    ],
)
def test_bad_calls_are_named(X, parameters, message):
    with pytest.raises(InputError, match=message):
        cross_val_predict(LinearRegression(), X, X, **parameters)
