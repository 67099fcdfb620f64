"""One stacked fit tells what fits one by one would tell."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from skmtl import HardSharingClassifier, HierarchicalIBClassifier
from skmtl.datasets import make_multitask_classification
from skmtl.exceptions import InputError
from skmtl.inspection import information_path
from skmtl.model_selection import get_multitask_scorer, make_multitask_scorer

BETAS = [0.2, 0.01, 0.05]


@pytest.fixture(scope="module")
def data():
    tasks = make_multitask_classification(
        260, 6, n_tasks=3, n_groups=2, n_classes=3, missing=0.2, random_state=0
    )
    X, y = 3 + 2 * tasks.data, tasks.target
    return X[:200], X[200:], y[:200], y[200:]


@pytest.fixture(scope="module")
def est():
    return HierarchicalIBClassifier(max_epochs=8, lr=0.01, random_state=0)


@pytest.fixture(scope="module")
def path(est, data):
    X, X_test, y, y_test = data
    return information_path(est, X, y, BETAS, X_test=X_test, y_test=y_test)


def test_equals_separate_fits(path, est, data):
    X, X_test, y, y_test = data
    for place, beta in enumerate(BETAS):
        alone = clone(est).set_params(beta=beta).fit(X, y)
        np.testing.assert_allclose(path.information[place], alone.information_)
        np.testing.assert_allclose(path.score[place], alone.score_tasks(X_test, y_test))
        np.testing.assert_allclose(path.similarity[place], alone.task_similarity_)
        np.testing.assert_array_equal(path.groups[place], alone.task_groups_)


def test_has_one_entry_for_each_price_in_the_order_given(path):
    assert path.betas.tolist() == BETAS
    assert [one.beta for one in path.estimators] == BETAS
    assert path.information.shape == path.score.shape == path.groups.shape == (3, 3)
    assert path.similarity.shape == (3, 3, 3)
    np.testing.assert_allclose(path.total, path.information.sum(axis=1))
    assert path.score_name == "accuracy"
    assert path.task_names == ["task_0", "task_1", "task_2"]


def test_a_higher_price_buys_less(path):
    order = np.argsort(path.betas)
    assert (np.diff(path.total[order]) < 0).all()


def test_the_estimator_is_left_alone(path, est):
    assert est.beta == 0.05
    with pytest.raises(NotFittedError):
        check_is_fitted(est)


def test_the_steps_of_a_pipeline_are_fitted_once(est, data):
    X, X_test, y, y_test = data
    pipeline = make_pipeline(StandardScaler(), est)
    path = information_path(pipeline, X, y, [0.01, 0.1], X_test=X_test, y_test=y_test)
    alone = clone(pipeline).set_params(hierarchicalibclassifier__beta=0.1).fit(X, y)
    found = path.estimators[1]
    np.testing.assert_allclose(path.information[1], alone[-1].information_)
    np.testing.assert_array_equal(found.predict(X_test), alone.predict(X_test))
    scores = alone[-1].score_tasks(alone[:-1].transform(X_test), y_test)
    np.testing.assert_allclose(path.score[1], scores)
    assert found[0] is path.estimators[0][0]
    only = information_path(make_pipeline(est), X, y, [0.1])
    np.testing.assert_allclose(only.score[0], only.estimators[0][-1].score_tasks(X, y))


def test_without_rows_to_score_those_of_the_fit_are(est, data):
    X, _, y, _ = data
    path = information_path(est, X, y, [0.05])
    np.testing.assert_array_equal(path.score[0], path.estimators[0].score_tasks(X, y))


def test_a_task_without_labels_to_score_is_nan(est, data):
    X, X_test, y, y_test = data
    y_test = y_test.copy()
    y_test[:, 1] = np.nan
    path = information_path(est, X, y, [0.05], X_test=X_test, y_test=y_test)
    assert np.isnan(path.score[0]).tolist() == [False, True, False]


def test_other_scores(est, data, path):
    X, X_test, y, y_test = data
    rows = {"X_test": X_test, "y_test": y_test}
    loss = information_path(est, X, y, [0.05], scoring="neg_log_loss", **rows)
    scorer = get_multitask_scorer("neg_log_loss", average=None)
    np.testing.assert_allclose(
        loss.score[0], scorer(path.estimators[2], X_test, y_test)
    )
    assert loss.score_name == "negative log loss"
    own = make_multitask_scorer(accuracy_score, average=None)
    again = information_path(est, X, y, [0.05], scoring=own, **rows)
    np.testing.assert_allclose(again.score[0], path.score[2])
    assert again.score_name == "score"


def test_ensembles_and_weights(est, data):
    X, _, y, _ = data
    weight = np.linspace(0.1, 2, len(X))
    ensemble = clone(est).set_params(n_estimators=2)
    path = information_path(ensemble, X, y, [0.02, 0.2], sample_weight=weight)
    alone = ensemble.set_params(beta=0.2).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(path.information[1], alone.information_)
    assert path.information.shape == (2, 3)


def test_names_come_from_a_frame(est, data):
    pd = pytest.importorskip("pandas")
    X, _, y, _ = data
    frame = pd.DataFrame(y, columns=["a", "b", "c"])
    assert information_path(est, X, frame, [0.05]).task_names == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("estimator", "options", "message"),
    [
        (HardSharingClassifier(), {}, "parameter `beta`.*HardSharingClassifier"),
        (StandardScaler(), {}, "parameter `beta`.*StandardScaler"),
        (make_pipeline(StandardScaler()), {}, "parameter `beta`.*Pipeline"),
        (None, {"betas": []}, "`betas` must be a sequence"),
        (None, {"betas": 0.1}, "`betas` must be a sequence.*0.1"),
        (None, {"betas": ["low"]}, "`betas` must be a sequence.*low"),
        (None, {"betas": [0.1, -1]}, "`betas` must be finite and at least 0.*-1"),
        (None, {"betas": [np.inf]}, "`betas` must be finite"),
        (None, {"X_test": np.ones((2, 6))}, "`X_test` and `y_test` belong together"),
        (None, {"scoring": 3}, "`scoring`.*get_multitask_scorer_names.*3"),
        (None, {"scoring": "speed"}, "speed"),
        (None, {"scoring": get_multitask_scorer("accuracy")}, "one number per task"),
        (
            HierarchicalIBClassifier(noise=None, max_epochs=1),
            {},
            "`information_`.*`noise`",
        ),
    ],
)
def test_errors_name_the_way_out(est, data, estimator, options, message):
    X, _, y, _ = data
    options = {"betas": [0.1], **options}
    with pytest.raises(InputError, match=message):
        information_path(estimator or est, X, y, **options)
