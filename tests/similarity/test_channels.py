"""Overlap of noisy channels, against sums over pairs of directions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skmtl.exceptions import InputError
from skmtl.similarity import channel_overlap


def random_case(seed, n_tasks=4, n_dimensions=3):
    random = np.random.RandomState(seed)
    factor = random.normal(size=(n_dimensions, n_dimensions))
    return factor @ factor.T, random.normal(size=(n_tasks, n_dimensions))


def by_regression(covariance, noise):
    """Shares that pass, as the best linear guess of whitened z from its noisy copy."""
    values, vectors = np.linalg.eigh(covariance)
    whiten = vectors @ np.diag(values**-0.5) @ vectors.T
    shares = []
    for own in noise:
        guess = covariance @ np.linalg.inv(covariance + np.diag(np.exp(own)))
        # E[z | w] = guess w; in white coordinates its covariance with z
        shares.append(whiten @ guess @ covariance @ whiten.T)
    return np.array([[np.sum(a * b.T) for a in shares] for b in shares])


@pytest.mark.parametrize("seed", range(5))
def test_equals_what_a_regression_recovers(seed):
    covariance, noise = random_case(seed)
    products = by_regression(covariance, noise)
    power = np.sqrt(np.outer(products.diagonal(), products.diagonal()))
    assert_allclose(channel_overlap(covariance, noise), products / power, atol=1e-9)


def test_uncorrelated_dimensions_give_the_cosine_of_shares():
    variance = np.array([1.0, 2.0, 0.5])
    noise = np.random.RandomState(0).normal(size=(4, 3))
    shares = variance / (variance + np.exp(noise))
    unit = shares / np.linalg.norm(shares, axis=1, keepdims=True)
    assert_allclose(channel_overlap(np.diag(variance), noise), unit @ unit.T)


def test_two_dimensions_that_say_the_same_are_one():
    noise = np.array([[-3.0, 12.0], [12.0, -3.0]])
    apart = channel_overlap(np.eye(2), noise)[0, 1]
    same = channel_overlap([[1.0, 0.999], [0.999, 1.0]], noise)[0, 1]
    assert apart < 0.01
    assert same > 0.99


def test_permutations_and_closed_channels():
    covariance, noise = random_case(7)
    order = [2, 0, 3, 1]
    found = channel_overlap(covariance, noise)
    assert_allclose(channel_overlap(covariance, noise[order]), found[order][:, order])
    mixed = [1, 2, 0]
    swapped = channel_overlap(covariance[mixed][:, mixed], noise[:, mixed])
    assert_allclose(swapped, found)
    silent = channel_overlap(np.zeros((3, 3)), noise)
    assert_allclose(silent, np.eye(4))


@pytest.mark.parametrize(
    ("covariance", "noise", "match"),
    [
        (np.eye(2), np.zeros((3, 3)), r"\(n_dimensions, n_dimensions\)"),
        (np.eye(2), [[np.nan, 0.0]], "diverged"),
        ([[np.inf, 0.0], [0.0, 1.0]], [[0.0, 0.0]], "diverged"),
    ],
)
def test_refuses(covariance, noise, match):
    with pytest.raises(InputError, match=match):
        channel_overlap(covariance, noise)
