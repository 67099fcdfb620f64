"""Types of numbers, compilation, pictures, and devices."""

import multiprocessing
import warnings

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from skmtl.engine import network_dtype, resolve_device, seeded, train
from skmtl.exceptions import CollapseWarning, InputError, TaskGroupWarning
from tests.contracts._problems import BOTTLENECK, SHARING

CPU = torch.device("cpu")

both = pytest.mark.parametrize("problem", [SHARING, BOTTLENECK], ids=str)


def fit(estimator, X, y):
    with warnings.catch_warnings():
        # coarse features leave little to learn
        warnings.simplefilter("ignore", TaskGroupWarning)
        warnings.simplefilter("ignore", CollapseWarning)
        return estimator.fit(X, y)


@both
@pytest.mark.parametrize(
    ("given", "used"),
    [("f8", "f8"), ("f4", "f4"), ("f2", "f4"), ("i2", "f4"), ("u1", "f4"), ("?", "f4")],
)
def test_networks_train_in_the_type_of_the_features(problem, given, used):
    X, y = problem.data()
    X = (4 * np.abs(X)).astype(given)
    estimator = fit(problem.make(), X, y)
    weight = estimator.net_.module_.heads.weight
    assert weight.numpy(force=True).dtype == used
    assert estimator.transform(X).dtype == used
    expected = fit(problem.make(), X.astype(used), y).predict_proba(X.astype(used))
    for own, other in zip(estimator.predict_proba(X), expected, strict=True):
        assert_allclose(own, other)


@both
def test_representations_have_the_type_of_double_features(problem):
    X, y = problem.data()
    estimator = fit(problem.make(), X.astype("f4"), y)
    assert estimator.transform(X).dtype == "f8"
    assert_allclose(estimator.transform(X), estimator.transform(X.astype("f4")))


@both
def test_half_precision_learns_what_full_precision_learns(problem):
    X, y = problem.data(200)
    make = {"max_epochs": 20, "beta_warmup": 1.0} if problem is BOTTLENECK else {}
    half = fit(problem.make(precision="bf16", **make), X, y)
    full = fit(problem.make(**make), X.astype("f4"), y)
    weights = [own.net_.module_.heads.weight.detach() for own in (half, full)]
    assert {own.dtype for own in weights} == {torch.float32}
    assert not torch.equal(*weights)
    for own, other in zip(half.predict_proba(X), full.predict_proba(X), strict=True):
        assert np.abs(own - other).mean() < 0.05


@pytest.mark.slow
@both
def test_compiled_encoder_gives_the_same(problem):
    pytest.importorskip("torch._inductor")
    X, y = problem.data()
    with warnings.catch_warnings():
        # torch's compiler warns about itself.
        warnings.simplefilter("ignore")
        compiled = problem.make(compile=True).fit(X, y)
        found = compiled.predict_proba(X)
    expected = fit(problem.make(), X, y).predict_proba(X)
    for own, other in zip(found, expected, strict=True):
        assert_allclose(own, other, rtol=1e-6)


@both
@pytest.mark.parametrize("shape", [(8, 9), (1, 8, 9), (3, 8, 8)])
def test_pictures(problem, shape):
    _, y = problem.data()
    X = np.random.RandomState(0).uniform(size=(len(y), *shape))
    X[y[:, 0] == 1, ..., :4] += 1
    estimator = fit(problem.make(encoder="conv", max_epochs=15), X, y)
    assert (estimator.predict(X)[:, 0] == y[:, 0]).mean() > 0.9
    width = estimator.net_.module_.encoder.out_features
    assert estimator.transform(X).shape == (len(y), width)


def test_pictures_with_and_without_a_channel_axis_are_one():
    _, y = SHARING.data()
    X = np.random.RandomState(0).uniform(size=(len(y), 8, 8))
    found, expected = (
        fit(SHARING.make(encoder="conv"), own, y).transform(own)
        for own in (X, X[:, None])
    )
    assert_allclose(found, expected)


@pytest.mark.parametrize("shared_rows", [False, True])
@pytest.mark.parametrize("shape", [(8, 8), (2, 8, 8)])
def test_stack_of_convolutions(shared_rows, shape):
    _, y = SHARING.data()
    X = np.random.RandomState(0).uniform(size=(len(y), *shape))
    plans = [SHARING.plan(X, y, seed=seed, encoder="conv") for seed in range(3)]
    if shared_rows:
        for plan in plans:
            plan.train, plan.shuffle_seed = plans[0].train, plans[0].shuffle_seed
    alone = [SHARING.plan(X, y, seed=seed, encoder="conv") for seed in range(3)]
    for plan, joint in zip(alone, plans, strict=True):
        plan.shuffle_seed = joint.shuffle_seed
    for found, plan in zip(train(plans), alone, strict=True):
        [expected] = train([plan])
        torch.testing.assert_close(
            found.net.module_.state_dict(),
            expected.net.module_.state_dict(),
            rtol=1e-8,
            atol=1e-10,
        )


# ---- devices


def test_device_by_name():
    assert resolve_device("cpu") == CPU
    assert resolve_device(CPU) is not None
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert resolve_device("auto").type == expected


def in_worker(queue):
    queue.put(str(resolve_device("auto")))


def test_worker_processes_stay_on_the_cpu():
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    with warnings.catch_warnings():
        # Forking beside torch's threads is safe for a process that runs no kernel.
        warnings.simplefilter("ignore", DeprecationWarning)
        worker = context.Process(target=in_worker, args=(queue,))
        worker.start()
    assert queue.get(timeout=30) == "cpu"
    worker.join()


@pytest.mark.parametrize("device", ["gpu", "cuda:x", 1.5])
def test_unknown_device_is_refused(device):
    with pytest.raises(InputError, match=r"`device` must be 'auto' or a torch device"):
        resolve_device(device)


def test_absent_device_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match=r"needs CUDA.* Use device='auto'"):
        resolve_device("cuda:0")
    assert resolve_device("auto") == CPU


@pytest.mark.parametrize(
    ("x", "device", "dtype"),
    [
        ("f8", "cpu", torch.float64),
        ("f8", "cuda", torch.float32),
        ("f4", "cpu", torch.float32),
        ("u1", "cpu", torch.float32),
    ],
)
def test_type_of_the_parameters(x, device, dtype):
    assert network_dtype(np.dtype(x), torch.device(device)) == dtype


def test_seed_lasts_for_a_while():
    before = torch.get_rng_state()
    with seeded(5, CPU):
        first = torch.rand(3)
    with seeded(5, CPU):
        second = torch.rand(3)
    assert torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.gpu
@both
def test_accelerator_agrees_with_cpu(problem):
    X, y = problem.data(200)
    X = X.astype("f4")
    torch.cuda.manual_seed(4321)
    before = torch.cuda.get_rng_state()
    found = fit(problem.make(device="cuda"), X, y).predict_proba(X)
    assert torch.equal(torch.cuda.get_rng_state(), before)
    if problem is SHARING:
        expected = fit(problem.make(device="cpu"), X, y).predict_proba(X)
        for own, other in zip(found, expected, strict=True):
            assert_allclose(own, other, atol=1e-2)
