"""Every method on an accelerator: it gives what the CPU gives, and goes on from it."""

import pickle
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

import skmtl
from skmtl.model_selection import fit_stack
from tests.contracts._problems import PROBLEMS

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.filterwarnings("ignore::skmtl.exceptions.TaskGroupWarning"),
    pytest.mark.filterwarnings("ignore::skmtl.exceptions.CollapseWarning"),
]
every_method = pytest.mark.parametrize("problem", PROBLEMS, ids=str)
exporting = pytest.mark.parametrize(
    "problem",
    [own for own in PROBLEMS if hasattr(own.estimator, "export_task")],
    ids=str,
)


def single(problem, n_rows=200):
    """Data in single precision, the only one in which networks train there."""
    X, y = problem.data(n_rows, missing=0.1)
    return X.astype("f4"), y


def quiet(problem):
    """The same method without noise, whose draws differ between devices."""
    if problem.make().get_params().get("noise") is None:
        return problem
    return replace(problem, parameters={**problem.parameters, "noise": None})


def outputs(estimator, X):
    """What the network gives for each task, on the CPU; of rankings the differences."""
    network = estimator.net_.module_.eval()
    with torch.no_grad():
        own = torch.as_tensor(X, device=next(network.parameters()).device)
        values = network(own).numpy(force=True)
    for task, kind in enumerate(estimator.task_types_):
        if kind == "ranking":  # no loss sees the level, so rounding decides on it
            values[task] -= values[task].mean(0)
    return values


def assert_close_outputs(found, expected, tolerance=1e-2):
    """Far less than the spread of the outputs, on average."""
    assert np.abs(found - expected).mean() < tolerance * expected.std()


@every_method
def test_accelerator_agrees_with_cpu(problem):
    X, y = single(problem)
    torch.cuda.manual_seed(4321)
    before = torch.cuda.get_rng_state()
    found = quiet(problem).make(device="cuda").fit(X, y)
    assert torch.equal(torch.cuda.get_rng_state(), before)
    assert {own.device.type for own in found.net_.module_.parameters()} == {"cuda"}
    assert np.isfinite(np.asarray(found.predict(X), dtype=float)).all()
    if problem.always_noisy:
        return
    expected = quiet(problem).make(device="cpu").fit(X, y)
    assert_close_outputs(outputs(found, X), outputs(expected, X))
    assert_allclose(found.score(X, y), expected.score(X, y), atol=0.03)
    if hasattr(expected, "task_similarity_"):
        assert_allclose(found.task_similarity_, expected.task_similarity_, atol=0.1)


@every_method
def test_fits_on_the_cpu_leave_accelerators_alone(problem):
    X, y = single(problem, 48)
    torch.cuda.manual_seed(4321)
    before = torch.cuda.get_rng_state()
    problem.make(device="cpu").fit(X, y)
    assert torch.equal(torch.cuda.get_rng_state(), before)


@every_method
def test_fits_go_on_after_moving(problem, tmp_path):
    X, y = single(problem, 48)
    first = problem.make(device="cuda").fit(X, y)
    first.save(tmp_path / "own.skmtl")
    copied = pickle.loads(pickle.dumps(first))
    moved = skmtl.load(tmp_path / "own.skmtl", device="cpu")
    for other in (copied, moved):
        assert_allclose(outputs(other, X), outputs(first, X), rtol=1e-3, atol=1e-4)
        other.partial_fit(X, y)
        assert np.isfinite(outputs(other, X)).all()
    assert {own.device.type for own in moved.net_.module_.parameters()} == {"cpu"}
    first.partial_fit(X, y)
    assert_close_outputs(outputs(copied, X), outputs(first, X))


@every_method
def test_stack_equals_separate_fits(problem):
    X, y = single(problem)
    shared = {"device": "cuda", "early_stopping": False}
    own = [
        {name: values[member] for name, values in problem.stackable.items()}
        for member in range(3)
    ]
    stack = [problem.make(**shared, **own[k], random_state=k) for k in range(3)]
    fit_stack(stack, X, y)
    for member, found in enumerate(stack):
        alone = problem.make(**shared, **own[member], random_state=member).fit(X, y)
        # Adam makes steps of rounding where gradients vanish.
        assert_close_outputs(outputs(found, X), outputs(alone, X), tolerance=0.03)


@every_method
def test_streams_batches(problem):
    X, y = single(problem, 96)
    batches = [(X[start : start + 16], y[start : start + 16]) for start in (0, 32, 64)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        found = problem.make(device="cuda").fit_batches(batches)
    assert np.isfinite(outputs(found, X)).all()


@exporting
def test_exported_networks_stay_the_same(problem):
    X, y = single(problem)
    est = problem.make(device="cuda").fit(X, y)
    for task, n_classes in enumerate(problem.tasks):
        module = est.export_task(task)
        assert {own.device.type for own in module.parameters()} == {"cpu"}
        found = module(torch.as_tensor(X)).detach().numpy()
        expected = outputs(est, X)[task][:, : found.shape[-1]]
        if n_classes == 1:  # in its own units
            expected = est.predict(X)[:, [task]].astype(float)
        assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
