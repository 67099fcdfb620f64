"""Overlap of masks and correlation of information, against loops over pairs."""

import numpy as np
import pytest

from skmtl.exceptions import InputError
from skmtl.similarity import information_correlation, mask_overlap

RANDOM = np.random.RandomState(0)


def test_overlap_equals_a_loop():
    masks = [RANDOM.uniform(size=(5, 6, 7)) < 0.4, RANDOM.uniform(size=(5, 30)) < 0.8]
    masks[0][1] = masks[0][0]
    found = mask_overlap(masks)
    for one in range(5):
        for other in range(5):
            both = chance = most = 0.0
            for layer in masks:
                first, second = layer[one].ravel(), layer[other].ravel()
                both += (first & second).sum()
                chance += first.sum() * second.sum() / first.size
                most += min(first.sum(), second.sum())
            expected = min(max((both - chance) / (most - chance), 0), 1)
            assert found[one, other] == pytest.approx(1.0 if one == other else expected)


def test_random_masks_do_not_overlap_and_equal_ones_do():
    sizes = (2, 200, 200)
    apart = mask_overlap([RANDOM.uniform(size=sizes) < 0.3])
    assert apart[0, 1] < 0.02
    same = np.repeat(RANDOM.uniform(size=(1, 50)) < 0.3, 2, axis=0)
    assert mask_overlap([same])[0, 1] == 1
    nested = np.array([[1, 1, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0]])
    assert mask_overlap([nested])[0, 1] == 1


@pytest.mark.parametrize("full", [True, False])
def test_masks_of_everything_or_nothing_say_nothing(full):
    table = np.full((2, 10), full)
    np.testing.assert_array_equal(mask_overlap([table]), np.eye(2))


def test_correlation_equals_that_of_centred_logarithms():
    information = [RANDOM.exponential(size=(4, 5, 3)), RANDOM.exponential(size=(4, 9))]
    columns = [np.log(own.reshape(4, -1)) for own in information]
    joint = np.concatenate([own - own.mean(1, keepdims=True) for own in columns], 1)
    expected = np.clip(np.corrcoef(joint), 0, 1)
    np.testing.assert_allclose(information_correlation(information), expected)


def test_scales_of_tasks_and_dead_weights_are_of_no_account():
    table = RANDOM.exponential(size=(3, 40))
    expected = information_correlation([table])
    scaled = table * [[1.0], [1e-6], [1e5]]
    np.testing.assert_allclose(information_correlation([scaled]), expected)
    dead = np.concatenate([table, np.zeros((3, 100))], axis=1)
    np.testing.assert_allclose(information_correlation([dead]), expected)


def test_a_task_without_information_is_like_no_other():
    table = np.array([[1.0, 2.0, 5.0], [1.0, 2.0, 5.0], [0.0, 0.0, 0.0]])
    expected = [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    np.testing.assert_allclose(information_correlation([table]), expected)
    np.testing.assert_array_equal(
        information_correlation([np.zeros((2, 4))]), np.eye(2)
    )


@pytest.mark.parametrize("measure", [mask_overlap, information_correlation])
@pytest.mark.parametrize("values", [[], [np.ones((2, 3)), np.ones((3, 3))], [1.0]])
def test_layers_hold_the_same_tasks(measure, values):
    with pytest.raises(InputError, match=r"one array .* per layer; found shapes"):
        measure(values)


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
def test_information_is_finite_and_not_negative(value):
    with pytest.raises(InputError, match="finite and at least 0"):
        information_correlation([[[1.0, value], [1.0, 2.0]]])
