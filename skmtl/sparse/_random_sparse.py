"""Sparse sharing with random masks, the control of all others."""

import math

import torch

from skmtl._base import (
    ClassifierShell,
    MixedShell,
    RegressorShell,
    multitask_estimator,
    parameter_table,
)

from ._floor_network import FloorNetwork
from ._layers import masked_layers
from ._method import SparseSharing
from ._options import RANDOM
from ._selection import layer_floors, n_kept_of, select_exactly

__all__ = [
    "RandomSparseMTLClassifier",
    "RandomSparseMTLMixed",
    "RandomSparseMTLRegressor",
]


class _RandomSparseMTL(SparseSharing):
    """The algorithm, for every kind of task."""

    def _build_network(self, context):
        encoder, heads = self._parts(context)
        layers = masked_layers(encoder)
        sizes = [math.prod(layer.shape) for layer in layers]
        scores = [
            torch.rand(len(context.specs), *layer.shape, generator=context.generator)
            for layer in layers
        ]
        floors = layer_floors(self.keep_ratio, self.layer_floor, sizes)
        masks = select_exactly(
            scores,
            torch.tensor(n_kept_of(self.keep_ratio, sizes)),
            torch.tensor(floors),
        )
        row_dims = len(context.input_shape)
        return FloorNetwork(
            encoder, heads, layers, masks, floors, self.masking, row_dims
        )


@multitask_estimator
class RandomSparseMTLClassifier(ClassifierShell, _RandomSparseMTL):
    """Classify many tasks, each with a random part of the weights.

    The control for every method that chooses masks: as many weights, drawn at random
    before training and never changed.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    RandomSparseMTLRegressor : The same for real targets.
    RandomSparseMTLMixed : Classification and regression side by side.
    FisherSparseMTLClassifier : Masks for the weights that matter to a task.
    TaskRoutingClassifier : Random masks over units.

    Notes
    -----
    The masks know nothing of the tasks, so `task_similarity_` is the reference measure,
    :func:`skmtl.similarity.target_relatedness`, on the mean of the tasks'
    representations.

    References
    ----------
    "Learning Multi-Task Sparse Representation Based on Fisher Information", AAAI 2024:
    eq. 3 and 4 (masks), 9 and 10 (information), 11 (choice), algorithms 1 and 2.

    Examples
    --------
    >>> from skmtl import RandomSparseMTLClassifier
    >>> from skmtl.datasets import load_grouped_digits
    >>> X, y = load_grouped_digits(return_X_y=True)
    >>> est = RandomSparseMTLClassifier(keep_ratio=0.3, random_state=0)
    >>> est = est.fit(X[:1000], y[:1000])
    >>> bool(est.score(X[1000:], y[1000:]) > 0.9)
    True
    >>> round(est.keep_ratio_, 3)
    0.3
    """

    _parameter_table = parameter_table(RANDOM, kind="classifier")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
        keep_ratio=0.5,
        masking="forward",
        layer_floor=0.3,
        batch_norm=False,
        encoder="mlp",
        hidden_layer_sizes=(64, 64),
        latent_dim=None,
        activation="relu",
        dropout=0.0,
        max_epochs="auto",
        lr=0.003,
        lr_decay=0.25,
        batch_size="auto",
        optimizer="adamw",
        weight_decay="auto",
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=0.0001,
        n_estimators=1,
        task_weight=None,
        class_weight=None,
        clustering="gap",
        min_similarity=0.25,
        n_groups=None,
        device="auto",
        precision="full",
        compile=False,
        warm_start=False,
        callbacks=None,
        net_params=None,
        random_state=None,
        verbose=0,
    ):
        self.keep_ratio = keep_ratio
        self.masking = masking
        self.layer_floor = layer_floor
        self.batch_norm = batch_norm
        self.encoder = encoder
        self.hidden_layer_sizes = hidden_layer_sizes
        self.latent_dim = latent_dim
        self.activation = activation
        self.dropout = dropout
        self.max_epochs = max_epochs
        self.lr = lr
        self.lr_decay = lr_decay
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.n_estimators = n_estimators
        self.task_weight = task_weight
        self.class_weight = class_weight
        self.clustering = clustering
        self.min_similarity = min_similarity
        self.n_groups = n_groups
        self.device = device
        self.precision = precision
        self.compile = compile
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.net_params = net_params
        self.random_state = random_state
        self.verbose = verbose

    # </generated>


