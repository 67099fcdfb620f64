"""Which defaults do best on held-out parts of the training rows."""

import numpy as np
from _study_networks import BETAS, DECAYS
from _study_tables import present, print_table

DEFAULT_BETA = 0.05


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
                return None
            row = self.rows[name, stack, seed]
            n = row["n_rows"]
            decay = RULES[rule](n, row["n_labels"] / row["n_tasks"])
            found.append(np.interp(np.log(decay), np.log(DECAYS), curve))
        return float(np.mean(found))

    def best(self, name, stack, beta=DEFAULT_BETA):
        """Least loss over decays, mean over seeds."""
        curves = [self.curve(name, stack, seed, beta) for seed in self.seeds(name)]
        if any(curve is None for curve in curves):
            return None
        return float(np.mean(curves, axis=0).min())


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
    ratio = table / np.nanmin(table, axis=0)
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


def _diagonal_prices(losses):
    """Prices where the residual is learned, at the decay by rows and at the best."""
    choices = {}
    for beta in (0.01, DEFAULT_BETA, 0.1):
        stack = "diagonal" if beta == DEFAULT_BETA else "diagonal, prices"
        label = f"beta {beta:g}"
        choices[f"{label}, 200/rows"] = [
            losses.at("200/rows", own, stack, beta) for own in losses.names
        ]
        choices[f"{label}, best decay"] = [
            losses.best(own, stack, beta) for own in losses.names
        ]
    return compare(losses.names, choices)


def print_defaults(rows):
    """Compare rules of the decay, prices, early stopping and residuals."""
    losses = Losses(rows)
    names = losses.names
    if not names:
        return
    head = ["choice", *names, "mean", "rank"]
    for stack in ("prices", "diagonal", "stopping", "hard", "hard, stopping"):
        choices = {
            rule: [losses.at(rule, own, stack) for own in names] for rule in RULES
        }
        title = f"Weight decay ({stack}): loss over the least of the set"
        print_table(title, head, compare(names, choices))
    now = "200/rows"
    choices = {
        f"beta {beta:g}": [losses.at(now, own, "prices", beta) for own in names]
        for beta in BETAS
    }
    print_table("Price at the decay 200/rows", head, compare(names, choices))
    choices = {
        f"beta {beta:g}": [losses.best(own, "prices", beta) for own in names]
        for beta in BETAS
    }
    print_table("Price at the best decay", head, compare(names, choices))
    print_table("Price with residual='diagonal'", head, _diagonal_prices(losses))
    for title, stacks in {
        "Early stopping": {"off": "prices", "on": "stopping"},
        "Early stopping, HardSharing": {"off": "hard", "on": "hard, stopping"},
        "Residual": {"unit": "prices", "diagonal": "diagonal", "full": "full"},
    }.items():
        choices = {}
        for label, stack in stacks.items():
            choices[f"{label}, 200/rows"] = [
                losses.at(now, own, stack) for own in names
            ]
            choices[f"{label}, best decay"] = [losses.best(own, stack) for own in names]
        print_table(title, head, compare(names, choices))
