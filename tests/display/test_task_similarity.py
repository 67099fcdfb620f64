"""The picture shows the numbers it was given, each where it belongs."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl import HardSharingClassifier
from skmtl.datasets import make_multitask_classification
from skmtl.display import TaskSimilarityDisplay
from skmtl.exceptions import InputError

matplotlib = pytest.importorskip("matplotlib")

THREE = [[1.0, 0.1, 0.8], [0.1, 1.0, 0.0], [0.8, 0.0, 1.0]]


def planted(n_tasks, n_groups=4, seed=0):
    """A similarity with groups in it, and the groups, both in shuffled order."""
    random = np.random.default_rng(seed)
    groups = random.permutation(np.arange(n_tasks) % n_groups)
    points = random.normal(size=(n_groups, 30))[groups]
    points += 0.5 * random.normal(size=points.shape)
    similarity = np.atleast_2d(np.clip(np.corrcoef(points), 0, 1))
    np.fill_diagonal(similarity, 1)
    return similarity, groups


def tick_names(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


@pytest.mark.parametrize("n_tasks", [1, 2, 4, 25, 40, 130])
def test_each_value_stands_where_its_tasks_do(n_tasks):
    similarity, groups = planted(n_tasks)
    display = TaskSimilarityDisplay.from_similarity(similarity, groups=groups)
    order = display.order_
    assert sorted(order) == list(range(n_tasks))
    np.testing.assert_array_equal(
        display.im_.get_array(), similarity[np.ix_(order, order)]
    )
    assert display.im_.get_clim() == (0, 1)
    display.figure_.canvas.draw()


def test_groups_are_runs_and_those_alone_come_last():
    similarity, groups = planted(20)
    groups[[3, 11]] = [50, 60]
    display = TaskSimilarityDisplay.from_similarity(similarity, groups=groups)
    shown = groups[display.order_]
    assert np.count_nonzero(np.diff(shown)) == len(np.unique(groups)) - 1
    assert shown[-2:].tolist() == [50, 60]


def test_alike_tasks_are_neighbours_within_a_group():
    place = np.array([0.1, 0.9, 0.5, 0.3, 0.7])
    similarity = 1 - np.abs(place[:, None] - place)
    display = TaskSimilarityDisplay.from_similarity(similarity, groups=[0] * 5)
    assert display.order_.tolist() == [0, 3, 2, 4, 1]


def test_one_bracket_spans_each_group_of_two_or_more():
    display = TaskSimilarityDisplay.from_similarity(
        np.eye(6), groups=[7, 3, 7, 3, 3, 5]
    )
    assert display.order_.tolist() == [1, 3, 4, 0, 2, 5]
    spans = [bracket.get_ydata() for bracket in display.brackets_]
    assert [(round(min(y)), round(max(y))) for y in spans] == [(0, 2), (3, 4)]
    assert all(min(b.get_xdata()) > 1 for b in display.brackets_)
    written = {text.get_text() for text in display.ax_.texts}
    assert {"group 3", "group 7"} <= written
    assert "group 5" not in written


def test_without_groups_tasks_keep_their_order():
    similarity, _ = planted(9)
    display = TaskSimilarityDisplay.from_similarity(similarity)
    assert display.order_.tolist() == list(range(9))
    assert display.brackets_ == []


def test_values_are_written_in_their_cells():
    display = TaskSimilarityDisplay.from_similarity(THREE, groups=[0, 1, 0])
    written = [[text.get_text() for text in row] for row in display.text_]
    assert written == [
        ["1.00", "0.80", "0.10"],
        ["0.80", "1.00", "0.00"],
        ["0.10", "0.00", "1.00"],
    ]
    assert display.text_[0, 1].get_position() == (1, 0)


@pytest.mark.parametrize(
    ("n_tasks", "values", "there"),
    [(25, "auto", True), (26, "auto", False), (26, True, True), (4, False, False)],
)
def test_values_are_left_out_where_they_cannot_be_read(n_tasks, values, there):
    display = TaskSimilarityDisplay.from_similarity(np.eye(n_tasks), values=values)
    assert (display.text_ is not None) == there


def luminance(colour):
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("cmap", ["GnBu", "viridis", "magma", "Greys_r"])
def test_values_contrast_with_their_cells(cmap):
    steps = np.linspace(0, 1, 24)
    similarity = np.eye(25)
    similarity[0, 1:] = similarity[1:, 0] = steps
    display = TaskSimilarityDisplay.from_similarity(similarity, cmap=cmap)
    for place in np.ndindex(similarity.shape):
        cell = luminance(display.im_.cmap(display.im_.norm(similarity[place])))
        ink = luminance(matplotlib.colors.to_rgb(display.text_[place].get_color()))
        low, high = sorted([cell, ink])
        assert (high + 0.05) / (low + 0.05) > 3


def test_names_are_shortened_and_stay_different():
    names = ["short", *(f"a name of many letters, number {i}" for i in (7, 8))]
    display = TaskSimilarityDisplay.from_similarity(THREE, task_names=names)
    shown = tick_names(display.ax_.yaxis)
    assert shown[0] == "short"
    assert len(set(shown)) == 3
    assert max(map(len, shown)) == 20
    assert shown == tick_names(display.ax_.xaxis)


def test_names_that_would_collide_are_turned():
    def angles(names):
        display = TaskSimilarityDisplay.from_similarity(THREE, task_names=names)
        return {label.get_rotation() for label in display.ax_.get_xticklabels()}

    assert angles(["a", "b", "c"]) == {0}
    assert angles(["a" * 18, "b" * 18, "c" * 18]) == {40}


@pytest.mark.parametrize("n_tasks", [4, 12, 40])
def test_names_brackets_and_scale_lie_within_the_figure(n_tasks):
    similarity, groups = planted(n_tasks, n_groups=2)
    display = TaskSimilarityDisplay.from_similarity(
        similarity, groups=groups, task_names=[f"long name {i}" for i in range(n_tasks)]
    )
    display.figure_.canvas.draw()
    width, height = display.figure_.canvas.get_width_height()
    for box in (
        display.ax_.get_tightbbox(),
        display.colorbar_.ax.get_tightbbox(),
    ):
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= width
        assert box.y1 <= height
    labels = [t.get_window_extent() for t in display.ax_.texts if "group" in str(t)]
    assert all(box.x1 <= display.colorbar_.ax.get_window_extent().x0 for box in labels)


def test_draws_into_given_axes_with_given_options(pyplot):
    figure, axes = pyplot.subplots(1, 2)
    display = TaskSimilarityDisplay(THREE, groups=[0, 1, 0])
    returned = display.plot(
        ax=axes[1],
        cmap="viridis",
        values_format=".1f",
        colorbar=False,
        im_kw={"vmax": 2},
        text_kw={"color": "red"},
        bracket_kw={"color": "green"},
    )
    assert returned is display
    assert display.ax_ is axes[1]
    assert display.figure_ is figure
    assert display.colorbar_ is None
    assert display.im_.get_cmap().name == "viridis"
    assert display.im_.get_clim() == (0, 2)
    assert display.text_[0, 0].get_text() == "1.0"
    assert display.text_[0, 0].get_color() == "red"
    assert display.brackets_[0].get_color() == "green"
    assert len(figure.axes) == 2


@pytest.fixture(scope="module")
def data():
    return make_multitask_classification(200, 6, n_tasks=3, n_groups=2, random_state=0)


def test_reads_estimators_pipelines_and_searches(data):
    est = HardSharingClassifier(max_epochs=2, random_state=0)
    pipeline = make_pipeline(StandardScaler(), est)
    grid = {"hardsharingclassifier__lr": [0.01]}
    search = GridSearchCV(pipeline, grid, cv=KFold(2)).fit(data.data, data.target)
    fitted = search.best_estimator_[-1]
    for source in (search, search.best_estimator_, fitted):
        display = TaskSimilarityDisplay.from_estimator(source, values=False)
        assert display.similarity is fitted.task_similarity_
        assert display.groups is fitted.task_groups_
        assert display.task_names == fitted.task_names_
        assert display.text_ is None


def test_an_estimator_without_similarity_is_refused(data):
    with pytest.raises(NotFittedError):
        TaskSimilarityDisplay.from_estimator(HardSharingClassifier())
    unfitted = GridSearchCV(make_pipeline(HardSharingClassifier()), {})
    with pytest.raises(NotFittedError):
        TaskSimilarityDisplay.from_estimator(unfitted)


@pytest.mark.parametrize("pipe", [False, True])
def test_an_estimator_that_never_has_one_is_no_unfitted_one(data, pipe):
    scaler = StandardScaler().fit(data.data)
    source = make_pipeline(scaler) if pipe else scaler
    with pytest.raises(InputError, match=r"of skmtl.*found StandardScaler.*from_simil"):
        TaskSimilarityDisplay.from_estimator(source)


def test_names_of_the_user_take_precedence(data):
    est = HardSharingClassifier(max_epochs=2, random_state=0)
    est.fit(data.data, data.target)
    display = TaskSimilarityDisplay.from_estimator(est, task_names=["x", "y", "z"])
    assert sorted(tick_names(display.ax_.yaxis)) == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("similarity", "options", "message"),
    [
        (np.ones((2, 3)), {}, "square"),
        (np.ones(3), {}, "square"),
        (np.ones((0, 0)), {}, "square"),
        ([[1, 3], [3, 1]], {}, r"\[0, 1\]"),
        ([[1, np.nan], [np.nan, 1]], {}, r"\[0, 1\]"),
        ([[1, 0.5], [0.2, 1]], {}, "symmetric"),
        (THREE, {"groups": [0, 1]}, "`groups`"),
        (THREE, {"task_names": ["a"]}, "`task_names`"),
        (THREE, {"values": "some"}, "`values`"),
    ],
)
def test_wrong_input_is_named(similarity, options, message):
    with pytest.raises(InputError, match=message):
        TaskSimilarityDisplay.from_similarity(similarity, **options)
