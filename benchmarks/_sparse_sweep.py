"""All methods on five sets: settings on validation rows, then the test rows."""

import numpy as np
from _sparse_methods import NORM, has_ratio, methods
from _sparse_runs import QUICK_STEPS, find, rows_file, run
from _sparse_sets import SETS
from _sparse_tables import collect, rank_table, score_table

DECAYS = (0.03, 0.3)
# Norms take the size of the weights out, and overfit at these.
NORMED_DECAYS = (0.3, 3.0)
# Ratios and draws by which settings are chosen; methods without a ratio get as many
# fits by more draws.
CHOOSING = (0.1, 0.5, 0.9)
FIRST_DRAW = 100


def choosing_keys(name, method, options):
    """Fits on whose validation scores a method's setting is chosen: as many for all."""
    ratios = [own for own in CHOOSING if own in SETS[name].ratios]
    pairs = [(ratio, FIRST_DRAW) for ratio in ratios]
    if not has_ratio(methods()[method][0]):
        pairs = [(None, FIRST_DRAW + place) for place in range(len(ratios))]
    decays = NORMED_DECAYS if methods()[method][1].get(NORM) else DECAYS
    return [
        {
            "set": name,
            "part": "validation",
            "method": method,
            "ratio": ratio,
            "seed": seed,
            "decay": decay,
            "steps": steps,
        }
        for decay in decays
        for steps in SETS[name].steps
        for ratio, seed in options.few(pairs, pairs[:1])
    ]


def chosen(rows, name, method, options):
    """Decay and steps with the best mean over ratios and draws; None if rows lack."""
    scores = {}
    for key in choosing_keys(name, method, options):
        if options.quick:
            key = {**key, "steps": QUICK_STEPS}
        row = find(rows, key)
        if row is None:
            return None
        scores.setdefault((key["decay"], key["steps"]), []).append(row["score"])
    return max(scores, key=lambda setting: np.mean(scores[setting]))


def judging_keys(rows, name, method, options):
    """Fits whose test scores count; none before the method's setting is known."""
    setting = chosen(rows, name, method, options)
    if setting is None:
        print(f"{name}, {method}: no setting is chosen yet")
        return []
    ratios = SETS[name].ratios if has_ratio(methods()[method][0]) else (None,)
    return [
        {
            "set": name,
            "part": "test",
            "method": method,
            "ratio": ratio,
            "seed": seed,
            "decay": setting[0],
            "steps": setting[1],
        }
        for ratio in options.few(ratios, ratios[:1])
        for seed in range(options.few(options.seeds, 1))
    ]


def sweep(options):
    """Accuracy or AUC of every method, at every ratio."""
    rows, names = rows_file("sweep", options), options.sets()
    wanted = options.choose(methods())
    pairs = [(name, method) for name in names for method in wanted]
    run(rows, [key for pair in pairs for key in choosing_keys(*pair, options)], options)
    run(
        rows,
        [key for pair in pairs for key in judging_keys(rows, *pair, options)],
        options,
    )
    report(rows, names, options)


def report(rows, names, options):
    """Print the tables of what there is."""
    order, settings = list(methods()), {}
    for name in names:
        own = {method: chosen(rows, name, method, options) for method in order}
        print(f"\n{name}, chosen weight decay and steps: {own}")
        settings |= {(name, method): setting for method, setting in own.items()}
    rows.rows = [
        row
        for row in rows.rows
        if settings.get((row["set"], row["method"])) == (row["decay"], row["steps"])
    ]
    scores = collect(rows, part="test")
    for name in names:
        score_table(scores, name, order, SETS[name].ratios)
    places = [(name, ratio) for name in names for ratio in SETS[name].ratios]
    for ratio in sorted({own for _, own in places}):
        here = [place for place in places if place[1] == ratio]
        rank_table(scores, here, order, f"keep ratio {ratio}")
    claim(*rank_table(scores, places, order, "all"), order)


def claim(kept, table, order):
    """Say where a Fisher method is first, which the paper claims of every place."""
    if not kept:
        return
    fisher = [place for place, name in enumerate(order) if name.startswith("fisher")]
    printed = [order.index("fisher, batch (algorithm 2)")]
    for title, places in (("any Fisher method", fisher), ("algorithm 2", printed)):
        first = (table[:, places] == table.min(1, keepdims=True)).any(1)
        told = "holds" if first.all() else "does not hold"
        where = [place for place, own in zip(kept, first, strict=True) if own]
        print(
            f"{title} first everywhere: {told}; first in {int(first.sum())} of "
            f"{len(kept)}: {where}"
        )
