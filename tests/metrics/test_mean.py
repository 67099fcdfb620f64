"""One number for all tasks."""

import warnings

import numpy as np
import pytest

from skmtl.exceptions import TargetError, UnlabelledTaskWarning
from skmtl.metrics import mean_score

NAN = np.nan


def test_mean_over_tasks_with_scores():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert mean_score([0.25, 0.75]) == 0.5
    with pytest.warns(UnlabelledTaskWarning, match="1 of 3 tasks .*: length"):
        assert mean_score([0.25, NAN, 0.75], ["mass", "length", "age"]) == 0.5
    with pytest.warns(UnlabelledTaskWarning, match="task_0, task_2"):
        assert mean_score([NAN, 1.0, NAN]) == 1.0
    with pytest.raises(TargetError, match=r"none among 2 tasks \(a, b\)"):
        mean_score([NAN, NAN], ["a", "b"])


def test_weights_of_tasks():
    assert mean_score([0.0, 1.0], task_weight=[1, 3]) == 0.75
    with pytest.warns(UnlabelledTaskWarning, match="task_1"):
        assert mean_score([0.5, NAN], task_weight=[1, 3]) == 0.5
    with pytest.raises(TargetError, match="none among 2 tasks"):
        mean_score([0.5, NAN], task_weight=[0, 3])
