"""What the contract is tested on: one line per method in ``PROBLEMS``."""

from dataclasses import dataclass, field, replace

import numpy as np
import torch

from skmtl import (
    HardSharingClassifier,
    HardSharingMixed,
    HardSharingRanker,
    HardSharingRegressor,
    HierarchicalIBClassifier,
    HierarchicalIBMixed,
    HierarchicalIBRegressor,
    MTVIBClassifier,
    MTVIBMixed,
    SelectiveSharingClassifier,
    SelectiveSharingMixed,
    SelectiveSharingRanker,
)
from skmtl._base._prepare import prepare
from tests.contracts._plain_bottleneck import PlainBottleneck, PlainMTVIB
from tests.contracts._plain_selective import PlainSelective
from tests.contracts._reference import PlainHardSharing
from tests.contracts._sparse_problems import SPARSE

SETTINGS = {
    "hidden_layer_sizes": (7,),
    "max_epochs": 4,
    "batch_size": 16,
    "lr": 0.01,
    "weight_decay": 0.1,
    "random_state": 0,
    "device": "cpu",
}
MIXED = ["regression", "classification", "classification"]
MIXED_RANKED = [*MIXED, "ranking"]
RANKED = ["ranking", "classification", "regression"]
CHANNELS = {
    "beta": ([0.01, 0.02, 0.03, 0.04], 0.05, 0.0, 0.01, 0.2),
    "gamma": (0.7, 0.0, 1.0, 3.0, 0.1),
}
PRICE = {"beta": (0.01, 0.05, 0.0, 0.1, 0.2)}
PRICES = {**PRICE, "gamma": CHANNELS["gamma"]}
PER_TASK = {"beta", "sharing", "task_types", "task_weight"}
# Branches merge inside the first epoch, in groups that are given or found.
BRANCHES = {"branch_layer_sizes": (6, 5), "window": 2}
FOUND = {**BRANCHES, "min_reliability": None, "min_similarity": 0.01}


@dataclass(frozen=True)
class Problem:
    """A method, tasks that suit it, and what it declares about itself.

    ``tasks`` holds the number of classes per task, 1 for a real target. Of each
    parameter in ``stackable`` the members of a stack may have values of their own.
    ``plain`` is the method by hand. Only where the method ``weighs_tasks`` are weights
    of the tasks given, and one that is ``always_noisy`` has noise that no parameter
    takes away. One that ``finds_groups`` while it trains changes with the evidence.
    What trains like another problem of the table ``is_relative``.
    """

    estimator: type
    tasks: tuple = (2, 4, 3, 2)
    parameters: dict = field(default_factory=dict)
    stackable: dict = field(default_factory=dict)
    plain: type = PlainHardSharing
    weighs_tasks: bool = True
    always_noisy: bool = False
    finds_groups: bool = False
    is_relative: bool = False

    def __str__(self):
        own = [v for v in self.parameters.values() if isinstance(v, str)]
        ranked = "ranking" in self.parameters.get("task_types", ())
        own += ["ranking"] * ranked + ["norm"] * ("batch_norm" in self.parameters)
        return "-".join([self.estimator.__name__, *own])

    def make(self, **overrides):
        """Build the estimator; stackable parameters take their first value."""
        if not self.weighs_tasks:
            overrides.pop("task_weight", None)
        first = {name: values[0] for name, values in self.stackable.items()}
        return self.estimator(**{**SETTINGS, **first, **self.parameters, **overrides})

    def select(self, order):
        """Keep some of the tasks, in some order."""

        def own(name, value):
            if name in PER_TASK and np.ndim(value) == 1:
                return [value[task] for task in order]
            return value

        return replace(
            self,
            tasks=tuple(self.tasks[task] for task in order),
            parameters={name: own(name, v) for name, v in self.parameters.items()},
            stackable={
                name: tuple(own(name, value) for value in values)
                for name, values in self.stackable.items()
            },
        )

    def data(self, n_rows=48, missing=0.0, one_task_per_row=False, seed=0):
        """Draw features and targets that depend on them."""
        random = np.random.RandomState(seed)
        X = random.normal(size=(n_rows, 5))
        columns = []
        for n_classes in self.tasks:
            score = X @ random.normal(size=5) + 0.3 * random.normal(size=n_rows)
            if n_classes == 1:
                columns.append(3 * score + 1)
            else:
                edges = np.quantile(score, np.arange(1, n_classes) / n_classes)
                columns.append(np.digitize(score, edges).astype(float))
        y = np.column_stack(columns)
        if one_task_per_row:
            own = np.arange(n_rows) % y.shape[1]
            y[own[:, None] != np.arange(y.shape[1])] = np.nan
        y[random.uniform(size=y.shape) < missing] = np.nan
        return X, y

    def plan(self, X, y, sample_weight=None, seed=0, **overrides):
        """Prepare a fit for the engine."""
        estimator = self.make(**overrides)
        random = np.random.RandomState(seed)
        return prepare(estimator, X, y, sample_weight, random_state=random).plans[0]

    def simple_plan(self, seed=0, **overrides):
        """Prepare a fit to complete data."""
        return self.plan(*self.data(), seed=seed, **overrides)


