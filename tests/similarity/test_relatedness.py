"""Relatedness of targets: invariants, an oracle in loops, calibration of the null."""

from itertools import permutations

import numpy as np
import pytest

from skmtl.exceptions import InputError, TargetError
from skmtl.similarity import group_tasks, random_trunk, target_relatedness

SEEDS = range(5)


def planted(seed, n_samples=800, n_tasks=6, n_groups=3, flips=0.15):
    """Binary tasks in groups, each group on a direction of its own."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(n_samples, 12))
    groups = np.arange(n_tasks) % n_groups
    y = (X[:, groups] + 0.7 * X[:, groups + n_groups] ** 2 > 0.5).astype(float)
    flip = random.random(y.shape) < flips
    return random_trunk(X, 64, seed), np.abs(y - flip), groups


def assert_similarity(table):
    assert np.array_equal(table, table.T)
    assert np.all(np.diag(table) == 1)
    assert table.min() >= 0
    assert table.max() <= 1


def whitened_rows(a, ridge):
    centred = a - a.mean(0)
    covariance = centred.T @ centred / len(a)
    ridged = covariance + ridge * np.trace(covariance) / len(covariance) * np.eye(
        len(covariance)
    )
    values, vectors = np.linalg.eigh(ridged)
    return centred @ (vectors / np.sqrt(values)) @ vectors.T, covariance, ridged


def one_hot(column):
    levels = np.unique(column[~np.isnan(column)])
    return np.stack([np.where(np.isnan(column), 0, column == k) for k in levels], 1)


def gram_of_distinct_rows(w, y_i, y_j):
    """Sum over pairs of distinct rows of ``(w_m . w_n) y_im y_jn'``, and of all."""
    distinct, full = 0.0, 0.0
    for m in range(len(w)):
        for n in range(len(w)):
            term = (w[m] @ w[n]) * np.outer(y_i[m], y_j[n])
            full = full + term
            distinct = distinct + (m != n) * term
    return distinct, full


def test_matches_loops():
    random = np.random.default_rng(0)
    a = random.normal(size=(60, 4)) @ random.normal(size=(4, 4))
    y = np.column_stack(
        [
            (a[:, 0] > 0) + (a[:, 1] > 0.5),
            a[:, 0] + random.normal(size=60) > 0,
            a[:, 1] > 0,
        ]
    ).astype(float)
    y[:7, 1] = np.nan
    found = target_relatedness(a, y, ridge=0.2, random_state=0)

    w, covariance, ridged = whitened_rows(a, 0.2)
    columns = []
    for t in range(3):
        seen = ~np.isnan(y[:, t])
        block = one_hot(y[:, t])
        columns.append((block - block[seen].mean(0)) * seen[:, None] / seen.sum())
    grams = [[gram_of_distinct_rows(w, i, j) for j in columns] for i in columns]
    # Variance of the whitened rows: Sigma (Sigma + ridge)^-1 in a rotated basis.
    values, vectors = np.linalg.eigh(ridged)
    root = (vectors / np.sqrt(values)) @ vectors.T
    spread = root @ covariance @ root
    for i in range(3):
        distinct, full = grams[i][i]
        # The second class column repeats a binary task's first, which scales both.
        assert found.reliability[i] == pytest.approx(
            np.trace(distinct) / np.trace(full)
        )
        for j in range(3):
            square = np.sum(grams[i][j][0] ** 2)
            chance = 0.0
            for p, q in ((i, j), (j, i)):
                r = w.T @ columns[p]
                chance += np.trace(r.T @ spread @ r) * np.sum(columns[q] ** 2) / 2
            excess = max(square - 2 * chance, 0) * (square >= 6.63 * chance)
            power = np.linalg.norm(full), np.linalg.norm(grams[j][j][1])
            expected = excess / (power[0] * power[1])
            if i == j:
                eigenvalues = np.linalg.eigvalsh(distinct)
                expected = np.sum(np.maximum(eigenvalues, 0) ** 2) / power[0] ** 2
            assert found.cross[i, j] == pytest.approx(expected, abs=1e-12)