@multitask_estimator
class RandomSparseMTLRegressor(RegressorShell, _RandomSparseMTL):
    """Predict many continuous targets, each with a random part of the weights.

    The method of :class:`RandomSparseMTLClassifier`, with half the squared error of the
    standardised target in the place of the cross-entropy.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    RandomSparseMTLClassifier : The same for classes, described in full.
    RandomSparseMTLMixed : Classification and regression side by side.
    FisherSparseMTLRegressor : Masks for the weights that matter to a task.

    References
    ----------
    "Learning Multi-Task Sparse Representation Based on Fisher Information", AAAI 2024:
    eq. 3 and 4 (masks), 9 and 10 (information), 11 (choice), algorithms 1 and 2.

    Examples
    --------
    >>> from skmtl import RandomSparseMTLRegressor
    >>> from skmtl.datasets import make_multitask_regression
    >>> data = make_multitask_regression(500, n_tasks=4, n_groups=2, random_state=0)
    >>> est = RandomSparseMTLRegressor(random_state=0).fit(data.data, data.target)
    >>> est.predict(data.data[:3]).shape
    (3, 4)
    """

    _parameter_table = parameter_table(RANDOM, kind="regressor")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
        keep_ratio=0.5,
        masking="forward",
        layer_floor=0.3,
        batch_norm=False,
        encoder="mlp",
        hidden_layer_sizes=(64, 64),
        latent_dim=None,
        activation="relu",
        dropout=0.0,
        max_epochs="auto",
        lr=0.003,
        lr_decay=0.25,
        batch_size="auto",
        optimizer="adamw",
        weight_decay="auto",
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=0.0001,
        n_estimators=1,
        task_weight=None,
        clustering="gap",
        min_similarity=0.25,
        n_groups=None,
        device="auto",
        precision="full",
        compile=False,
        warm_start=False,
        callbacks=None,
        net_params=None,
        random_state=None,
        verbose=0,
    ):
        self.keep_ratio = keep_ratio
        self.masking = masking
        self.layer_floor = layer_floor
        self.batch_norm = batch_norm
        self.encoder = encoder
        self.hidden_layer_sizes = hidden_layer_sizes
        self.latent_dim = latent_dim
        self.activation = activation
        self.dropout = dropout
        self.max_epochs = max_epochs
        self.lr = lr
        self.lr_decay = lr_decay
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.n_estimators = n_estimators
        self.task_weight = task_weight
        self.clustering = clustering
        self.min_similarity = min_similarity
        self.n_groups = n_groups
        self.device = device
        self.precision = precision
        self.compile = compile
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.net_params = net_params
        self.random_state = random_state
        self.verbose = verbose

    # </generated>


@multitask_estimator
class RandomSparseMTLMixed(MixedShell, _RandomSparseMTL):
    """Classify and predict numbers, each task with a random part of the weights.

    The method of :class:`RandomSparseMTLClassifier`, with the cross-entropy of each
    classification and half the squared error of each standardised real target.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    RandomSparseMTLClassifier : Classification only, described in full.
    RandomSparseMTLRegressor : Regression only.

    References
    ----------
    "Learning Multi-Task Sparse Representation Based on Fisher Information", AAAI 2024:
    eq. 3 and 4 (masks), 9 and 10 (information), 11 (choice), algorithms 1 and 2.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl import RandomSparseMTLMixed
    >>> X = np.random.default_rng(0).normal(size=(500, 5))
    >>> y = np.column_stack([X[:, 0] > 0, 3 * X[:, 0] + X[:, 1]])
    >>> kinds = ["classification", "regression"]
    >>> est = RandomSparseMTLMixed(task_types=kinds, random_state=0).fit(X, y)
    >>> est.predict(X[:3]).shape
    (3, 2)
    """

    _parameter_table = parameter_table(RANDOM, kind="mixed")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
        keep_ratio=0.5,
        masking="forward",
        layer_floor=0.3,
        batch_norm=False,
        task_types="auto",
        encoder="mlp",
        hidden_layer_sizes=(64, 64),
        latent_dim=None,
        activation="relu",
        dropout=0.0,
        max_epochs="auto",
        lr=0.003,
        lr_decay=0.25,
        batch_size="auto",
        optimizer="adamw",
        weight_decay="auto",
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=0.0001,
        n_estimators=1,
        task_weight=None,
        class_weight=None,
        clustering="gap",
        min_similarity=0.25,
        n_groups=None,
        device="auto",
        precision="full",
        compile=False,
        warm_start=False,
        callbacks=None,
        net_params=None,
        random_state=None,
        verbose=0,
    ):
        self.keep_ratio = keep_ratio
        self.masking = masking
        self.layer_floor = layer_floor
        self.batch_norm = batch_norm
        self.task_types = task_types
        self.encoder = encoder
        self.hidden_layer_sizes = hidden_layer_sizes
        self.latent_dim = latent_dim
        self.activation = activation
        self.dropout = dropout
        self.max_epochs = max_epochs
        self.lr = lr
        self.lr_decay = lr_decay
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.n_estimators = n_estimators
        self.task_weight = task_weight
        self.class_weight = class_weight
        self.clustering = clustering
        self.min_similarity = min_similarity
        self.n_groups = n_groups
        self.device = device
        self.precision = precision
        self.compile = compile
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.net_params = net_params
        self.random_state = random_state
        self.verbose = verbose

    # </generated>
