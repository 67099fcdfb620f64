"""Each capacity stands where its task and dimension do; blocks are what is shared."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl import HardSharingClassifier, HierarchicalIBClassifier
from skmtl.datasets import make_multitask_classification
from skmtl.display import CapacityDisplay
from skmtl.exceptions import InputError

matplotlib = pytest.importorskip("matplotlib")

# Tasks 0 and 2 share dimension 3, tasks 1 and 3 dimension 0; all read dimension 4,
# none reads 2, and task 3 alone 1.
BLOCKS = [
    [0.0, 0.0, 0.01, 1.0, 0.6],
    [0.9, 0.1, 0.0, 0.0, 0.5],
    [0.0, 0.0, 0.02, 1.4, 0.4],
    [1.1, 0.8, 0.0, 0.1, 0.3],
]
GROUPS = [0, 1, 0, 1]


def planted(n_tasks, n_groups, n_dimensions, seed=0):
    random = np.random.default_rng(seed)
    groups = random.permutation(np.arange(n_tasks) % n_groups)
    capacity = random.exponential(0.02, size=(n_tasks, n_dimensions))
    owner = random.permutation(np.arange(n_dimensions) % (n_groups + 2)) - 1
    mine = (owner == groups[:, np.newaxis]) | (owner == -1)
    return capacity + mine * random.uniform(0.5, 1.5, capacity.shape), groups, owner


def tick_names(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


@pytest.mark.parametrize("size", [(1, 1, 1), (4, 2, 16), (12, 4, 5), (48, 6, 64)])
def test_each_value_stands_where_its_task_and_dimension_do(size):
    capacity, groups, _ = planted(*size)
    display = CapacityDisplay.from_capacity(capacity, groups=groups)
    rows, columns = display.order_, display.dimension_order_
    assert sorted(rows) == list(range(size[0]))
    assert sorted(columns) == list(range(size[2]))
    np.testing.assert_array_equal(
        display.im_.get_array(), capacity[np.ix_(rows, columns)]
    )
    assert display.im_.get_clim() == (0, capacity.max())
    display.figure_.canvas.draw()


def test_blocks_are_shared_then_of_each_group_then_closed():
    capacity, groups, owner = planted(12, 3, 20)
    display = CapacityDisplay.from_capacity(capacity, groups=groups)
    blocks = owner[display.dimension_order_]
    # 3 is the owner of no group: the dimensions that nobody reads
    assert blocks.tolist() == sorted(owner)


def test_rows_columns_and_names_by_hand():
    display = CapacityDisplay.from_capacity(BLOCKS, groups=GROUPS)
    assert display.order_.tolist() == [0, 2, 1, 3]
    assert display.dimension_order_.tolist() == [4, 3, 0, 1, 2]
    assert tick_names(display.ax_.yaxis) == ["task_0", "task_2", "task_1", "task_3"]
    assert tick_names(display.ax_.xaxis) == ["4", "3", "0", "1", "2"]
    assert display.ax_.get_xlabel() == "latent dimension"
    spans = [bracket.get_ydata() for bracket in display.brackets_]
    assert [(round(min(y)), round(max(y))) for y in spans] == [(0, 1), (2, 3)]


def test_without_groups_tasks_keep_their_order():
    display = CapacityDisplay.from_capacity(BLOCKS)
    assert display.order_.tolist() == [0, 1, 2, 3]
    assert display.brackets_ == []
    assert display.dimension_order_[-1] == 2


def test_other_numbers_of_the_dimensions_give_the_same_picture():
    capacity, groups, _ = planted(9, 3, 14)
    turned = np.random.default_rng(1).permutation(14)
    first = CapacityDisplay.from_capacity(capacity, groups=groups).im_.get_array()
    second = CapacityDisplay.from_capacity(capacity[:, turned], groups=groups)
    open_ = first.max(axis=0) > 0.1 * capacity.max()
    np.testing.assert_array_equal(first[:, open_], second.im_.get_array()[:, open_])


def test_values_that_read_as_zero_are_left_blank():
    display = CapacityDisplay.from_capacity(BLOCKS, groups=GROUPS)
    written = [[text.get_text() for text in row] for row in display.text_]
    assert written[0] == ["0.6", "1.0", "", "", ""]
    assert written[3] == ["0.3", "0.1", "1.1", "0.8", ""]


@pytest.mark.parametrize(
    ("shape", "values", "there"),
    [((25, 25), "auto", True), ((3, 26), "auto", False), ((26, 2), True, True)],
)
def test_values_are_left_out_where_they_cannot_be_read(shape, values, there):
    display = CapacityDisplay.from_capacity(np.ones(shape), values=values)
    assert (display.text_ is not None) == there


def test_closed_channels_are_drawn_as_nothing():
    display = CapacityDisplay.from_capacity(np.zeros((2, 4)), groups=[0, 0])
    assert display.dimension_order_.tolist() == [0, 1, 2, 3]
    assert display.im_.get_clim() == (0, 1)


@pytest.mark.parametrize("size", [(4, 2, 16), (12, 2, 8), (40, 5, 64)])
def test_all_lies_within_the_figure(size):
    capacity, groups, _ = planted(*size)
    names = [f"a task of long name {task}" for task in range(size[0])]
    display = CapacityDisplay.from_capacity(capacity, groups=groups, task_names=names)
    display.figure_.canvas.draw()
    width, height = display.figure_.canvas.get_width_height()
    for part in (display.ax_, display.colorbar_.ax):
        box = part.get_tightbbox()
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= width
        assert box.y1 <= height
    labels = [t.get_window_extent() for t in display.ax_.texts if "group" in str(t)]
    assert labels
    assert all(box.x1 <= display.colorbar_.ax.get_window_extent().x0 for box in labels)


def test_draws_into_given_axes_with_given_options(pyplot):
    figure, axes = pyplot.subplots(1, 2)
    display = CapacityDisplay(BLOCKS, groups=GROUPS)
    returned = display.plot(
        ax=axes[1],
        cmap="viridis",
        values_format=".2f",
        colorbar=False,
        im_kw={"vmax": 2},
        text_kw={"color": "red"},
        bracket_kw={"color": "green"},
    )
    assert returned is display
    assert display.figure_ is figure
    assert display.colorbar_ is None
    assert display.im_.get_cmap().name == "viridis"
    assert display.im_.get_clim() == (0, 2)
    assert display.text_[0, 0].get_text() == "0.60"
    assert display.text_[0, 0].get_color() == "red"
    assert display.brackets_[0].get_color() == "green"
    assert len(figure.axes) == 2


@pytest.fixture(scope="module")
def fitted():
    data = make_multitask_classification(200, 6, n_tasks=3, n_groups=2, random_state=0)
    est = HierarchicalIBClassifier(max_epochs=3, n_estimators=2, random_state=0)
    return make_pipeline(StandardScaler(), est).fit(data.data, data.target)


def test_reads_a_member_of_an_ensemble(fitted):
    for member in (0, 1):
        display = CapacityDisplay.from_estimator(fitted, member=member)
        np.testing.assert_array_equal(display.capacity, fitted[-1].capacity_[member])
        assert display.groups is fitted[-1].task_groups_
        assert display.task_names == fitted[-1].task_names_


@pytest.mark.parametrize("member", [2, -1, 0.5, None])
def test_a_member_that_is_not_there_is_refused(fitted, member):
    with pytest.raises(InputError, match=r"`member`.*from 0 to 1; found"):
        CapacityDisplay.from_estimator(fitted, member=member)


@pytest.mark.parametrize("est", [HardSharingClassifier(), HierarchicalIBClassifier()])
def test_an_estimator_without_channels_is_refused(est):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        CapacityDisplay.from_estimator(est)
    est = clone(est).set_params(max_epochs=1, random_state=0)
    if isinstance(est, HierarchicalIBClassifier):
        est.set_params(noise=None)
    X = np.random.RandomState(0).normal(size=(40, 2))
    message = f"channels.*found {type(est).__name__}, which is fitted but has no `capac"
    with pytest.raises(InputError, match=message):
        CapacityDisplay.from_estimator(est.fit(X, X[:, 0] > 0))


@pytest.mark.parametrize(
    ("capacity", "options", "message"),
    [
        (np.ones((2, 3, 4)), {}, r"\(2, 3, 4\).*one member"),
        (np.ones((0, 3)), {}, r"\(0, 3\)"),
        ([[1, -0.5]], {}, "at least 0.*-0.5.*log-variances"),
        ([[1, np.nan]], {}, "finite"),
        (BLOCKS, {"groups": [0, 1]}, "`groups`"),
        (BLOCKS, {"task_names": ["a"]}, "`task_names`"),
        (BLOCKS, {"values": "some"}, "`values`"),
    ],
)
def test_wrong_input_is_named(capacity, options, message):
    with pytest.raises(InputError, match=message):
        CapacityDisplay.from_capacity(capacity, **options)
