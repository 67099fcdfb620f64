"""What makes masks by Fisher information good: one thing changed at a time.

On validation rows only. From algorithm 2 as printed, one addition at a time; from all
additions together, one taken away at a time; the yardsticks beside them.
"""

import numpy as np
from _sparse_methods import has_ratio, recipes
from _sparse_runs import rows_file, run
from _sparse_sets import SETS
from _sparse_tables import collect, mean_error, paired, rank_table, score_table

RATIOS = (0.1, 0.5)
DEFAULT, PRINTED = "all together", "printed"
FIRST_DRAW = 200
# The default of the estimators for sets of this size is between .02 and .2.
DECAY = 0.1
STEPS = {"tox21": 300}
N_STEPS = 800


def keys_of(name, recipe, options):
    """Fits of a recipe on a set."""
    ratios = [own for own in RATIOS if own in SETS[name].ratios]
    ratios = ratios if has_ratio(recipes()[recipe][0]) else [None]
    return [
        {
            "set": name,
            "part": "validation",
            "method": recipe,
            "ratio": ratio,
            "seed": FIRST_DRAW + seed,
            "decay": DECAY,
            "steps": STEPS.get(name, N_STEPS),
        }
        for ratio in options.few(ratios, ratios[:1])
        for seed in range(options.few(options.seeds, 1))
    ]


def recipe(options):
    """Which recipe wins on validation rows, on average over sets and ratios."""
    rows, names = rows_file("recipe", options), options.sets()
    entries = recipes()
    wanted = options.choose(entries)
    keys = [
        key for name in names for own in wanted for key in keys_of(name, own, options)
    ]
    run(rows, keys, options, entries)
    scores, order = collect(rows, part="validation"), list(entries)
    places = [
        (name, ratio)
        for name in names
        for ratio in RATIOS
        if ratio in SETS[name].ratios
    ]
    for name in names:
        score_table(scores, name, order, [own for at, own in places if at == name])
    for ratio in RATIOS:
        here = [place for place in places if place[1] == ratio]
        rank_table(scores, here, order, f"recipes at keep ratio {ratio}")
    rank_table(scores, places, order, "recipes")
    verdict(scores, places, order)


def verdict(scores, places, order):
    """Print each recipe less the default, over all pairs of the same seed.

    Evidence for another default: better by two standard errors over sets, and no set
    on which it is worse by two.
    """
    print("\nless the default, mean over ratios and seeds of each set, in points")
    names = sorted({name for name, _ in places})
    for method in order:
        by_set = []
        for name in names:
            pairs = [
                difference
                for at, ratio in places
                if at == name
                for difference in _pairs(scores, name, ratio, method)
            ]
            by_set.append(pairs)
        if method == DEFAULT or not all(by_set):
            continue
        means = [np.mean(pairs) for pairs in by_set]
        mean, error = mean_error(means)
        worse = [
            name
            for name, pairs in zip(names, by_set, strict=True)
            if np.mean(pairs) < -2 * mean_error(pairs)[1]
        ]
        clear = mean > 2 * error and not worse and len(names) > 2
        print(
            f"  {method:32s}{mean:+6.2f} +- {error:.2f}   "
            f"{' '.join(f'{own:+.2f}' for own in means)}   "
            f"worse by two errors on {len(worse)} of {len(names)}"
            f"{'   CLEARLY BETTER' if clear else ''}"
        )


def _pairs(scores, name, ratio, method):
    own = scores.get((name, ratio, method)) or scores.get((name, None, method), {})
    return paired(own, scores.get((name, ratio, DEFAULT), {}))
