"""Options, rows and sentences shared by the parts of ``selective_sharing.py``."""

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from _bottleneck_runs import Options
from _rows import Rows

from skmtl.similarity import adjusted_rand

# More tasks than these would swell the rows with their similarities.
MOST_TASKS = 20


@dataclass
class Settings(Options):
    """What the command line asks for."""

    seeds: int = 0
    results: str = ""

    @property
    def on_gpu(self):
        """Whether networks train on a GPU."""
        return self.device == "cuda" or (
            self.device == "auto" and torch.cuda.is_available()
        )

    def seeds_of(self, usual):
        """Random states of a part: as many as asked for, else the usual number."""
        return range(self.seeds or self.few(usual, 2))


def rows_of(part, options):
    """Rows of a part; those of a trial go into a file that is never kept."""
    rows = Rows(f"selective_sharing_{part}")
    folder = Path(options.results) if options.results else rows.path.parent
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / rows.path.name
    if options.quick:
        path, rows.rows = path.with_suffix(".partial"), []
    rows.path = path
    return rows


def groups_of(est):
    """Groups and what they were made of, for a row."""
    small = len(est.task_groups_) <= MOST_TASKS
    return {
        "groups": est.task_groups_.tolist(),
        "n_branches": est.n_branches_,
        "parameters": est.n_parameters_,
        "similarity": np.round(est.task_similarity_, 3).tolist() if small else None,
        "linkage": np.round(est.task_linkage_, 4).tolist() if small else None,
        "lock_epoch": est.lock_epoch_,
        "merges": est.merge_history_ if small else None,
        "epoch_seconds": np.round(est.history_["seconds"], 4).tolist(),
    }


def agreement(rows):
    """Mean adjusted Rand index of the groups of two seeds; NaN for a single seed."""
    pairs = [adjusted_rand(a["groups"], b["groups"]) for a, b in combinations(rows, 2)]
    return float(np.mean(pairs)) if pairs else float("nan")


def epoch_after(row):
    """Median seconds of a network's epoch, once the branches are merged."""
    later = row["epoch_seconds"][row["lock_epoch"] :] or row["epoch_seconds"][1:]
    return float(np.median(later)) / row["stack"]


def mean_and_seeds(rows, name, scale=100, digits=2):
    """Mean of a figure, and that of each seed."""
    values = [scale * row[name] for row in rows]
    own = " ".join(f"{value:.{digits}f}" for value in values)
    return f"{np.mean(values):.{digits}f} ({own})"


def compare(title, found, name, scale=100, digits=2):
    """Tell how much better "similarity" is than each of the others, seed by seed."""
    for other in found:
        pairs = list(zip(found.get("similarity", []), found[other], strict=False))
        if other == "similarity" or not pairs:
            continue
        gains = [scale * (ours[name] - theirs[name]) for ours, theirs in pairs]
        same = sum(ours["groups"] == theirs["groups"] for ours, theirs in pairs)
        note = f"; the same groups in {same} of {len(pairs)}" if same else ""
        own = " ".join(f"{gain:+.{digits}f}" for gain in gains)
        print(f"{title}, beside {other}: {np.mean(gains):+.{digits}f} ({own}){note}")
