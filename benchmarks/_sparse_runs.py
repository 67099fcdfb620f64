"""Stacks of fits over worker processes, for the parts of ``fisher_sparse.py``."""

import json
import time
import warnings
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from _rows import Rows
from _sparse_judge import judge, judge_apart
from _sparse_methods import estimator, methods, recipes
from _sparse_sets import SETS, available, rows_of, table
from threadpoolctl import threadpool_limits

from skmtl.model_selection import fit_stack

QUICK_STEPS = 30


@dataclass
class Options:
    """What the command line asks for."""

    device: str = "cpu"
    quick: bool = False
    show: bool = False
    only: tuple[str, ...] = ()
    jobs: int = 1
    members: int = 6
    seeds: int = 3
    deadline: float = float("inf")
    results: str = ""

    def few(self, full, quick):
        """A number that `quick` makes small."""
        return quick if self.quick else full

    def wants(self, *names):
        """Whether any of the names, or no name at all, was asked for."""
        return not self.only or any(name in self.only for name in names)

    @property
    def is_over(self):
        """Whether nothing more is to be started."""
        return time.time() > self.deadline

    def sets(self):
        """Names of the sets that were asked for and are there."""
        asked = [name for name in SETS if self.wants(name)] or list(SETS)
        found = [name for name in asked if available(name)]
        for name in sorted(set(asked) - set(found)):
            print(f"{name}: its file is not in the folder of the data; left out")
        return found

    def choose(self, names):
        """Those of the names that were asked for; all where none was."""
        return [name for name in names if self.wants(name)] or list(names)


def rows_file(part, options):
    """Rows of a part; those of a trial go into a file that is never kept."""
    name = f"fisher_sparse_{part}{'_trial' if options.quick else ''}"
    rows = Rows(name)
    if options.results:
        folder = Path(options.results)
        folder.mkdir(parents=True, exist_ok=True)
        rows.path = folder / rows.path.name
        if rows.path.exists():
            rows.rows += [json.loads(line) for line in rows.path.open()]
    if options.quick:
        rows.path, rows.rows = rows.path.with_suffix(".partial"), []
    return rows


def find(rows, key):
    """The stored row with this key, or None."""
    for row in rows.rows:
        if all(row.get(name) == value for name, value in key.items()):
            return row
    return None


class Work(NamedTuple):
    """Fits that train as one stack in one process."""

    entry: Any
    keys: list[dict[str, Any]]
    options: Options


def run(rows, keys, options, entries=None):
    """Fit what has no row yet, in stacks, and store a row for each key.

    Parameters
    ----------
    rows : Rows
    keys : list of dict
        ``set``, ``part``, ``method``, ``ratio``, ``seed``, ``decay``, ``steps``.
    options : Options
    entries : dict, optional
        Class and parameters by method.
    """
    if options.show:
        return
    entries = entries or {**recipes(), **methods()}
    if options.quick:
        keys = [{**key, "steps": QUICK_STEPS} for key in keys]
    stacks = defaultdict(list)
    for key in keys:
        stack = stacks[key["set"], key["part"], key["method"], key["steps"]]
        if find(rows, key) is None and key not in stack:
            stack.append(key)
    own = replace(options, only=(), results="")
    works = [
        Work(entries[name[2]], keys[start : start + options.members], own)
        for name, keys in stacks.items()
        for start in range(0, len(keys), options.members)
    ]
    works.sort(key=lambda work: -sum(key["steps"] for key in work.keys))
    each(fit, works, rows, options)


def each(function, works, rows, options):
    """Call a function for each piece of work and store the rows that it returns.

    In ``options.jobs`` processes of one thread; nothing is begun after the deadline.
    """
    start, done = time.time(), 0
    for found in _results(function, works, options):
        for key, values in found:
            rows.get(lambda own=values: own, **key)
        done += 1
        key = found[0][0]
        told = ", ".join(str(value) for value in key.values())
        print(f"{done}/{len(works)} {time.time() - start:.0f} s: {told}", flush=True)
    if done < len(works):
        print(f"{len(works) - done} stacks of fits are left for another call")


def _results(function, works, options):
    if options.jobs == 1:
        for work in works:
            if options.is_over:
                return
            yield function(work)
        return
    context, failures = get_context("spawn"), []
    with ProcessPoolExecutor(options.jobs, context, initializer=one_thread) as pool:
        waiting = [pool.submit(function, work) for work in works]
        for future in as_completed(waiting):
            if future.cancelled():
                continue
            failure = future.exception()
            if failure is None:
                yield future.result()
            else:
                failures.append(failure)
                print(f"a stack of fits failed: {failure!r}", flush=True)
            if options.is_over:
                for other in waiting:
                    other.cancel()
    if failures:
        raise failures[0]


def one_thread():
    """Let this process use one thread for everything."""
    torch.set_num_threads(1)
    threadpool_limits(1)


def fit(work):
    """Fit a stack and judge its members; pairs of key and row."""
    first = work.keys[0]
    whole, options = table(first["set"]), work.options
    alone = first["method"] == "single task"
    members, y_of, rows, places = [], [], [], []
    for place, key in enumerate(work.keys):
        fitted, _ = rows_of(key["set"], key["part"], key["seed"], options.quick)
        for column in whole.y.T if alone else [None]:
            y = whole.y if column is None else column
            labelled = fitted if column is None else _labelled(column, fitted)
            members.append(estimator(work.entry, key, len(labelled), options.device))
            y_of.append(y)
            rows.append(labelled)
            places.append(place)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit_stack(members, whole.X, y_of, rows=rows)
    seconds = (time.perf_counter() - start) / len(work.keys)
    found = []
    for place, key in enumerate(work.keys):
        mine = [own for own, at in zip(members, places, strict=True) if at == place]
        _, held = rows_of(key["set"], key["part"], key["seed"], options.quick)
        metric = SETS[key["set"]].metric
        score = judge_apart if alone else judge
        values = score(mine if alone else mine[0], whole.X[held], whole.y[held], metric)
        values |= {"seconds": round(seconds, 3), "device": options.device}
        found.append((key, values))
    return found


def _labelled(column, rows):
    return rows[~np.isnan(column[rows])]
