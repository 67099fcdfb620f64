"""
Missing labels, classes and numbers side by side
================================================

Samples of breast tissue: a diagnosis is a class, measurements are numbers, and not
every sample was examined for everything. One model learns from whatever is there, in
a pipeline, with its parameters chosen by a grid search.
"""

# %%
# The data
# --------
#
# From scikit-learn's breast cancer data we take as features the *mean* of ten
# properties of the cell nuclei in a sample. The tasks are the diagnosis and the
# *worst* nucleus in two of the properties.

import numpy as np
import pandas as pd
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV, KFold, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skmtl import HardSharingMixed

# so small a network is fastest on one thread
torch.set_num_threads(1)

source = load_breast_cancer(as_frame=True)
X = source.data.filter(like="mean ")
y = pd.DataFrame(
    {
        "diagnosis": source.target_names[source.target],
        "worst area": source.data["worst area"],
        "worst smoothness": source.data["worst smoothness"],
    }
)
X.head(3)

# %%
# In real life, tables of targets have holes. Here each label of the training rows goes
# missing with probability 0.4; a row keeps some labels and loses others.

X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
y_train = y_train.mask(np.random.default_rng(0).random(y_train.shape) < 0.4)
y_train.head(6)

# %%
# A missing label needs no care: leave it NaN. There is nothing to drop or to fill in,
# and a row without one label still serves the other tasks.

y_train.isna().mean()

# %%
# A pipeline
# ----------
#
# skmtl never scales the features, so a scaler comes first. The types of the tasks are
# read from the columns of ``y``; they can be named as well, with ``task_types=``.

pipeline = Pipeline(
    [
        ("scale", StandardScaler()),
        ("learn", HardSharingMixed(max_epochs=50, random_state=0)),
    ]
)
pipeline.fit(X_train, y_train)
pd.DataFrame(pipeline["learn"].task_table_)

# %%
# Predictions come back as a DataFrame, each column of the type that went in.

pipeline.predict(X_test).head(3)

# %%
# Choosing parameters
# -------------------
#
# ``cv`` must be a splitter such as ``KFold(5)`` rather than a number: given a number,
# scikit-learn inspects ``y`` by itself and stops at missing labels and mixed types.

search = GridSearchCV(
    pipeline,
    {"learn__weight_decay": [0.1, 1.0]},
    cv=KFold(5, shuffle=True, random_state=0),
)
search.fit(X_train, y_train)
pd.DataFrame(search.cv_results_)[
    ["param_learn__weight_decay", "mean_test_score", "std_test_score"]
].round(3)

# %%
# The score of a mixed estimator is the mean over its tasks: accuracy for classes, R2
# for numbers, each over the labels that are there. ``score_tasks`` has one per task.

best = search.best_estimator_
scores = best["learn"].score_tasks(best["scale"].transform(X_test), y_test)
pd.Series(scores, index=y.columns).round(3)