def test_gram_is_the_mean_over_all_halvings():
    """Products of distinct rows are what disjoint halves see on average."""
    random = np.random.default_rng(1)
    w, y = random.normal(size=(6, 2)), random.normal(size=(6, 1))
    halves = {frozenset(order[:3]) for order in permutations(range(6))}
    products = []
    for half in halves:
        a = sorted(half)
        b = sorted(set(range(6)) - half)
        products.append((w[a].T @ y[a]).T @ (w[b].T @ y[b]))
    distinct, _ = gram_of_distinct_rows(w, y, y)
    # A pair of distinct rows is split by 2 * C(4, 2) of the 20 halvings, in an order.
    assert np.mean(products) == pytest.approx(float(distinct[0, 0]) * 6 / 20)


@pytest.mark.parametrize("seed", SEEDS)
def test_similarity_finds_planted_groups(seed):
    a, y, groups = planted(seed)
    found = target_relatedness(a, y, random_state=seed)
    assert_similarity(found.similarity)
    assert np.array_equal(found.cross, found.cross.T)
    assert found.passed.all()
    assert np.array_equal(group_tasks(found.similarity).labels, groups)


def test_similarity_is_the_normalised_cross():
    a, y, _ = planted(0)
    found = target_relatedness(a, y, random_state=0)
    scale = np.sqrt(np.diag(found.cross))
    expected = np.clip(found.cross / np.outer(scale, scale), 0, 1)
    np.testing.assert_allclose(found.similarity, expected, atol=1e-12)
    # One output each: the diagonal of C is the squared reliability.
    np.testing.assert_allclose(np.diag(found.cross), found.reliability**2)


def test_task_order_is_irrelevant():
    a, y, _ = planted(1)
    order = np.random.default_rng(0).permutation(6)
    plain = target_relatedness(a, y, random_state=0)
    mixed = target_relatedness(a, y[:, order], random_state=0)
    np.testing.assert_allclose(
        mixed.similarity, plain.similarity[np.ix_(order, order)], atol=1e-10
    )
    np.testing.assert_allclose(mixed.null, plain.null[order], atol=1e-5)


def test_blind_to_sign_and_to_names_of_classes():
    a, y, _ = planted(2)
    y = np.column_stack([y, y[:, 0] + y[:, 1] + y[:, 2]])
    other = y.copy()
    other[:, 0] = 1 - other[:, 0]
    other[:, 6] = np.array([3.0, 0.0, 7.0, 1.0])[y[:, 6].astype(int)]
    plain = target_relatedness(a, y, random_state=0)
    renamed = target_relatedness(a, other, random_state=0)
    np.testing.assert_allclose(plain.similarity, renamed.similarity, atol=1e-10)
    np.testing.assert_allclose(plain.null, renamed.null, atol=1e-5)


def test_blind_to_invertible_maps_of_the_representation():
    a, y, _ = planted(3)
    a = a[:, :8]
    mix = np.random.default_rng(0).normal(size=(8, 8))
    plain = target_relatedness(a, y, ridge=0, random_state=0)
    mapped = target_relatedness(a @ mix + 5, y, ridge=0, random_state=0)
    np.testing.assert_allclose(plain.similarity, mapped.similarity, atol=1e-6)
    np.testing.assert_allclose(plain.reliability, mapped.reliability, atol=1e-6)


def test_redundant_columns_without_ridge():
    a, y, _ = planted(3)
    a = a[:, :8]
    plain = target_relatedness(a, y, ridge=0, random_state=0)
    doubled = target_relatedness(np.hstack([a, a]), y, ridge=0, random_state=0)
    np.testing.assert_allclose(plain.similarity, doubled.similarity, atol=1e-6)


@pytest.mark.parametrize("n_copies", [2, 12])
def test_copies_are_the_same_task(n_copies):
    a, y, _ = planted(0, n_samples=3000)
    found = target_relatedness(a, y[:, [0] * n_copies], random_state=0)
    assert found.similarity.min() > 0.95
    assert np.all(group_tasks(found.similarity).labels == 0)


def test_missing_labels_of_another_task_change_nothing():
    a, y, _ = planted(4)
    holes = y.copy()
    holes[np.random.default_rng(0).random(len(y)) < 0.6, 5] = np.nan
    plain = target_relatedness(a, y, random_state=0)
    gappy = target_relatedness(a, holes, random_state=0)
    np.testing.assert_allclose(
        gappy.similarity[:5, :5], plain.similarity[:5, :5], atol=1e-12
    )
    np.testing.assert_allclose(gappy.null[:5], plain.null[:5], atol=1e-6)


