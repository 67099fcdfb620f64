"""Hard parameter sharing: one encoder, one head per task."""

from .._base import (
    BATCH_NORM,
    ClassifierShell,
    MixedShell,
    MultiTaskEstimator,
    RankerShell,
    RegressorShell,
    encoder_of,
    heads_of,
    multitask_estimator,
    parameter_table,
)
from ..nn import MultiTaskNetwork, TaskNetwork

__all__ = [
    "HardSharingClassifier",
    "HardSharingMixed",
    "HardSharingRanker",
    "HardSharingRegressor",
]


_OWN = {"batch_norm": BATCH_NORM}


class _HardSharing(MultiTaskEstimator):
    """The algorithm: all tasks read one representation."""

    def _build_network(self, context):
        encoder = encoder_of(self, context, self.latent_dim)
        heads = heads_of(context, encoder.out_features)
        if self.batch_norm:
            return TaskNetwork(encoder, heads, len(context.input_shape))
        return MultiTaskNetwork(encoder, heads)


@multitask_estimator
class HardSharingClassifier(ClassifierShell, _HardSharing):
    """Classify many tasks with one shared encoder and one head per task.

    The plainest way to share: all tasks read the same representation, their
    cross-entropies (means over the observed rows of a batch, in nats) are summed.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    HierarchicalIBClassifier : Task-specific noise on the representation.
    HardSharingMixed : Classification and regression side by side.

    Notes
    -----
    `task_similarity_` is the reference measure,
    :func:`skmtl.similarity.target_relatedness`, on the trained representation.

    References
    ----------
    R. Caruana, "Multitask Learning", Machine Learning 28, 1997.

    Examples
    --------
    >>> from skmtl import HardSharingClassifier
    >>> from skmtl.datasets import load_grouped_digits
    >>> X, y = load_grouped_digits(return_X_y=True)
    >>> est = HardSharingClassifier(random_state=0).fit(X[:1000], y[:1000])
    >>> bool(est.score(X[1000:], y[1000:]) > 0.9)
    True
    >>> est.task_groups_
    array([0, 0, 1, 1])
    """

    _parameter_table = parameter_table(_OWN, kind="classifier")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
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
class HardSharingRegressor(RegressorShell, _HardSharing):
    """Predict many continuous targets with one shared encoder.

    Each task costs half the squared error of its standardised target (mean over the
    observed rows of a batch); the tasks are summed.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    HardSharingClassifier : The same for classes.
    HardSharingRanker : Predicts the order of the values only.
    HardSharingMixed : Classification and regression side by side.

    References
    ----------
    R. Caruana, "Multitask Learning", Machine Learning 28, 1997.

    Examples
    --------
    >>> from skmtl import HardSharingRegressor
    >>> from skmtl.datasets import make_multitask_regression
    >>> data = make_multitask_regression(500, n_tasks=4, n_groups=2, random_state=0)
    >>> est = HardSharingRegressor(random_state=0).fit(data.data, data.target)
    >>> est.predict(data.data[:3]).shape
    (3, 4)
    """

    _parameter_table = parameter_table(_OWN, kind="regressor")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
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
class HardSharingRanker(RankerShell, _HardSharing):
    """Learn to order rows by many targets with one shared encoder.

    Of each target only the order of its values counts, within a task. A task costs the
    mean of ``max(0, 1 - (f_i - f_j))^2`` over all pairs of rows of a batch with
    ``y_i > y_j``, where f are the scores (1 for constant scores); the tasks are
    summed. A pair weighs the product of the weights of its rows.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    HardSharingRegressor : Predicts the values, not only their order.
    HardSharingMixed : Rankings beside other kinds of tasks.

    Notes
    -----
    A batch compares its own rows only: of tasks with few labels a batch should hold
    several, so do not choose `batch_size` too small. `task_similarity_` is read from
    the ranks of the targets.

    References
    ----------
    G. Strezoski, N. van Noord, M. Worring, "Learning Task Relatedness in Multi-Task
    Learning for Images in Context", ICMR 2019, equation 7 (which prints the same row
    twice; two rows are meant).

    Examples
    --------
    >>> from skmtl import HardSharingRanker
    >>> from skmtl.datasets import make_multitask_regression
    >>> data = make_multitask_regression(500, n_tasks=4, n_groups=2, random_state=0)
    >>> est = HardSharingRanker(random_state=0).fit(data.data, data.target)
    >>> bool(est.score(data.data, data.target) > 0.8)  # Kendall's tau-b
    True
    """

    _parameter_table = parameter_table(_OWN, kind="ranker")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
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
class HardSharingMixed(MixedShell, _HardSharing):
    """Classification, regression and ranking tasks with one shared encoder.

    Cross-entropies and half squared errors of standardised targets, both in nats,
    and squared margins of rankings are summed over the tasks.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    HardSharingClassifier : Classification tasks only.
    HardSharingRegressor : Regression tasks only.
    HardSharingRanker : Ranking tasks only.

    References
    ----------
    R. Caruana, "Multitask Learning", Machine Learning 28, 1997.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl import HardSharingMixed
    >>> X = np.random.default_rng(0).normal(size=(300, 4))
    >>> warm = np.where(X[:, 0] > 0, "warm", "cold")
    >>> y = np.array([*zip(warm, X[:, 0] + X[:, 1])], dtype=object)
    >>> est = HardSharingMixed(random_state=0).fit(X, y)
    >>> est.task_types_
    ['binary', 'continuous']
    """

    _parameter_table = parameter_table(_OWN, kind="mixed")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
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
