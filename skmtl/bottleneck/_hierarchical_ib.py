"""Hierarchical information bottleneck: a noise filter per task."""

import warnings
from numbers import Real
from typing import Any

import numpy as np
import torch
from sklearn.utils._param_validation import Interval, StrOptions
from torch import Tensor, nn

from skmtl._base import (
    ClassifierShell,
    MultiTaskEstimator,
    Parameter,
    multitask_estimator,
    parameter_table,
)
from skmtl.exceptions import CollapseWarning, InputError
from skmtl.nn import (
    DirectPass,
    MemberRandom,
    MultiTaskNetwork,
    TaskHeads,
    build_encoder,
    rows_of_tasks,
)
from skmtl.similarity import capacity_distance, capacity_overlap, log_variance_distance

__all__ = ["HierarchicalIBClassifier"]

_COLLAPSE = 1e-3
_INITIAL_SPREAD = 0.1


class HierarchicalIBNetwork(MultiTaskNetwork):
    """Encoder, one diagonal Gaussian channel per task, heads.

    Task j reads ``W_j = Z + sigma_j * eps`` with one draw of noise per row and step.

    Parameters
    ----------
    encoder : Module
    heads : TaskHeads
    beta : Tensor of shape (n_tasks,)
        Price of information, per task.
    gamma : float
        Weight of the joint information of all tasks.
    warmup : float
        Fraction of the steps over which the price rises to its full value.
    noise_lr_multiplier : float
    generator : torch.Generator
        Source of the initial noise levels.
    """

    member_buffers = ("beta", "gamma")
    beta: Tensor
    gamma: Tensor

    def __init__(
        self,
        encoder: nn.Module,
        heads: TaskHeads,
        beta: Tensor,
        gamma: float,
        warmup: float,
        noise_lr_multiplier: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__(encoder, heads)
        n_tasks, latent = heads.weight.shape[0], heads.weight.shape[-1]
        dtype = heads.weight.dtype
        start = torch.empty(n_tasks, latent, dtype=dtype)
        self.noise_log_variance = nn.Parameter(
            start.normal_(0, _INITIAL_SPREAD, generator=generator)
        )
        self.register_buffer("beta", beta.to(dtype))
        self.register_buffer("gamma", torch.tensor(float(gamma), dtype=dtype))
        self.warmup = warmup
        self.noise_lr_multiplier = noise_lr_multiplier
        self._price = 1.0

    def decode(
        self,
        z: Tensor,
        task_of_row: Tensor | None = None,
        random: MemberRandom | None = None,
    ) -> Tensor:
        """Pass the representation through each task's channel and head."""
        if random is None:
            return super().decode(z, task_of_row)
        level = self.noise_level()
        if task_of_row is None:
            return self.heads(self.channel(z, level, random)[0], per_task=True)
        noise = random.normal(z.shape[-2:], z.dtype)
        own_level = rows_of_tasks(level, task_of_row, trailing=1)
        return self.heads.rows(z + own_level * noise, task_of_row)

    def noise_level(self) -> Tensor:
        """Standard deviation of the noise, ``(*members, n_tasks, latent)``."""
        return (0.5 * self.noise_log_variance).exp()

    def channel(
        self, z: Tensor, level: Tensor, random: MemberRandom
    ) -> tuple[Tensor, Tensor]:
        """What each task receives, and the noise in it.

        Both are of shape ``(*members, n_tasks, batch, latent)``.
        """
        noise = random.normal((level.shape[-2], *z.shape[-2:]), z.dtype)
        return torch.addcmul(z.unsqueeze(-3), level.unsqueeze(-2), noise), noise

    def price(self) -> Tensor:
        """Present price of a nat, ``(*members, n_tasks)``."""
        return self._price * self.beta

    def penalty(self, z: Tensor, row_weight: Tensor | None = None) -> Tensor:
        """Price of the information the tasks take from Z, in nats."""
        penalty: Tensor = _InformationPrice.apply(
            z, self.noise_log_variance, row_weight, self.price(), self.gamma
        )
        return penalty

    def direct_pass(self) -> DirectPass | None:
        """A pass without a graph, where the encoder is plain."""
        return _DirectBottleneck(self) if DirectPass.supports(self.encoder) else None

    def set_progress(self, fraction: float) -> None:
        """Raise the price of information linearly over the warm-up."""
        self._price = 1.0 if self.warmup == 0 else min(1.0, fraction / self.warmup)

    def learning_rate_multipliers(self) -> list[tuple[list[nn.Parameter], float]]:
        """The noise learns faster than the rest."""
        return [([self.noise_log_variance], self.noise_lr_multiplier)]

    def undecayed_parameters(self) -> list[nn.Parameter]:
        """Biases and the noise."""
        return [*super().undecayed_parameters(), self.noise_log_variance]

    def task_evidence(self, z_variance: Tensor | None = None) -> dict[str, Tensor]:
        """Log-variances and capacities, both ``(*members, n_tasks, latent)``."""
        level = self.noise_log_variance.detach().to(torch.float64, copy=True)
        evidence = {"noise_log_variance": level}
        if z_variance is not None:
            ratio = z_variance.to(level).unsqueeze(-2) * (-level).exp()
            evidence["capacity"] = 0.5 * torch.log1p(ratio)
        return evidence


def _priced(
    z: Tensor,
    log_variance: Tensor,
    row_weight: Tensor | None,
    price: Tensor,
    gamma: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Capacities times their price, and the derivatives by z and the noise.

    The tensors are tiny and the formula long: built by autograd, it would cost a
    fifth of a training step.
    """
    centred, share, variance = _moments(z, row_weight)
    precision = (-log_variance).exp()
    ratio = variance.unsqueeze(-2) * precision
    joint = ratio.sum(-2)
    joint_price = gamma * price.mean(-1)
    scale = 0.5 / (1 + gamma)
    own = (price * ratio.log1p().sum(-1)).sum(-1)
    penalty = scale * (own + joint_price * joint.log1p().sum(-1))
    slope = price.unsqueeze(-1) / (1 + ratio)
    slope += (joint_price.unsqueeze(-1) / (1 + joint)).unsqueeze(-2)
    slope *= scale[..., None, None]
    by_variance = (slope * precision).sum(-2, keepdim=True)
    return penalty, centred * share * (2 * by_variance), -ratio * slope


class _InformationPrice(torch.autograd.Function):
    """Autograd's view of :func:`_priced`."""

    @staticmethod
    def forward(
        ctx: Any,
        z: Tensor,
        log_variance: Tensor,
        row_weight: Tensor | None,
        price: Tensor,
        gamma: Tensor,
    ) -> Tensor:
        penalty, *gradients = _priced(z, log_variance, row_weight, price, gamma)
        ctx.save_for_backward(*gradients)
        return penalty

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        by_z, by_log_variance = ctx.saved_tensors
        factor = upstream[0][..., None, None]
        return by_z * factor, by_log_variance * factor, None, None, None


class _DirectBottleneck(DirectPass):
    """The channels and their price without a graph."""

    def __init__(self, network: HierarchicalIBNetwork) -> None:
        super().__init__(network.encoder, network.heads)
        self.network = network

    def decode(self, z: Tensor, random: MemberRandom | None) -> Tensor:
        self._level = self.network.noise_level()
        self._w, self._noise = self.network.channel(z, self._level, random)
        return self.heads(self._w, per_task=True)

    def decode_gradient(
        self, z: Tensor, gradient: Tensor, row_weight: Tensor | None
    ) -> Tensor:
        weight, noise = self.heads.weight, self.network.noise_log_variance
        weight.grad = gradient.transpose(-1, -2) @ self._w
        self.heads.bias.grad = gradient.sum(-2)
        by_w = gradient @ weight
        _, by_z, by_noise = _priced(
            z, noise, row_weight, self.network.price(), self.network.gamma
        )
        noise.grad = by_noise.addcmul_(
            (by_w * self._noise).sum(-2), self._level, value=0.5
        )
        return by_z.add_(by_w.sum(-3))


def _moments(
    z: Tensor, row_weight: Tensor | None
) -> tuple[Tensor, Tensor | float, Tensor]:
    """Centred rows, their shares (summing to one), and the variance."""
    if row_weight is None:
        centred = z - z.mean(-2, keepdim=True)
        share = 1 / z.shape[-2]
        return centred, share, centred.square().mean(-2)
    total = row_weight.sum(-1, keepdim=True).clamp_min(torch.finfo(z.dtype).tiny)
    shares = (row_weight / total).unsqueeze(-1)
    centred = z - (shares * z).sum(-2, keepdim=True)
    return centred, shares, (shares * centred.square()).sum(-2)


_OWN = {
    "beta": Parameter(
        0.05,
        [Interval(Real, 0, None, closed="left"), "array-like"],
        "float or array-like of shape (n_tasks,)",
        "Price of a nat of information. A linear-Gaussian task whose squared "
        "correlation with X is below it closes its channel.",
    ),
    "gamma": Parameter(
        1.0,
        [Interval(Real, 0, None, closed="left")],
        "float",
        "Weight of the information all tasks take together, which rewards sharing a "
        "dimension; 0 is the paper's objective.",
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
noise_log_variance_ : ndarray of shape (n_tasks, latent_dim)
    Logarithm of the noise variance of each task's channel. Absent with noise=None,
    as are the following.
capacity_ : ndarray of shape (n_tasks, latent_dim)
    Capacity of each task's channel per dimension, in nats:
    log(1 + Var z / sigma^2) / 2, with the variance over all training rows.
information_ : ndarray of shape (n_tasks,)
    Total capacity per task, in nats."""

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

    def _method_attributes(self, network, tensors):
        if "capacity" not in tensors:
            return {}
        information = tensors["capacity"].sum(1)
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
        warnings.warn(
            f"The channel of {len(closed)} task(s) ({names}) closed: total capacity "
            f"under {_COLLAPSE} nats, predictions do not depend on X. Lower `beta` "
            f"(now {self.beta!r}) or raise `beta_warmup`.",
            CollapseWarning,
            stacklevel=6,
        )

    def _similarity(self, evidence):
        if "capacity" not in evidence.tensors:
            return super()._similarity(evidence)
        capacity = evidence.tensors["capacity"]
        similarity = capacity_overlap(capacity)
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
        gamma=1.0,
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