def test_one_row_per_task():
    a, y, groups = planted(0, n_samples=4000, n_tasks=4, n_groups=2)
    task = np.random.default_rng(0).integers(0, 4, len(y))
    y[task[:, None] != np.arange(4)] = np.nan
    found = target_relatedness(a, y, random_state=0)
    assert np.array_equal(group_tasks(found.similarity).labels, groups)


def test_text_objects_and_mixed_kinds():
    random = np.random.default_rng(0)
    X = random.normal(size=(600, 4))
    words = np.where(X[:, 0] > 0, "yes", "no").astype(object)
    words[:5] = None
    words[5:9] = np.nan
    graded = X[:, 0] + 0.1 * random.normal(size=600)
    y = np.empty((600, 3), dtype=object)
    y[:, 0], y[:, 1], y[:, 2] = words, graded, X[:, 1] > 0
    a = random_trunk(X, 64, 0)
    found = target_relatedness(a, y, classification=[True, False, True], random_state=0)
    assert np.array_equal(group_tasks(found.similarity).labels, [0, 0, 1])
    numbers = np.column_stack(
        [np.where(X[:, 0] > 0, 1.0, 0.0), 1e6 * graded - 3, X[:, 1] > 0]
    )
    numbers[:9, 0] = np.nan
    other = target_relatedness(
        a, numbers, classification=[True, False, True], random_state=0
    )
    np.testing.assert_allclose(found.similarity, other.similarity, atol=1e-10)


def test_pandas_missing_value():
    pandas = pytest.importorskip("pandas")
    a, y, _ = planted(0)
    holes = y.astype(object)
    holes[:20, 0] = pandas.NA
    floats = y.copy()
    floats[:20, 0] = np.nan
    found = target_relatedness(a, holes, random_state=0)
    expected = target_relatedness(a, floats, random_state=0)
    np.testing.assert_allclose(found.similarity, expected.similarity, atol=1e-12)


def test_task_without_variation_is_silent():
    a, y, _ = planted(0)
    y[:, 2] = 1
    y[:, 3] = np.nan
    found = target_relatedness(a, y, random_state=0)
    assert not found.passed[[2, 3]].any()
    assert np.all(found.reliability[[2, 3]] == 0)
    assert_similarity(found.similarity)
    assert found.similarity[2].sum() == 1


def test_constant_representation_says_nothing():
    _, y, _ = planted(0)
    found = target_relatedness(np.ones((len(y), 3)), y, random_state=0)
    assert not found.passed.any()
    assert np.array_equal(found.similarity, np.eye(6))


def test_same_seed_same_result_and_no_global_state():
    a, y, _ = planted(0)
    before = np.random.get_state()[1].copy()
    first = target_relatedness(a, y, random_state=np.random.RandomState(3))
    second = target_relatedness(a, y, random_state=np.random.RandomState(3))
    for left, right in zip(first, second, strict=True):
        np.testing.assert_array_equal(left, right)
    assert np.array_equal(before, np.random.get_state()[1])


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"representation": np.zeros(5)}, InputError, r"shape \(5,\)"),
        ({"representation": np.full((800, 2), np.nan)}, InputError, "impute"),
        ({"representation": np.zeros((3, 2))}, InputError, "has 800 rows"),
        ({"y": np.zeros((800, 0))}, TargetError, "at least one row"),
        ({"y": np.full((800, 1), np.inf)}, TargetError, "Task 0"),
        (
            {"y": np.array([["a"]] * 800), "classification": False},
            TargetError,
            "Task 0",
        ),
        ({"classification": [True, False]}, InputError, "one per task"),
        ({"ridge": -1.0}, InputError, "-1.0"),
        ({"ridge": "large"}, InputError, "'large'"),
        ({"quantile": 1.0}, InputError, "1.0"),
        ({"n_permutations": 5}, InputError, "at least 19"),
    ],
)
def test_errors_name_the_rule(change, error, match):
    a, y, _ = planted(0)
    arguments = {"representation": a, "y": y, **change}
    with pytest.raises(error, match=match):
        target_relatedness(
            arguments.pop("representation"), arguments.pop("y"), **arguments
        )
