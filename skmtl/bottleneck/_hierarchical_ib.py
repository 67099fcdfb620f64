"""Hierarchical information bottleneck: a noise filter per task."""

from numbers import Real

import numpy as np
import torch
from sklearn.utils._param_validation import Interval, StrOptions

from skmtl._base import (
    ClassifierShell,
    MultiTaskEstimator,
    Parameter,
    multitask_estimator,
    parameter_table,
    warn_user,
)
from skmtl.exceptions import CollapseWarning, InputError
from skmtl.nn import MultiTaskNetwork, TaskHeads, build_encoder
from skmtl.similarity import capacity_distance, capacity_overlap, log_variance_distance

from ._network import HierarchicalIBNetwork

__all__ = ["HierarchicalIBClassifier"]

_COLLAPSE = 1e-3

_OWN = {
    "beta": Parameter(
        0.05,
        [Interval(Real, 0, None, closed="left"), "array-like"],
        "float or array-like of shape (n_tasks,)",
        "Price of a nat of information. A linear-Gaussian task whose squared "
        "correlation with X is below it closes its channel.",
        stackable=True,
    ),
    "gamma": Parameter(
        0.0,
        [Interval(Real, 0, None, closed="left")],
        "float",
        "Weight of the information all tasks take together, which rewards sharing a "
        "dimension; 0 is the paper's objective.",
        stackable=True,
    ),
    "beta_warmup": Parameter(
        0.5,
        [Interval(Real, 0, 1, closed="both")],
        "float",
        "Fraction of the steps over which the price rises from 0 to `beta`.",
    ),
    "noise": Parameter(
        "learned",
        [StrOptions({"learned"}), None],
        "'learned' or None",
        "None trains without noise and penalty: hard sharing.",
    ),
    "similarity": Parameter(
        "capacity",
        [StrOptions({"capacity", "log_variance"})],
        "{'capacity', 'log_variance'}",
        "What `task_distances_` compares: the capacities of the dimensions, or the "
        "log-variances of the noise (eq. 11).",
    ),
    "noise_lr_multiplier": Parameter(
        10.0,
        [Interval(Real, 0, None, closed="neither")],
        "float",
        "Learning rate of the noise, in multiples of `lr`.",
    ),
}

_DEFAULTS = {"hidden_layer_sizes": (32, 32), "latent_dim": 16}


class _HierarchicalIB(MultiTaskEstimator):
    """The algorithm, for every kind of task."""

    _own_attributes = """\
noise_log_variance_ : ndarray of shape ([n_estimators,] n_tasks, latent_dim)
    Logarithm of the noise variance of each task's channel, with a first axis for the
    members of an ensemble. Absent with noise=None, as are the following.
capacity_ : ndarray of shape ([n_estimators,] n_tasks, latent_dim)
    Capacity of each task's channel per dimension, in nats:
    log(1 + Var z / sigma^2) / 2, with the variance over all training rows.
information_ : ndarray of shape (n_tasks,)
    Total capacity per task, in nats; the mean over the members of an ensemble."""

    def _build_network(self, context):
        encoder = build_encoder(
            self.encoder,
            context.input_shape,
            hidden_layer_sizes=self.hidden_layer_sizes,
            latent_dim=self.latent_dim,
            generator=context.generator,
            activation=self.activation,
            dropout=self.dropout,
            dtype=context.dtype,
        )
        heads = TaskHeads(
            encoder.out_features, context.n_outputs, context.generator, context.dtype
        )
        if self.noise is None:
            return MultiTaskNetwork(encoder, heads)
        return HierarchicalIBNetwork(
            encoder,
            heads,
            beta=self._beta_per_task(len(context.specs)),
            gamma=self.gamma,
            warmup=self.beta_warmup,
            noise_lr_multiplier=self.noise_lr_multiplier,
            generator=context.generator,
        )

    def _beta_per_task(self, n_tasks):
        try:
            beta = np.asarray(self.beta, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"`beta` must hold numbers; found {self.beta!r}."
            ) from error
        if beta.shape not in ((), (n_tasks,)):
            raise InputError(
                f"`beta` must be one number or one per task, shape ({n_tasks},); found "
                f"shape {beta.shape}."
            )
        if not (np.isfinite(beta).all() and (beta >= 0).all()):
            raise InputError(
                f"`beta` must be finite and at least 0; found {self.beta!r}."
            )
        return torch.from_numpy(np.broadcast_to(beta, n_tasks).copy())

    def _method_attributes(self, tensors):
        if "capacity" not in tensors:
            return {}
        information = tensors["capacity"].sum(-1)
        if information.ndim == 2:
            information = information.mean(0)
        self._warn_of_collapse(information)
        return {
            "noise_log_variance_": tensors["noise_log_variance"],
            "capacity_": tensors["capacity"],
            "information_": information,
        }

    def _warn_of_collapse(self, information):
        closed = np.flatnonzero(information < _COLLAPSE)
        if not len(closed) or not np.any(self.beta):
            return
        names = ", ".join(repr(self._targets.task_names[task]) for task in closed[:5])
        warn_user(
            f"The channel of {len(closed)} task(s) ({names}) closed: total capacity "
            f"under {_COLLAPSE} nats, predictions do not depend on X. Lower `beta` "
            f"(now {self.beta!r}) or raise `beta_warmup`.",
            CollapseWarning,
        )

    def _similarity(self, evidence):
        if "capacity" not in evidence.tensors:
            return super()._similarity(evidence)
        capacity = evidence.tensors["capacity"]
        # Tasks that buy the same dimensions need not use them alike: the overlap
        # alone joins unrelated tasks whose filters stayed entangled.
        overlap = capacity_overlap(capacity)
        similarity = np.sqrt(overlap * evidence.reference.similarity)
        if self.similarity == "capacity":
            return similarity, capacity_distance(capacity)
        return similarity, log_variance_distance(evidence.tensors["noise_log_variance"])


@multitask_estimator
class HierarchicalIBClassifier(ClassifierShell, _HierarchicalIB):
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
        If a task's channel closed completely.

    See Also
    --------
    HardSharingClassifier : The same network without noise.

    Notes
    -----
    `task_similarity_` is the geometric mean of two measures: the Ruzicka overlap of
    the capacities (the share of its dimensions that a task buys together with the
    other) and :func:`skmtl.similarity.target_relatedness` on random features of X.

    Departures from the paper: eq. 8 as printed lacks the factor 1/2 of its log term;
    the variational mean and variance are replaced by their optimum, which leaves the
    channel's capacity as penalty; the price of information rises over a warm-up,
    without which dimensions die; the term in `gamma` is new; the noise is off in
    prediction.

    References
    ----------
    "Compressed Hierarchical Representations for Multi-Task Learning and Task
    Clustering", IJCNN 2022: eq. 1 (model), 8 (penalty), 11 (distance of tasks).

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

    _parameter_table = parameter_table(_OWN, _DEFAULTS, kind="classifier")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
        beta=0.05,
        gamma=0.0,
        beta_warmup=0.5,
        noise="learned",
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
        self.noise = noise
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
