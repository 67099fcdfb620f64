"""Do networks survive at keep ratio .1, and how good are they?

``dkl_mnist``, estimators as they come but for the layers' widths, the batch and the
steps; the weight decay is the estimators' own.
"""

from _sparse_methods import METHODS
from _sparse_runs import rows_file, run
from _sparse_tables import HARD, RANDOM, collect, score_table

RATIO = 0.1
DEFAULT = "fisher, default"
WANTED = (HARD, RANDOM, DEFAULT, "fisher, batch (algorithm 2)")
LEAST_DENSITY = 0.03
AIM = 3.0
N_STEPS = 1500


def density(options):
    """Least density, live units, and accuracy beside hard sharing and random masks."""
    if "dkl_mnist" not in options.sets():
        return
    rows = rows_file("density", options)
    keys = [
        {
            "set": "dkl_mnist",
            "part": "test",
            "method": method,
            "ratio": None if method == HARD else RATIO,
            "seed": seed,
            "decay": "auto",
            "steps": N_STEPS,
        }
        for method in WANTED
        for seed in range(options.few(max(options.seeds, 5), 2))
    ]
    run(rows, keys, options, METHODS)
    scores = collect(rows, part="test")
    score_table(scores, "dkl_mnist", list(WANTED), [RATIO])
    for method in WANTED[1:]:
        own = [row for row in rows.rows if row["method"] == method]
        if own:
            least = 100 * min(row["least_density"] for row in own)
            fewest = min(row["fewest_units"] for row in own)
            print(
                f"{method}: least density of a task's layer {least:.2f} %, fewest live "
                f"units of a task's layer {fewest}"
            )
    verdict(rows, scores)


def verdict(rows, scores):
    """Say whether what is wanted of the default holds."""
    own = [row for row in rows.rows if row["method"] == DEFAULT]
    hard = scores.get(("dkl_mnist", None, HARD))
    if not own or not hard:
        return
    dense = all(row["least_density"] >= LEAST_DENSITY for row in own)
    alive = all(row["fewest_units"] > 0 for row in own)
    mine = scores["dkl_mnist", RATIO, DEFAULT]
    gap = sum(hard[seed] - mine[seed] for seed in hard if seed in mine) / len(mine)
    print(
        f"no layer under 3 %: {dense}; no layer without units: {alive}; "
        f"{gap:.2f} points under hard sharing (aim: at most {AIM:.0f})"
    )
