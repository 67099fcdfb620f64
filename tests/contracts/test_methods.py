"""The contract, for every method in ``tests.contracts._problems``."""

import copy
import pickle
from dataclasses import replace

import pytest

from tests.contracts import _asserts as asserts
from tests.contracts import _stack_asserts as stack_asserts
from tests.contracts._problems import PROBLEMS, SCENARIOS

every_method = pytest.mark.parametrize("problem", PROBLEMS, ids=str)


@every_method
@pytest.mark.parametrize("sharing", ["none", "groups", "all"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_stack_equals_separate_fits(problem, scenario, sharing):
    stack_asserts.assert_stack_equals_separate_fits(
        problem, SCENARIOS[scenario], sharing
    )


@every_method
def test_stacked_outputs_equal_those_of_members(problem):
    stack_asserts.assert_stacked_outputs_equal_those_of_members(problem)


@every_method
def test_unstacking_undoes_stacking(problem):
    stack_asserts.assert_unstacking_undoes_stacking(problem)


@every_method
def test_missing_label_is_local(problem):
    asserts.assert_missing_label_is_local(problem)


@every_method
def test_value_behind_missing_label_is_ignored(problem):
    asserts.assert_value_behind_missing_label_is_ignored(problem)


@every_method
def test_unlabelled_task_gets_no_gradient(problem):
    asserts.assert_unlabelled_task_gets_no_gradient(problem)


@every_method
def test_one_task_per_row_equals_general_layout(problem):
    asserts.assert_one_task_per_row_equals_general_layout(problem)


@every_method
def test_permuted_tasks_permute_everything(problem):
    asserts.assert_permuted_tasks_permute_everything(problem)


@every_method
def test_single_task_equals_plain_torch(problem):
    asserts.assert_equals_plain_torch(problem.select([1]))


@every_method
@pytest.mark.parametrize("data", [{}, {"missing": 0.3}], ids=["complete", "missing"])
def test_many_tasks_equal_plain_torch(problem, data):
    asserts.assert_equals_plain_torch(problem, **data)


@every_method
def test_every_parameter_learns(problem):
    asserts.assert_every_parameter_learns(problem)


@every_method
def test_padding_stays_zero(problem):
    asserts.assert_padding_stays_zero(problem)


@every_method
def test_seed_decides_weights(problem):
    asserts.assert_seed_decides_weights(problem)


@every_method
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_weights_are_repetitions(problem, missing):
    if problem.always_noisy:
        pytest.skip("noise is drawn for each row: a repeated row gets two draws")
    if problem.finds_groups:
        pytest.skip("a repeated row agrees with itself, which looks like a signal")
    if problem.make().get_params().get("noise") is not None:
        problem = replace(problem, parameters={**problem.parameters, "noise": None})
    asserts.assert_weights_are_repetitions(problem, missing)


@every_method
def test_surroundings_are_untouched(problem):
    asserts.assert_surroundings_are_untouched(problem)


@every_method
@pytest.mark.parametrize(
    "duplicate",
    [copy.deepcopy, lambda estimator: pickle.loads(pickle.dumps(estimator))],
    ids=["deepcopy", "pickle"],
)
def test_copies_go_on_equally(problem, duplicate):
    asserts.assert_copies_go_on_equally(problem, duplicate)