SHARING = Problem(HardSharingClassifier)
BOTTLENECK = Problem(
    HierarchicalIBClassifier, stackable=CHANNELS, plain=PlainBottleneck
)
PROBLEMS = [
    SHARING,
    Problem(HardSharingRegressor, (1, 1, 1)),
    Problem(HardSharingMixed, (1, 3, 2), {"latent_dim": 4, "task_types": MIXED}),
    Problem(HardSharingRanker, (1, 1, 1)),
    Problem(HardSharingMixed, (1, 3, 1), {"task_types": RANKED}),
    BOTTLENECK,
    Problem(
        HierarchicalIBClassifier,
        parameters={"marginal": "learned"},
        stackable=CHANNELS,
        plain=PlainBottleneck,
    ),
    Problem(HierarchicalIBRegressor, (1, 1, 1), {}, PRICES, PlainBottleneck),
    Problem(
        HierarchicalIBRegressor,
        (1, 1, 1),
        {"noise": "shared", "residual": "full"},
        PRICES,
        PlainBottleneck,
        weighs_tasks=False,
        is_relative=True,
    ),
    Problem(
        HierarchicalIBMixed,
        (1, 3, 2, 1),
        {"noise": "fixed", "residual": "diagonal", "task_types": MIXED_RANKED},
        PRICES,
        PlainBottleneck,
        is_relative=True,
    ),
    Problem(
        SelectiveSharingClassifier,
        parameters={**BRANCHES, "sharing": [0, 1, 0, 0]},
        plain=PlainSelective,
    ),
    Problem(
        SelectiveSharingMixed,
        (1, 3, 2),
        {**BRANCHES, "merge": "mean", "task_types": MIXED, "sharing": [0, 1, 1]},
        plain=PlainSelective,
        is_relative=True,
    ),
    Problem(
        SelectiveSharingClassifier,
        parameters={**FOUND, "sharing": "similarity"},
        plain=PlainSelective,
        finds_groups=True,
    ),
    Problem(
        SelectiveSharingRanker,
        (1, 1, 1),
        {**FOUND, "representation": "mean", "recluster": True},
        plain=PlainSelective,
        finds_groups=True,
        is_relative=True,
    ),
    Problem(MTVIBClassifier, stackable=PRICE, plain=PlainMTVIB, always_noisy=True),
    Problem(
        MTVIBMixed,
        (1, 3, 2, 1),
        {"task_types": MIXED_RANKED},
        PRICE,
        PlainMTVIB,
        always_noisy=True,
        is_relative=True,
    ),
    *(Problem(**own) for own in SPARSE),
]


