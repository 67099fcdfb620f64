"""Multi-task variational information bottleneck: one noisy representation."""

from numbers import Real

from sklearn.utils._param_validation import Interval, StrOptions

from skmtl._base import (
    ClassifierShell,
    MixedShell,
    MultiTaskEstimator,
    Parameter,
    RegressorShell,
    encoder_of,
    heads_of,
    multitask_estimator,
    parameter_table,
)

from ._mtvib_network import GaussianEncoder, MTVIBNetwork
from ._options import DEFAULTS

__all__ = ["MTVIBClassifier", "MTVIBMixed", "MTVIBRegressor"]

_OWN = {
    "beta": Parameter(
        1e-3,
        [Interval(Real, 0, None, closed="left")],
        "float",
        "Price of a nat of information in the representation, which all tasks share.",
        stackable=True,
        settled=True,
    ),
    "weighting": Parameter(
        "uncertainty",
        [StrOptions({"uncertainty"}), None],
        "'uncertainty' or None",
        "Whether the tasks' losses have learned weights, or all weigh 1.",
        settled=True,
    ),
}


class _MTVIB(MultiTaskEstimator):
    """The algorithm, for every kind of task."""

    _own_attributes = """\
loss_weight_ : ndarray of shape ([n_estimators,] n_tasks)
    Learned weight exp(-s) of each task's loss, with a first axis for the members of an
    ensemble. Absent with weighting=None."""

    def _build_network(self, context):
        encoder = GaussianEncoder(
            encoder_of(self, context, None),
            self.latent_dim,
            context.generator,
            context.dtype,
        )
        heads = heads_of(context, encoder.out_features)
        return MTVIBNetwork(encoder, heads, self.beta, self.weighting is not None)

    def _method_attributes(self, tensors):
        return {f"{name}_": value for name, value in tensors.items()}


@multitask_estimator
class MTVIBClassifier(ClassifierShell, _MTVIB):
    """Classify many tasks from one noisy representation that they share.

    The encoder gives mean and variance of a Gaussian representation, from which all
    tasks read the same draw; its divergence from a standard normal has a price. The
    objective is, in nats per row and with weights ``w_j = exp(-s_j)`` that are learned,

    .. math::

        \\sum_j \\Big[ w_j \\big( CE_j + \\tfrac{\\beta}{L}
        KL(N(\\mu, \\sigma^2) \\| N(0, I)) \\big) + \\tfrac12 s_j \\Big]

    for L tasks.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    MTVIBRegressor : The same for real targets.
    HierarchicalIBClassifier : Noise for each task, which shows their relations.
    HardSharingClassifier : One representation without noise.

    Notes
    -----
    `beta` prices one divergence for all tasks together, while a task of
    :class:`HierarchicalIBClassifier` pays for what it reads itself.

    Departures from the paper: the learned weights apply to cross-entropies and
    divergence alike, so that `beta` keeps its meaning. The authors' code weighs the
    cross-entropies only; as their weights settle far from 1, its effective price is
    another one. Predictions are made from the mean of the representation.

    `history_` has the losses without weights; early stopping goes by them.

    References
    ----------
    W. Qian, B. Chen, Y. Zhang, G. Wen and F. Gechter, "Multi-Task Variational
    Information Bottleneck", 2020. The weights are those of A. Kendall, Y. Gal and R.
    Cipolla, "Multi-Task Learning Using Uncertainty to Weigh Losses", CVPR 2018.

    Examples
    --------
    >>> from skmtl import MTVIBClassifier
    >>> from skmtl.datasets import load_grouped_digits
    >>> X, y = load_grouped_digits(return_X_y=True)
    >>> est = MTVIBClassifier(random_state=0).fit(X[:1000], y[:1000])
    >>> bool(est.score(X[1000:], y[1000:]) > 0.9)
    True
    """

    _parameter_table = parameter_table(_OWN, DEFAULTS, kind="classifier")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
        beta=0.001,
        weighting="uncertainty",
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
        self.weighting = weighting
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
class MTVIBRegressor(RegressorShell, _MTVIB):
    """Predict many continuous targets from one noisy representation.

    The model of :class:`MTVIBClassifier`, with half the squared error of the
    standardised target in the place of the cross-entropy: a learned weight is then the
    precision of a task's residual.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    MTVIBClassifier : The same for classes, with the objective in full.
    HierarchicalIBRegressor : Noise for each task, which shows their relations.
    HardSharingRegressor : One representation without noise.

    Notes
    -----
    Departures from the paper: see :class:`MTVIBClassifier`.

    References
    ----------
    W. Qian, B. Chen, Y. Zhang, G. Wen and F. Gechter, "Multi-Task Variational
    Information Bottleneck", 2020. The weights are those of A. Kendall, Y. Gal and R.
    Cipolla, "Multi-Task Learning Using Uncertainty to Weigh Losses", CVPR 2018.

    Examples
    --------
    >>> from skmtl import MTVIBRegressor
    >>> from skmtl.datasets import make_multitask_regression
    >>> data = make_multitask_regression(500, n_tasks=4, n_groups=2, random_state=0)
    >>> est = MTVIBRegressor(random_state=0).fit(data.data, data.target)
    >>> est.predict(data.data[:3]).shape
    (3, 4)
    """

    _parameter_table = parameter_table(_OWN, DEFAULTS, kind="regressor")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
        beta=0.001,
        weighting="uncertainty",
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
        self.weighting = weighting
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
class MTVIBMixed(MixedShell, _MTVIB):
    """Tasks of different kinds from one noisy representation.

    The model of :class:`MTVIBClassifier`; cross-entropies and half squared errors of
    standardised targets, both in nats, are weighted and summed over the tasks. Of
    rankings the squared margins of :class:`HardSharingRanker` take the place of nats.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    MTVIBClassifier : Classification tasks only.
    MTVIBRegressor : Regression tasks only.
    HierarchicalIBMixed : Noise for each task, which shows their relations.

    Notes
    -----
    Departures from the paper: see :class:`MTVIBClassifier`.

    References
    ----------
    W. Qian, B. Chen, Y. Zhang, G. Wen and F. Gechter, "Multi-Task Variational
    Information Bottleneck", 2020. The weights are those of A. Kendall, Y. Gal and R.
    Cipolla, "Multi-Task Learning Using Uncertainty to Weigh Losses", CVPR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl import MTVIBMixed
    >>> X = np.random.default_rng(0).normal(size=(300, 4))
    >>> warm = np.where(X[:, 0] > 0, "warm", "cold")
    >>> y = np.array([*zip(warm, X[:, 0] + X[:, 1])], dtype=object)
    >>> est = MTVIBMixed(random_state=0).fit(X, y)
    >>> est.task_types_
    ['binary', 'continuous']
    """

    _parameter_table = parameter_table(_OWN, DEFAULTS, kind="mixed")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
        beta=0.001,
        weighting="uncertainty",
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
        self.weighting = weighting
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
