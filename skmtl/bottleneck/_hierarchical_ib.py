"""Hierarchical information bottleneck: a noise filter per task."""

from skmtl._base import (
    ClassifierShell,
    MixedShell,
    RegressorShell,
    multitask_estimator,
    parameter_table,
)

from ._hierarchical import HierarchicalIB, HierarchicalRegression
from ._options import CHANNELS, DEFAULTS, REGRESSION

__all__ = [
    "HierarchicalIBClassifier",
    "HierarchicalIBMixed",
    "HierarchicalIBRegressor",
]


@multitask_estimator
class HierarchicalIBClassifier(ClassifierShell, HierarchicalIB):
    """Classify many tasks, each reading the shared representation through noise.

    A deterministic encoder makes Z; task j reads ``W_j = Z + sigma_j * eps`` with a
    learned noise level per dimension. Information has a price, so a task buys only
    the dimensions it needs, and tasks that need the same ones show their relation.
    The objective is, in nats per row,

    .. math::

        \\sum_j CE_j + \\frac{\\beta}{1 + \\gamma} \\Big[ \\sum_j \\sum_i \\tfrac12
        \\log(1 + v_i / \\sigma_{ji}^2) + \\gamma \\sum_i \\tfrac12
        \\log\\big(1 + \\sum_j v_i / \\sigma_{ji}^2\\big) \\Big]

    with v the variance of Z over the batch. Predictions are made without noise.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    Warns
    -----
    CollapseWarning
        If a task's channel closed, or nearly so although its labels have a signal.

    See Also
    --------
    HierarchicalIBRegressor : The same for real targets.
    HierarchicalIBMixed : Classification and regression side by side.
    MTVIBClassifier : One noisy representation that all tasks read.
    HardSharingClassifier : The same network without noise.

    Notes
    -----
    `task_similarity_` is the geometric mean of two measures: the overlap of what the
    channels let pass of the representation (:func:`skmtl.similarity.channel_overlap`)
    and :func:`skmtl.similarity.target_relatedness` on random features of X.

    ``transform(X, task=...)`` gives the mean of Z given W_j, for a Gaussian Z and up to
    a constant: each dimension times ``v / (v + sigma_j^2)``. (The mean of W_j given X
    is Z itself.)

    With `n_samples` all rows share the draws of the noise, which are the same at
    every call, so that a prediction does not depend on the rows beside it.

    Departures from the paper: eq. 8 as printed lacks the factor 1/2 of its log term;
    the variational mean and variance are replaced by their optimum, which leaves the
    channel's capacity as penalty (``marginal="learned"`` keeps a learned variance, with
    the factor, and mean zero); the price of information rises over a warm-up, without
    which dimensions die; the term in `gamma` is new, and always in closed form; the
    noise is off in prediction unless `n_samples` is given.

    ``noise="fixed"`` trains encoder and heads under the initial noise for the first
    half of the steps, then noise and heads on the resting encoder (table V);
    :meth:`partial_fit` has no phases and trains all at once. With ``noise="shared"``
    there is one channel with one draw, and its price is the sum over the tasks, so
    that `beta` keeps its meaning.

    References
    ----------
    "Compressed Hierarchical Representations for Multi-Task Learning and Task
    Clustering", IJCNN 2022: eq. 1 (model), 8 (penalty), 11 (distance of tasks), table V
    (fixed noise).

    Examples
    --------
    >>> from skmtl import HierarchicalIBClassifier
    >>> from skmtl.datasets import load_grouped_digits
    >>> X, y = load_grouped_digits(return_X_y=True)
    >>> est = HierarchicalIBClassifier(random_state=0).fit(X[:1000], y[:1000])
    >>> bool(est.score(X[1000:], y[1000:]) > 0.9)
    True
    >>> est.task_groups_
    array([0, 0, 1, 1])
    """

    _parameter_table = parameter_table(CHANNELS, DEFAULTS, kind="classifier")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
        beta=0.05,
        gamma=0.0,
        beta_warmup=0.5,
        marginal="closed",
        noise="learned",
        n_samples=None,
        similarity="capacity",
        noise_lr_multiplier=10.0,
        encoder="mlp",
        hidden_layer_sizes=(32, 32),
        latent_dim=16,
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
        self.beta = beta
        self.gamma = gamma
        self.beta_warmup = beta_warmup
        self.marginal = marginal
        self.noise = noise
        self.n_samples = n_samples
        self.similarity = similarity
        self.noise_lr_multiplier = noise_lr_multiplier
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
class HierarchicalIBRegressor(RegressorShell, HierarchicalRegression):
    """Predict many continuous targets, each through noise on what they share.

    The model of :class:`HierarchicalIBClassifier`, with real targets: the negative
    log-likelihood of the standardised target under a learned variance of what is left
    over takes the place of the cross-entropy, or half the squared error
    (``residual="unit"``).

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    Warns
    -----
    CollapseWarning
        If a task's channel closed, or nearly so although its labels have a signal.

    See Also
    --------
    HierarchicalIBClassifier : The same for classes, with the objective in full.
    HierarchicalIBMixed : Classification and regression side by side.
    MTVIBRegressor : One noisy representation that all tasks read.
    HardSharingRegressor : The same network without noise.

    Notes
    -----
    A learned residual is maximum likelihood: the losses, and `history_`, are negative
    log-likelihoods in nats, up to the constant log(2 pi) / 2 for each task. Of a row
    with missing labels the likelihood of those observed counts. With "full" the tasks'
    targets are predicted as one Gaussian vector, and the likelihood that a row has is
    spread over its tasks; it does not take `task_weight`. A row whose labels weigh
    unequally counts as rows of equal weights would: one with weights (2, 1) as one with
    both labels and one with the first only.

    Departures from the paper, and what `transform`, `n_samples` and the kinds of noise
    do: see :class:`HierarchicalIBClassifier`. The paper has no regression; its Gaussian
    case (section IV) is the one of a linear encoder with a full residual.

    References
    ----------
    "Compressed Hierarchical Representations for Multi-Task Learning and Task
    Clustering", IJCNN 2022: eq. 1 (model), 8 (penalty), 10 (the Gaussian case).

    Examples
    --------
    >>> from skmtl import HierarchicalIBRegressor
    >>> from skmtl.datasets import make_multitask_regression
    >>> data = make_multitask_regression(500, n_tasks=4, n_groups=2, random_state=0)
    >>> est = HierarchicalIBRegressor(random_state=0).fit(data.data, data.target)
    >>> est.predict(data.data[:3]).shape
    (3, 4)
    >>> est.task_groups_
    array([0, 0, 1, 1])
    """

    _parameter_table = parameter_table(REGRESSION, DEFAULTS, kind="regressor")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
        beta=0.05,
        gamma=0.0,
        beta_warmup=0.5,
        marginal="closed",
        noise="learned",
        n_samples=None,
        similarity="capacity",
        noise_lr_multiplier=10.0,
        residual="diagonal",
        encoder="mlp",
        hidden_layer_sizes=(32, 32),
        latent_dim=16,
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
        self.beta = beta
        self.gamma = gamma
        self.beta_warmup = beta_warmup
        self.marginal = marginal
        self.noise = noise
        self.n_samples = n_samples
        self.similarity = similarity
        self.noise_lr_multiplier = noise_lr_multiplier
        self.residual = residual
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
class HierarchicalIBMixed(MixedShell, HierarchicalRegression):
    """Tasks of different kinds, each through noise on what they share.

    The model of :class:`HierarchicalIBClassifier`; cross-entropies and the losses of
    :class:`HierarchicalIBRegressor`, all in nats, are summed over the tasks. Of
    rankings the squared margins of :class:`HardSharingRanker` take the place of nats.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    Warns
    -----
    CollapseWarning
        If a task's channel closed, or nearly so although its labels have a signal.

    See Also
    --------
    HierarchicalIBClassifier : Classification tasks only.
    HierarchicalIBRegressor : Regression tasks only.
    HardSharingMixed : The same network without noise.

    Notes
    -----
    A learned residual is maximum likelihood: the losses, and `history_`, are negative
    log-likelihoods in nats, up to the constant log(2 pi) / 2 for each task. Of a row
    with missing labels the likelihood of those observed counts. With "full" the tasks'
    targets are predicted as one Gaussian vector, and the likelihood that a row has is
    spread over its tasks; it does not take `task_weight`. A row whose labels weigh
    unequally counts as rows of equal weights would: one with weights (2, 1) as one with
    both labels and one with the first only.

    Departures from the paper, and what `transform`, `n_samples` and the kinds of noise
    do: see :class:`HierarchicalIBClassifier`. The paper has no regression; its Gaussian
    case (section IV) is the one of a linear encoder with a full residual.

    References
    ----------
    "Compressed Hierarchical Representations for Multi-Task Learning and Task
    Clustering", IJCNN 2022: eq. 1 (model), 8 (penalty), 10 (the Gaussian case).

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl import HierarchicalIBMixed
    >>> X = np.random.default_rng(0).normal(size=(300, 4))
    >>> warm = np.where(X[:, 0] > 0, "warm", "cold")
    >>> y = np.array([*zip(warm, X[:, 0] + X[:, 1])], dtype=object)
    >>> est = HierarchicalIBMixed(random_state=0).fit(X, y)
    >>> est.task_types_
    ['binary', 'continuous']
    >>> est.capacity_.shape
    (2, 16)
    """

    _parameter_table = parameter_table(REGRESSION, DEFAULTS, kind="mixed")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
        beta=0.05,
        gamma=0.0,
        beta_warmup=0.5,
        marginal="closed",
        noise="learned",
        n_samples=None,
        similarity="capacity",
        noise_lr_multiplier=10.0,
        residual="diagonal",
        task_types="auto",
        encoder="mlp",
        hidden_layer_sizes=(32, 32),
        latent_dim=16,
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
        self.beta = beta
        self.gamma = gamma
        self.beta_warmup = beta_warmup
        self.marginal = marginal
        self.noise = noise
        self.n_samples = n_samples
        self.similarity = similarity
        self.noise_lr_multiplier = noise_lr_multiplier
        self.residual = residual
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
