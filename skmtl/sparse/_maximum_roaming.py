"""Maximum roaming: the units of each task move on while it learns."""

from skmtl._base import (
    ClassifierShell,
    MixedShell,
    RegressorShell,
    multitask_estimator,
    parameter_table,
)

from ._layers import unit_layers
from ._method import SparseSharing
from ._options import ROAMING
from ._selection import n_units_of
from ._unit_networks import RoamingNetwork

__all__ = ["MaximumRoamingClassifier", "MaximumRoamingMixed", "MaximumRoamingRegressor"]


class _MaximumRoaming(SparseSharing):
    """The algorithm, for every kind of task."""

    def _build_network(self, context):
        encoder, heads = self._parts(context)
        layers = unit_layers(encoder, "MaximumRoaming")
        return RoamingNetwork(
            encoder,
            heads,
            layers,
            [n_units_of(self.keep_ratio, layer.shape[0]) for layer in layers],
            self.roaming,
            len(context.input_shape),
            context.generator,
        )


@multitask_estimator
class MaximumRoamingClassifier(ClassifierShell, _MaximumRoaming):
    """Classify many tasks, whose units move on until each task has used all.

    Each task uses the share `keep_ratio` of the units of each layer. One at a time, a
    unit that a task uses gives way to one that it never used, until it has used every
    unit: at any time tasks differ in what they use, yet each unit has learned from all
    of them.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    MaximumRoamingRegressor : The same for real targets.
    MaximumRoamingMixed : Classification and regression side by side.
    TaskRoutingClassifier : Units that stay as they were drawn.
    RandomSparseMTLClassifier : Random masks over weights.

    Notes
    -----
    In `masks_`, a weight belongs to a task that uses both units at its ends, at the end
    of the training. The masks know nothing of the tasks, so `task_similarity_` is the
    reference measure, :func:`skmtl.similarity.target_relatedness`, on the mean of the
    tasks' representations.

    `history_` has a column ``mask_churn``: the share of the entries of all masks that
    changed in each epoch.

    Departures from the paper: swaps are spread evenly over the fraction `roaming` of
    the steps, rather than made at a given distance, so that they end in time; which
    units leave and enter is drawn before training; the number of units is exact, where
    the paper draws each with a probability. A user's encoder is refused, since which
    layer follows on which is not known.

    References
    ----------
    L. Pascal, P. Michiardi, X. Bost, B. Huet and M. A. Zuluaga, "Maximum Roaming
    Multi-Task Learning", AAAI 2021.

    Examples
    --------
    >>> from skmtl import MaximumRoamingClassifier
    >>> from skmtl.datasets import load_grouped_digits
    >>> X, y = load_grouped_digits(return_X_y=True)
    >>> est = MaximumRoamingClassifier(random_state=0).fit(X[:1000], y[:1000])
    >>> bool(est.score(X[1000:], y[1000:]) > 0.9)
    True
    >>> est.layer_masks()["hidden.0"].any(2).sum(1)  # units of the first layer
    array([32, 32, 32, 32])
    """

    _parameter_table = parameter_table(ROAMING, kind="classifier")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
        keep_ratio=0.5,
        roaming=0.7,
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
        self.roaming = roaming
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
class MaximumRoamingRegressor(RegressorShell, _MaximumRoaming):
    """Predict many continuous targets with units that move from task to task.

    The method of :class:`MaximumRoamingClassifier`, with half the squared error of the
    standardised target in the place of the cross-entropy.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    MaximumRoamingClassifier : The same for classes, described in full.
    MaximumRoamingMixed : Classification and regression side by side.
    TaskRoutingRegressor : Units that stay as they were drawn.

    References
    ----------
    L. Pascal, P. Michiardi, X. Bost, B. Huet and M. A. Zuluaga, "Maximum Roaming
    Multi-Task Learning", AAAI 2021.

    Examples
    --------
    >>> from skmtl import MaximumRoamingRegressor
    >>> from skmtl.datasets import make_multitask_regression
    >>> data = make_multitask_regression(500, n_tasks=4, n_groups=2, random_state=0)
    >>> est = MaximumRoamingRegressor(random_state=0).fit(data.data, data.target)
    >>> est.predict(data.data[:3]).shape
    (3, 4)
    """

    _parameter_table = parameter_table(ROAMING, kind="regressor")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
        keep_ratio=0.5,
        roaming=0.7,
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
        self.roaming = roaming
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
class MaximumRoamingMixed(MixedShell, _MaximumRoaming):
    """Classify and predict numbers with units that move from task to task.

    The method of :class:`MaximumRoamingClassifier`, with the cross-entropy of each
    classification and half the squared error of each standardised real target.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    MaximumRoamingClassifier : Classification only, described in full.
    MaximumRoamingRegressor : Regression only.

    References
    ----------
    L. Pascal, P. Michiardi, X. Bost, B. Huet and M. A. Zuluaga, "Maximum Roaming
    Multi-Task Learning", AAAI 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl import MaximumRoamingMixed
    >>> X = np.random.default_rng(0).normal(size=(500, 5))
    >>> y = np.column_stack([X[:, 0] > 0, 3 * X[:, 0] + X[:, 1]])
    >>> kinds = ["classification", "regression"]
    >>> est = MaximumRoamingMixed(task_types=kinds, random_state=0).fit(X, y)
    >>> est.predict(X[:3]).shape
    (3, 2)
    """

    _parameter_table = parameter_table(ROAMING, kind="mixed")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
        keep_ratio=0.5,
        roaming=0.7,
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
        self.roaming = roaming
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
