"""Which defaults do best on held-out parts of the training rows."""

import numpy as np
from _study_networks import BETAS, DECAYS
from _study_tables import present, print_table

DEFAULT_BETA = 0.05
NOW = "200/sqrt(rows * labels)"


def _auto(constant, n, most=1.0):
    return float(np.clip(constant / n, 0.01, most))


# Rules of the weight decay by rows, and by labels per task.
RULES = {
    **{f"{decay:g}": lambda n, own, d=decay: d for decay in DECAYS},
    **{f"{c}/rows": lambda n, own, c=c: _auto(c, n) for c in (50, 100, 200, 400, 1000)},
    **{
        f"{c}/labels of a task": lambda n, own, c=c: _auto(c, own)
        for c in (10, 20, 50, 100, 200)
    },
    **{
        f"{c}/sqrt(rows * labels)": lambda n, own, c=c: _auto(c, np.sqrt(n * own))
        for c in (100, 200, 400)
    },
    "200/labels of a task, to 3": lambda n, own: _auto(200, own, 3.0),
    "5/sqrt(rows)": lambda n, own: float(np.clip(5 / np.sqrt(n), 0.01, 1)),
    "5/sqrt(labels of a task)": lambda n, own: float(
        np.clip(5 / np.sqrt(own), 0.01, 1)
    ),
}


class Losses:
    """Held-out losses by set and seed, read at any weight decay."""

    def __init__(self, rows):
        self.rows = {
            (row["set"], row["stack"], row["seed"]): row
            for row in rows
            if row["part"] == "defaults"
        }
        self.names = present(rows, "defaults")

    def seeds(self, name):
        """Seeds that a set was fitted with."""
        return sorted({seed for own, _, seed in self.rows if own == name})

    def curve(self, name, stack, seed, beta=DEFAULT_BETA):
        """Losses at `DECAYS`; None if the set was not fitted so."""
        row = self.rows.get((name, stack, seed))
        if row is None:
            return None
        return [
            cell["loss"]
            for cell in row["cells"]
            if cell["setting"].get("beta", beta) == beta
        ] or None

    def at(self, rule, name, stack, beta=DEFAULT_BETA):
        """Mean over seeds of the loss at the decay of a rule, or None."""
        found = []
        for seed in self.seeds(name):
            curve = self.curve(name, stack, seed, beta)
            if curve is None:
                continue
            row = self.rows[name, stack, seed]
            n = row["n_rows"]
            decay = RULES[rule](n, row["n_labels"] / row["n_tasks"])
            found.append(np.interp(np.log(decay), np.log(DECAYS), curve))
        return float(np.mean(found)) if found else None

    def best(self, name, stack, beta=DEFAULT_BETA):
        """Least loss over decays, mean over seeds."""
        curves = [self.curve(name, stack, seed, beta) for seed in self.seeds(name)]
        curves = [curve for curve in curves if curve is not None]
        return float(np.mean(curves, axis=0).min()) if curves else None


def compare(names, choices):
    """Lines of a table: losses over the least of each set, geometric mean, rank.

    Parameters
    ----------
    names : sequence of str
        Sets.
    choices : dict of str to list of float or None
        Losses by set.

    Returns
    -------
    list of list of str
    """
    table = np.array([list(map(_number, losses)) for losses in choices.values()])
    least = np.where(np.isnan(table), np.inf, table).min(0)
    ratio = table / least
    rank = np.array(
        [
            [1 + np.sum(column < own) for own in column] if len(column) else []
            for column in table.T
        ]
    ).T.astype(float)
    rank[np.isnan(table)] = np.nan
    lines = []
    for choice, own, ranks in zip(choices, ratio, rank, strict=True):
        cells = ["" if np.isnan(value) else f"{value:.3f}" for value in own]
        mean = np.exp(np.nanmean(np.log(own)))
        lines.append([choice, *cells, f"{mean:.3f}", f"{np.nanmean(ranks):.1f}"])
    return lines


def _number(value):
    return np.nan if value is None else value


def print_defaults(rows):
    """Compare rules of the decay, prices, early stopping and residuals."""
    losses = Losses(rows)
    if not losses.names:
        return
    # Some stacks were fitted on the first split only.
    first = Losses([row for row in rows if row.get("seed") == 0])
    head = ["choice", *losses.names, "mean", "rank"]
    for stack in ("prices", "diagonal", "hard"):
        title = f"Weight decay ({stack}): loss over the least of the set"
        print_table(title, head, _rules(losses, stack))
    for stack in ("stopping", "hard, stopping"):
        title = f"Weight decay ({stack}): loss over the least of the set"
        print_table(title, head, _rules(first, stack))
    print_table("Price", head, _prices(losses, "prices", BETAS))
    diagonal = _prices(first, "diagonal, prices", (0.01, DEFAULT_BETA, 0.1))
    print_table("Price with residual='diagonal'", head, diagonal)
    for title, read, stacks in (
        ("Early stopping", first, {"off": "prices", "on": "stopping"}),
        ("Early stopping, HardSharing", first, {"off": "hard", "on": "hard, stopping"}),
        ("Residual", losses, {"unit": "prices", "diagonal": "diagonal"}),
        ("Full residual", first, {"diagonal": "diagonal", "full": "full"}),
    ):
        print_table(title, head, _stacks(read, stacks))


def _rules(losses, stack):
    names = losses.names
    choices = {rule: [losses.at(rule, own, stack) for own in names] for rule in RULES}
    return compare(names, choices)


def _prices(losses, stack, betas):
    """Prices at the decay of the default rule, and at the best decay."""
    choices = {}
    for beta in betas:
        own = stack
        if stack == "diagonal, prices" and beta == DEFAULT_BETA:
            own = "diagonal"
        choices[f"beta {beta:g}, default decay"] = [
            losses.at(NOW, name, own, beta) for name in losses.names
        ]
        choices[f"beta {beta:g}, best decay"] = [
            losses.best(name, own, beta) for name in losses.names
        ]
    return compare(losses.names, choices)


def _stacks(losses, stacks):
    """Stacks at the decay of the default rule, and at the best decay."""
    choices = {}
    for label, stack in stacks.items():
        choices[f"{label}, default decay"] = [
            losses.at(NOW, name, stack) for name in losses.names
        ]
        choices[f"{label}, best decay"] = [
            losses.best(name, stack) for name in losses.names
        ]
    return compare(losses.names, choices)
