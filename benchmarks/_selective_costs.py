"""Planted tasks, and what branches and the search for groups cost on them."""

import time
import warnings
from contextlib import contextmanager
from unittest import mock

import numpy as np
import torch

import skmtl
from skmtl.datasets import make_multitask_classification, make_multitask_regression

N_TRAIN, N_TEST = 3000, 5000


def planted(seed, n_tasks=12, n_groups=4, kind="classes", **options):
    """Training rows, clean test rows, groups."""
    common = {"n_tasks": n_tasks, "n_groups": n_groups, "random_state": seed, **options}
    if kind == "classes":
        data = make_multitask_classification(
            N_TRAIN + N_TEST, label_flip=0.25, **common
        )
        clean = data.clean_target
    else:
        data = make_multitask_regression(N_TRAIN + N_TEST, noise=1.0, **common)
        clean = data.target
    X = data.data.astype(np.float32)
    return (
        (X[:N_TRAIN], data.target[:N_TRAIN]),
        (X[N_TRAIN:], clean[N_TRAIN:]),
        data.groups,
    )


def quietly(call):
    """Whatever tasks are said to stand alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()


def processor_seconds(train, repeats=3, **parameters):
    """Least processor time of a fit; other processes disturb it less than the clock."""
    found = []
    for _ in range(repeats):
        est = skmtl.SelectiveSharingClassifier(random_state=0, **parameters)
        start = time.process_time()
        quietly(lambda own=est: own.fit(*train))
        found.append(time.process_time() - start)
    return min(found), est


def epoch_times(seed):
    """Seconds of an epoch with a branch for each task, and with those that are left."""
    torch.set_num_threads(1)
    train, _, groups = planted(seed, 50, 10)
    found = {}
    for name, sharing in (("before", np.arange(50)), ("after", groups)):
        common = {"sharing": sharing, "window": 1}
        short, _ = processor_seconds(train, 6, max_epochs=3, **common)
        long, est = processor_seconds(train, 6, max_epochs=9, **common)
        found[name] = (long - short) / 6
        found[f"parameters {name}"] = est.n_parameters_
    return {**found, "ratio": found["after"] / found["before"]}


@contextmanager
def search_time():
    """Processor seconds of the search for groups meanwhile, as a list of one."""
    network = skmtl.selective._network
    spent = [0.0]

    def timed(function):
        def run(*args):
            start = time.process_time()
            found = function(*args)
            spent[0] += time.process_time() - start
            return found

        return run

    with (
        mock.patch.object(network, "find_groups", timed(network.find_groups)),
        mock.patch.object(
            network.Window, "add_gradient", timed(network.Window.add_gradient)
        ),
    ):
        yield spent


def cost_of(representation):
    """Processor time of the search and of an epoch of ten tasks before the merge."""
    torch.set_num_threads(1)
    train, _, _ = planted(0, 10, 5)
    with search_time() as spent:
        processor_seconds(train, 1, representation=representation, max_epochs=4)
    short, long = (
        processor_seconds(train, sharing=np.arange(10), max_epochs=epochs)[0]
        for epochs in (4, 12)
    )
    return {"search_ms": 1e3 * spent[0], "epoch_ms": 125 * (long - short)}
