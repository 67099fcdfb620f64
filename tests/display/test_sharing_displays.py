"""Trees, merges and maps are drawn where their numbers are."""

import warnings

import numpy as np
import pytest

from skmtl import (
    HardSharingClassifier,
    SelectiveSharingClassifier,
    SelectiveSharingRegressor,
)
from skmtl.datasets import make_multitask_classification
from skmtl.display import (
    ActivationMapDisplay,
    SharingHistoryDisplay,
    TaskTreeDisplay,
)
from skmtl.exceptions import InputError, TaskGroupWarning
from skmtl.similarity import group_tasks

SIMILARITY = [
    [1.0, 0.1, 0.8, 0.0],
    [0.1, 1.0, 0.0, 0.4],
    [0.8, 0.0, 1.0, 0.0],
    [0.0, 0.4, 0.0, 1.0],
]


@pytest.fixture(scope="module")
def fitted():
    data = make_multitask_classification(600, n_tasks=4, n_groups=2, random_state=0)
    est = SelectiveSharingClassifier(
        window=5, max_epochs=2, n_estimators=2, random_state=0
    )
    return est.fit(data.data, data.target)


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def test_joins_stand_at_their_similarity():
    labels, tree = group_tasks(SIMILARITY)
    display = TaskTreeDisplay.from_linkage(tree, groups=labels)
    joins = [line.get_xdata()[1] for line in display.lines_]
    np.testing.assert_allclose(joins, 1 - tree[:, 2])
    assert sorted(display.order_) == [0, 1, 2, 3]
    assert names(display.ax_) == [f"task_{task}" for task in display.order_]
    colours = [line.get_color() for line in display.lines_]
    assert labels.tolist() == [0, 1, 0, 2]
    assert colours[0] != "0.55"
    assert colours[1:] == ["0.55", "0.55"]
    display.figure_.canvas.draw()


def test_a_join_lies_between_what_it_joins():
    tree = group_tasks(SIMILARITY).linkage
    display = TaskTreeDisplay.from_linkage(tree)
    row = {int(task): place for place, task in enumerate(display.order_)}
    low, high = display.lines_[0].get_ydata()[[0, 2]]
    assert {low, high} == {row[int(tree[0, 0])], row[int(tree[0, 1])]}
    assert all(line.get_color() == "0.55" for line in display.lines_)


def test_one_task_is_a_tree_too():
    display = TaskTreeDisplay.from_linkage(np.zeros((0, 4)))
    assert display.lines_ == []
    with pytest.raises(InputError, match="scipy's form"):
        TaskTreeDisplay.from_linkage([[0, 1]])


def test_tree_of_an_estimator(fitted):
    display = TaskTreeDisplay.from_estimator(fitted, task_names=list("abcd"))
    assert sorted(names(display.ax_)) == list("abcd")
    assert len(display.lines_) == 3


def test_lines_join_at_the_merges():
    history = [
        {"step": 10, "groups": [0, 1, 0, 2]},
        {
            "step": 30,
            "groups": [0, 1, 0, 1],
            "parameters_before": 4000,
            "parameters_after": 2000,
        },
    ]
    display = SharingHistoryDisplay(history, 4).plot()
    rows = np.array([line.get_ydata() for line in display.lines_])
    starts, between, ends = rows[:, 0], rows[:, 3], rows[:, -1]
    assert sorted(starts) == [0, 1, 2, 3]
    assert between[0] == between[2]
    assert len(set(between)) == 3
    assert ends[0] == ends[2] and ends[1] == ends[3] != ends[0]
    assert [text.get_text() for text in display.texts_] == [
        "4,000 \N{RIGHTWARDS ARROW} 2,000 parameters"
    ]
    display.figure_.canvas.draw()


@pytest.mark.parametrize("n_steps", [None, 1, 2000])
def test_steps_are_whole(n_steps):
    history = [{"step": 1, "groups": [0, 0]}]
    display = SharingHistoryDisplay(history, 2, n_steps=n_steps).plot()
    ticks = display.ax_.get_xticks()
    assert (ticks == np.rint(ticks)).all()
    for line in display.lines_:
        x = line.get_xdata()
        assert (np.diff(x) >= 0).all()
        assert (x[1], x[-1]) == (1, display.ax_.get_xlim()[1])


def test_the_axis_ends_with_the_training():
    X = np.random.default_rng(0).normal(size=(100, 3))
    est = SelectiveSharingRegressor(
        sharing=[0, 0], batch_size=30, max_epochs=5, random_state=0
    ).fit(X, X[:, [0, 0]])
    display = SharingHistoryDisplay.from_estimator(est)
    assert display.n_steps == 5 * 4
    assert display.ax_.get_xlim() == (0, 20)


def test_history_of_a_member(fitted):
    display = SharingHistoryDisplay.from_estimator(fitted, member=1)
    assert len(display.lines_) == 4
    assert display.history == fitted.merge_history_[1]
    ends = [line.get_ydata()[-1] for line in display.lines_]
    assert len(set(ends)) == 2


def test_what_histories_refuse(fitted):
    with pytest.raises(InputError, match="one label for each of the 3 tasks"):
        SharingHistoryDisplay([{"step": 1, "groups": [0, 1]}], 3).plot()
    other = HardSharingClassifier(max_epochs=1).fit([[0.0], [1.0]] * 30, [0, 1] * 30)
    with pytest.raises(InputError, match="SelectiveSharingClassifier"):
        SharingHistoryDisplay.from_estimator(other)


def test_maps_lie_over_their_pictures():
    random = np.random.default_rng(0)
    pictures, maps = random.uniform(size=(3, 6, 5)), random.uniform(size=(2, 3, 6, 5))
    maps[1, 2] = 0
    display = ActivationMapDisplay(pictures, maps, task_names=["a", "b"]).plot()
    assert display.axes_.shape == (2, 3)
    assert display.axes_[1, 0].get_ylabel() == "b"
    for (row, column), image in np.ndenumerate(display.images_):
        own = maps[row, column]
        np.testing.assert_allclose(image.get_array(), own / (own.max() or 1))
        under = display.axes_[row, column].images[0]
        np.testing.assert_allclose(under.get_array(), pictures[column])
    display.figure_.canvas.draw()


def test_colours_and_shapes_of_maps():
    maps = np.ones((1, 2, 4, 4))
    for channels in (1, 2, 3):
        display = ActivationMapDisplay(np.zeros((2, channels, 4, 4)), maps).plot()
        assert display.axes_[0, 0].get_ylabel() == "task_0"
    with pytest.raises(InputError, match="one map for each picture"):
        ActivationMapDisplay(np.zeros((3, 4, 4)), maps).plot()
    with pytest.raises(InputError, match="must have shape"):
        ActivationMapDisplay(np.zeros((3, 4, 4)), maps[0]).plot()


def test_the_task_of_maps_is_named_as_elsewhere():
    data = make_multitask_classification(120, 64, n_tasks=3, n_groups=3, random_state=0)
    pictures = data.data.reshape(-1, 8, 8)
    est = HardSharingClassifier(encoder="conv", max_epochs=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TaskGroupWarning)
        est.fit(pictures, data.target)
    for task, shown in (
        (None, "012"),
        (1, "1"),
        ("task_2", "2"),
        ([2, "task_0"], "20"),
    ):
        display = ActivationMapDisplay.from_estimator(est, pictures[:2], task=task)
        names = [ax.get_ylabel() for ax in display.axes_[:, 0]]
        assert names == [f"task_{number}" for number in shown]
    with pytest.raises(InputError, match="`task` must be one of"):
        ActivationMapDisplay.from_estimator(est, pictures[:2], task="task_9")
