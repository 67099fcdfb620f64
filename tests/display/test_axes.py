"""Displays of several parts take axes as scikit-learn's displays do."""

import numpy as np
import pytest

from skmtl.display import ActivationMapDisplay, SharingMaskDisplay
from skmtl.exceptions import InputError

MASKS = {"first": [[1, 1, 0, 0], [0, 1, 1, 0]], "second": [[1, 0], [1, 0]]}


def masks(**options):
    return SharingMaskDisplay.from_masks(MASKS, **options)


def maps(**options):
    random = np.random.default_rng(0)
    pictures = random.uniform(size=(3, 4, 4))
    shown = random.uniform(size=(2, 3, 4, 4))
    return ActivationMapDisplay(pictures, shown).plot(**options)


@pytest.mark.parametrize(
    ("draw", "shape", "kept"), [(masks, (1, 2), (2,)), (maps, (2, 3), (2, 3))]
)
def test_an_array_of_axes_is_drawn_into(draw, shape, kept, pyplot):
    figure, axes = pyplot.subplots(*shape, squeeze=False)
    display = draw(ax=axes)
    assert display.figure_ is figure
    assert display.axes_.shape == kept
    assert display.axes_.ravel().tolist() == axes.ravel().tolist()
    flat = draw(ax=axes.ravel().tolist())
    assert flat.axes_.ravel().tolist() == axes.ravel().tolist()
    figure.canvas.draw()


@pytest.mark.parametrize("draw", [masks, maps])
def test_one_axes_is_divided(draw, pyplot):
    figure, (left, right) = pyplot.subplots(1, 2)
    room = left.get_position()
    display = draw(ax=left)
    assert display.figure_ is figure
    for own in display.axes_.ravel():
        box = own.get_position()
        assert box.x0 >= room.x0 - 1e-9 and box.x1 <= room.x1 + 1e-9
    assert not left.axison and right.axison


@pytest.mark.parametrize(
    ("draw", "rule"), [(masks, r"1 x 2 of them"), (maps, r"2 x 3 of them")]
)
def test_what_is_refused(draw, rule, pyplot):
    figure, axes = pyplot.subplots(1, 5)
    with pytest.raises(InputError, match=rf"`ax` must be .*{rule}; found 5"):
        draw(ax=axes)
    with pytest.raises(InputError, match=rf"`ax` must be .*{rule}; found .*str"):
        draw(ax="left")
    free = figure.add_axes((0.1, 0.1, 0.5, 0.5))
    with pytest.raises(InputError, match=r"`ax` cannot be divided.*subplots"):
        draw(ax=free)
