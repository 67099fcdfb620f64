"""Lines hold the numbers they were given; prices stand at the points of the mean."""

import numpy as np
import pytest

from skmtl import HierarchicalIBClassifier
from skmtl.datasets import make_multitask_classification
from skmtl.display import InformationPlaneDisplay
from skmtl.exceptions import InputError
from skmtl.inspection import information_path

matplotlib = pytest.importorskip("matplotlib")

BETAS = [0.1, 0.001, 1.0, 0.01]
INFORMATION = np.array([[2.0, 1.0], [9.0, 8.0], [0.1, 0.0], [5.0, 4.0]])
SCORE = np.array([[0.8, 0.7], [0.95, 0.9], [0.5, 0.4], [0.9, 0.85]])


def drawn(information=INFORMATION, score=SCORE, betas=BETAS, **options):
    keys = ("task_names", "score_name")
    own = {key: options.pop(key) for key in keys if key in options}
    return InformationPlaneDisplay(information, score, betas, **own).plot(**options)


def many(n_tasks, seed=0):
    random = np.random.default_rng(seed)
    information = np.sort(random.gamma(2, 1.5, (4, n_tasks)), axis=0)
    return information[[1, 3, 0, 2]], random.uniform(size=(4, n_tasks))


def test_lines_run_through_the_points_in_the_order_of_prices():
    display = drawn()
    order = np.argsort(BETAS)
    for task, line in enumerate(display.lines_):
        np.testing.assert_array_equal(line.get_xdata(), INFORMATION[order, task])
        np.testing.assert_array_equal(line.get_ydata(), SCORE[order, task])
    np.testing.assert_allclose(
        display.mean_line_.get_xydata(),
        np.column_stack([INFORMATION.mean(axis=1), SCORE.mean(axis=1)])[order],
    )


def test_prices_stand_at_their_points():
    display = drawn()
    written = {text.get_text().split()[-1]: text.xy for text in display.text_}
    assert list(written) == ["0.001", "0.01", "0.1", "1"]
    for beta, information, score in zip(BETAS, INFORMATION, SCORE, strict=True):
        place = written[f"{beta:g}"]
        np.testing.assert_allclose(place, (information.mean(), score.mean()))


def test_prices_do_not_run_into_each_other():
    betas = np.geomspace(1e-4, 1, 60)
    information = np.linspace(5, 0, 60)[:, np.newaxis] * [1, 1.2]
    display = drawn(information, 1 - np.exp(-information), betas)
    display.figure_.canvas.draw()
    boxes = [text.get_window_extent() for text in display.text_]
    assert 5 < len(boxes) < 60
    for place, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[place + 1 :])


@pytest.mark.parametrize(("sign", "below"), [(1, True), (-1, False)])
def test_prices_stand_on_the_hollow_side(sign, below):
    display = drawn(score=sign * SCORE)
    assert all((text.get_position()[1] < 0) == below for text in display.text_)


def test_names_and_labels():
    display = drawn(task_names=["a", "b"], score_name="accuracy")
    names = [text.get_text() for text in display.legend_.get_texts()]
    assert names == ["a", "b", "mean"]
    assert display.ax_.get_ylabel() == "accuracy"
    assert "nats" in display.ax_.get_xlabel()


@pytest.mark.parametrize(("n_tasks", "distinct"), [(8, True), (9, False)])
def test_few_tasks_differ_in_colour_and_shape_and_many_are_a_crowd(n_tasks, distinct):
    display = drawn(*many(n_tasks))
    styles = {(line.get_color(), line.get_marker()) for line in display.lines_}
    assert len({colour for colour, _ in styles}) == (n_tasks if distinct else 1)
    assert len({marker for _, marker in styles}) == (n_tasks if distinct else 1)
    assert len(display.legend_.get_texts()) == (n_tasks + 1 if distinct else 2)


def test_a_single_task_needs_no_mean_and_no_legend():
    display = drawn(INFORMATION[:, :1], SCORE[:, :1])
    assert display.mean_line_ is None
    assert display.legend_ is None
    assert len(display.text_) == 4


def test_parts_can_be_left_out():
    display = drawn(tasks=False)
    assert display.lines_ == []
    assert len(display.text_) == 4
    assert display.legend_ is None
    assert drawn(prices=False).text_ == []
    assert drawn(mean=False).mean_line_ is None
    assert drawn(mean=False).text_ == []


def test_tasks_without_a_score_are_left_out_of_the_mean():
    score = SCORE.copy()
    score[:, 1] = np.nan
    display = drawn(score=score)
    np.testing.assert_array_equal(
        display.mean_line_.get_ydata(), SCORE[np.argsort(BETAS), 0]
    )
    nothing = drawn(score=np.full_like(SCORE, np.nan))
    assert nothing.text_ == []
    nothing.figure_.canvas.draw()


@pytest.mark.parametrize("n_tasks", [1, 4, 8, 30])
def test_all_lies_within_the_figure(n_tasks):
    information, score = many(n_tasks)
    names = [f"a task of long name {task}" for task in range(n_tasks)]
    display = drawn(information, score, task_names=names)
    display.figure_.canvas.draw()
    width, height = display.figure_.canvas.get_width_height()
    box = display.ax_.get_tightbbox()
    assert box.x0 >= 0
    assert box.y0 >= 0
    assert box.x1 <= width
    assert box.y1 <= height


def test_draws_into_given_axes_with_given_options(pyplot):
    figure, axes = pyplot.subplots(1, 2)
    display = drawn(
        ax=axes[1], line_kw={"color": "red"}, mean_kw={"color": "green", "marker": "x"}
    )
    assert display.ax_ is axes[1]
    assert display.figure_ is figure
    assert {line.get_color() for line in display.lines_} == {"red"}
    assert display.mean_line_.get_color() == "green"
    assert display.mean_line_.get_marker() == "x"


def test_an_estimator_is_drawn_as_its_path():
    data = make_multitask_classification(150, 5, n_tasks=2, n_groups=1, random_state=0)
    rows = (data.data[:100], data.target[:100], [0.2, 0.01])
    options = {
        "X_test": data.data[100:],
        "y_test": data.target[100:],
        "scoring": "neg_log_loss",
    }
    est = HierarchicalIBClassifier(max_epochs=5, random_state=0)
    path = information_path(est, *rows, **options)
    display = InformationPlaneDisplay.from_estimator(est, *rows, **options, mean=False)
    by_path = InformationPlaneDisplay.from_path(path, mean=False)
    for one in (display, by_path):
        np.testing.assert_array_equal(one.score, path.score)
        np.testing.assert_array_equal(one.information, path.information)
        assert one.ax_.get_ylabel() == "negative log loss"
        assert one.mean_line_ is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"information": np.ones(3)}, r"`information`.*row per price.*\(3,\)"),
        ({"information": -INFORMATION}, "`information`.*at least 0.*-9.0"),
        ({"score": SCORE[:, :1]}, r"`score`.*\(4, 2\).*\(4, 1\)"),
        ({"betas": BETAS[:3]}, r"`betas`.*\(4,\).*\(3,\)"),
        ({"task_names": ["a"]}, "`task_names`"),
        ({"mean": "some"}, "`mean`"),
    ],
)
def test_wrong_input_is_named(changes, message):
    with pytest.raises(InputError, match=message):
        drawn(**changes)
