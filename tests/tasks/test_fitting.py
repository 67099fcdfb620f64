"""Codes of real targets; of ranking ones only the order of the labels counts."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skmtl.tasks import TargetEncoder

NAN = np.nan


def encode(y):
    encoder = TargetEncoder("ranking", ("ranking",)).fit(y)
    return encoder, *encoder.transform(y)


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e300])
def test_ranks_of_rankings_are_standardised(size):
    y = size * np.random.RandomState(0).normal(size=(50, 2)) ** 5
    y[::7, 0] = NAN
    encoder, codes, observed = encode(y)
    for task, spec in enumerate(encoder.specs):
        own = codes[observed[:, task], task]
        assert (spec.kind, spec.location, spec.scale) == ("ranking", 0, 1)
        assert_allclose([own.mean(), own.std()], [0, 1], atol=1e-12)
        assert_allclose(np.diff(np.sort(own)), np.ptp(own) / (len(own) - 1))
        order = np.argsort(y[observed[:, task], task])
        assert_array_equal(order, np.argsort(own))
    assert_array_equal(codes[~observed], 0)
    assert_array_equal(encoder.inverse_transform(y), y)  # scores have no units


def test_equal_labels_share_a_rank():
    _, codes, _ = encode([7, 3, 3, NAN, -2, 3])
    assert_allclose(codes[:, 0] * np.sqrt(2), [2, 0, 0, 0, -2, 0], atol=1e-12)
    assert len(np.unique(codes.astype(np.float32))) == 3
    assert_array_equal(encode([5.0, 5.0])[1], 0)
    assert_array_equal(encode([NAN, 5.0])[1], 0)


def test_only_the_order_of_labels_counts():
    y = np.random.RandomState(0).normal(size=(40, 2))
    y[::5, 1] = NAN
    assert_array_equal(encode(np.exp(9 * y) - 4)[1], encode(y)[1])


@pytest.mark.parametrize("low", [0.0, -5e-324, 1e-310])
def test_the_smallest_numbers_have_a_scale(low):
    y = np.array([low, low + 5e-324] * 4)
    encoder = TargetEncoder("regression").fit(y)
    codes, _ = encoder.transform(y)
    assert np.isfinite(codes).all()
    assert codes[0, 0] < codes[1, 0]
    assert_array_equal(encoder.inverse_transform(codes), y)


@pytest.mark.parametrize("power", [-1000, 1000])
def test_scale_of_weights_is_of_no_account(power):
    y, weight = np.random.RandomState(0).uniform(0.1, 1, size=(2, 10**4))
    plain = TargetEncoder("regression").fit(y, weight).specs[0]
    scaled = TargetEncoder("regression").fit(y, weight * 2.0**power * 2**20).specs[0]
    assert (scaled.location, scaled.scale) == (plain.location, plain.scale)