@dataclass(frozen=True)
class Scenario:
    """How data and training of a stack's members look."""

    data: dict = field(default_factory=dict)
    weights: int = 0
    overrides: dict = field(default_factory=dict)
    n_rows: tuple = (48,)
    n_members: int = 3


EARLY = {
    "early_stopping": True,
    "n_iter_no_change": 1,
    "max_epochs": 10,
    "tol": 0.05,
}

SCENARIOS = {
    "complete": Scenario(overrides={"max_epochs": 10}, n_members=5),
    "last batch short": Scenario(n_rows=(42,)),
    "one batch": Scenario(overrides={"batch_size": 48, "max_epochs": 10}),
    "missing labels": Scenario({"missing": 0.3}),
    "row weights": Scenario(weights=1),
    "label weights": Scenario({"missing": 0.3}, weights=2),
    "one task per row": Scenario({"one_task_per_row": True}),
    "one task per row, weighted": Scenario({"one_task_per_row": True}, weights=1),
    "dropout": Scenario(overrides={"dropout": 0.2}),
    "momentum": Scenario(overrides={"optimizer": "sgd"}),
    "task weights": Scenario({"missing": 0.3}, overrides={"task_weight": True}),
    "early stopping": Scenario(overrides=EARLY),
    "unequal rows": Scenario({"missing": 0.3}, n_rows=(47, 44, 45)),
    "unequal rows, dropout": Scenario(overrides={"dropout": 0.2}, n_rows=(42, 47)),
    "unequal rows, one batch": Scenario(overrides={"batch_size": 48}, n_rows=(42, 47)),
    "unequal rows, weighted": Scenario(weights=2, n_rows=(42, 47)),
    "unequal rows, one task per row": Scenario(
        {"one_task_per_row": True}, n_rows=(42, 47)
    ),
    "unequal rows, early stopping": Scenario(overrides=EARLY, n_rows=(46, 48)),
}


def stack_plans(problem, scenario, sharing):
    """Plans that differ in seeds, decay, and what the method declares stackable.

    They see rows of their own, or all the same rows (``sharing="all"``), or come in
    two groups that share rows ("groups"), half of which also share their noise.
    """
    total = 64
    X, y = problem.data(total, **scenario.data)
    random = np.random.RandomState(1)
    weight = None
    if scenario.weights:
        shape = (total, y.shape[1])[: scenario.weights]
        weight = random.uniform(0.5, 2, size=shape)
    overrides = dict(scenario.overrides)
    if overrides.get("task_weight"):
        overrides["task_weight"] = np.arange(1, y.shape[1] + 1)
    plans = []
    for member in range(4 if sharing == "groups" else scenario.n_members):
        own = {name: values[member] for name, values in problem.stackable.items()}
        plan = problem.plan(
            X, y, weight, seed=member, weight_decay=0.1 * member, **overrides, **own
        )
        n_rows = scenario.n_rows[member % len(scenario.n_rows)]
        plans.append(_with_rows(plan, random.permutation(total), n_rows))
    if sharing == "none":
        return plans
    n_groups = 2 if sharing == "groups" else 1
    return [
        _like(plan, plans[member % n_groups], equal_noise=scenario.weights == 0)
        for member, plan in enumerate(plans)
    ]


def _like(plan, first, equal_noise):
    """Let a plan see the rows of another, in the same order."""
    noise = {"noise_seed": first.noise_seed} if equal_noise else {}
    rows = {name: getattr(first, name) for name in ("train", "valid", "shuffle_seed")}
    return replace(plan, **rows, **noise)


def _with_rows(plan, order, n_rows):
    order = torch.as_tensor(order)
    train = plan.train.subset(order[:n_rows])
    valid = None
    if plan.valid is not None:
        valid = plan.valid.subset(order[n_rows:])
    return replace(plan, train=train, valid=valid)
