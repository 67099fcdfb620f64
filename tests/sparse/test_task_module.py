"""Files of one task beside files of whole estimators."""

import numpy as np
import pytest

import skmtl
from skmtl import RandomSparseMTLClassifier
from skmtl.exceptions import PersistenceError
from skmtl.sparse import load_task

QUICK = {"hidden_layer_sizes": (8,), "max_epochs": 2, "random_state": 0}
X = np.random.default_rng(0).normal(size=(60, 5))
Y = (X[:, [0, 0]] > 0).astype(int)


def test_files_of_estimators_and_of_tasks_name_each_other(tmp_path):
    est = RandomSparseMTLClassifier(**QUICK).fit(X, Y)
    est.save(tmp_path / "whole")
    est.export_task(0).save(tmp_path / "part")
    with pytest.raises(PersistenceError, match=r"part.*one task.*sparse\.load_task"):
        skmtl.load(tmp_path / "part")
    with pytest.raises(PersistenceError, match=r"whole.*estimator.*`skmtl\.load`"):
        load_task(tmp_path / "whole")
