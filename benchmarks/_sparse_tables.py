"""Means, paired differences and ranks, for the parts of ``fisher_sparse.py``."""

from collections import defaultdict

import numpy as np
from scipy.stats import rankdata

HARD, RANDOM = "hard sharing", "random masks"


def collect(rows, **wanted):
    """Scores by set, ratio and method, each a dict from seed to score in percent.

    What keeps no share has ratio None.
    """
    found = defaultdict(dict)
    for row in rows.rows:
        if all(row.get(name) == value for name, value in wanted.items()):
            key = row["set"], row["ratio"], row["method"]
            found[key][row["seed"]] = 100 * row["score"]
    return found


def mean_error(values):
    """Mean and standard error over seeds; NaN as the error of one."""
    values = np.asarray(values, float)
    if len(values) < 2:
        return float(values.mean()), float("nan")
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


def paired(own, other):
    """Differences over the seeds that both have."""
    seeds = sorted(set(own) & set(other))
    return [own[seed] - other[seed] for seed in seeds]


def at(scores, name, ratio, method):
    """Scores of a method at a ratio, or whatever the ratio."""
    return scores.get((name, ratio, method)) or scores.get((name, None, method), {})


def text(values):
    """Mean and standard error."""
    if not len(values):
        return f"{'-':>14s}"
    mean, error = mean_error(values)
    return f"{mean:8.2f} +-{error:4.2f}"


def score_table(scores, name, methods, ratios):
    """Print mean, standard error and paired differences of each method on a set."""
    print(f"\n{name}: score in percent, less hard sharing, less random masks")
    for ratio in ratios:
        print(f"keep ratio {ratio}")
        for method in methods:
            own = at(scores, name, ratio, method)
            if not own:
                continue
            hard = paired(own, at(scores, name, ratio, HARD))
            random = paired(own, at(scores, name, ratio, RANDOM))
            values = [text(list(own.values())), text(hard), text(random)]
            print(f"  {method:32s}{''.join(values)}  ({len(own)} seeds)")


def ranks(scores, places, methods):
    """Ranks of the methods' means, 1 the best: one row per set and ratio.

    Parameters
    ----------
    scores : dict
        Of :func:`collect`.
    places : list of (set, ratio)
    methods : list of str

    Returns
    -------
    kept : list of (set, ratio)
        Where every method has scores.
    ranks : ndarray of shape (n_kept, n_methods)
    """
    kept, table = [], []
    for name, ratio in places:
        own = [at(scores, name, ratio, method) for method in methods]
        if all(own):
            kept.append((name, ratio))
            table.append(rankdata([-np.mean(list(each.values())) for each in own]))
    return kept, np.array(table).reshape(-1, len(methods))


def rank_table(scores, places, methods, title):
    """Print average ranks and mean differences; return the ranks."""
    kept, table = ranks(scores, places, methods)
    if not kept:
        return kept, table
    print(f"\n{title}: average rank over {len(kept)} sets and ratios, best first")
    order = np.argsort(table.mean(0))
    for place in order:
        method = methods[place]
        hard, random = (
            _differences(scores, kept, method, other) for other in (HARD, RANDOM)
        )
        print(
            f"  {method:32s} rank {table[:, place].mean():5.2f}"
            f"   first {int((table[:, place] == 1).sum()):2d}"
            f"   less hard sharing {text(hard)}   less random masks {text(random)}"
        )
    return kept, table


def _differences(scores, places, method, other):
    """Mean paired difference at each place; its spread over places is no noise."""
    found = []
    for name, ratio in places:
        pair = paired(at(scores, name, ratio, method), at(scores, name, ratio, other))
        found += [np.mean(pair)] if pair else []
    return found
