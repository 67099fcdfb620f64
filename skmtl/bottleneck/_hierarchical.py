"""The algorithm of the hierarchical bottleneck, for every kind of task."""

import math

import numpy as np
import torch

from skmtl._base import (
    MultiTaskEstimator,
    encoder_of,
    heads_of,
    name_tasks,
    warn_user,
)
from skmtl._naming import values_by_name
from skmtl.exceptions import CollapseWarning, InputError
from skmtl.nn import CommonRandom, MultiTaskNetwork
from skmtl.similarity import capacity_distance, channel_overlap, log_variance_distance

from ._network import HierarchicalIBNetwork
from ._residual import Residual, ResidualNetwork

__all__ = ["HierarchicalIB", "HierarchicalRegression"]

# Nats under which a channel is closed. One that carries less than a tenth of a nat, and
# of what the median task gets, is nearly so; early in training all carry little.
_COLLAPSE, _NEARLY = 1e-3, 0.1


class HierarchicalIB(MultiTaskEstimator):
    """The algorithm; leaves add the kinds of tasks."""

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
        encoder = encoder_of(self, context, self.latent_dim)
        heads = heads_of(context, encoder.out_features)
        residual = self._build_residual(context)
        if self.noise is None and residual is None:
            return MultiTaskNetwork(encoder, heads)
        if self.noise is None:
            return ResidualNetwork(encoder, heads, residual, self.noise_lr_multiplier)
        return HierarchicalIBNetwork(
            encoder,
            heads,
            beta=self._beta_per_task([spec.name for spec in context.specs]),
            gamma=self.gamma,
            warmup=self.beta_warmup,
            noise=self.noise,
            marginal=self.marginal,
            noise_lr_multiplier=self.noise_lr_multiplier,
            generator=context.generator,
            residual=residual,
        )

    def _build_residual(self, context):
        kind = getattr(self, "residual", "unit")
        continuous = [spec.kind == "continuous" for spec in context.specs]
        if kind == "unit" or not any(continuous):
            return None
        if kind == "full" and self.task_weight is not None:
            raise InputError(
                "`task_weight` must be None with residual='full', where the tasks have "
                f"one likelihood together; found task_weight={self.task_weight!r}. "
                "Use residual='diagonal' to weigh tasks."
            )
        correlated = kind == "full" and sum(continuous) > 1
        return Residual(torch.tensor(continuous), correlated, context.dtype)

    def _beta_per_task(self, task_names):
        n_tasks = len(task_names)
        named = values_by_name(self.beta, task_names, "beta", complete=True)
        given = self.beta if named is None else [named[name] for name in task_names]
        try:
            beta = np.asarray(given, dtype=np.float64)
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

    # ---- fitted attributes

    def _method_attributes(self, tensors):
        found = {}
        if "residual_covariance" in tensors:
            scales = np.array([spec.scale for spec in self._targets.specs], dtype=float)
            covariance = tensors["residual_covariance"] * np.outer(scales, scales)
            found["residual_covariance_"] = covariance
        if "capacity" not in tensors:
            return found
        information = tensors["capacity"].sum(-1)
        if information.ndim == 2:
            information = information.mean(0)
        return {
            **found,
            "noise_log_variance_": tensors["noise_log_variance"],
            "capacity_": tensors["capacity"],
            "information_": information,
        }

    def _read_tasks(self, net, data, by_member, seed):
        found = super()._read_tasks(net, data, by_member, seed)
        if "capacity" in by_member[0] and self._has_price:
            each = [own["capacity"].sum(-1) for own in by_member]
            heard = found["task_reliability_"] > found["task_null_"]
            self._warn_of_collapse(np.mean(each, axis=0), heard)
        return found

    @property
    def _has_price(self):
        return bool(self._beta_per_task(self._targets.task_names).any())

    def _warn_of_collapse(self, information, heard):
        shut = information < _COLLAPSE
        usual = np.median(information)
        nearly = ~shut & heard & (information < _NEARLY * min(usual, 1.0))
        for tasks, state, effect in (
            (shut, f"closed: total capacity under {_COLLAPSE} nats", "do not depend"),
            (
                nearly,
                "nearly closed, although the labels have a signal: total capacity "
                f"under {_NEARLY} nats, {usual:.2f} for the median task",
                "hardly depend",
            ),
        ):
            if not tasks.any():
                continue
            shown = name_tasks(np.flatnonzero(tasks), self._targets.task_names)
            warn_user(
                f"The channel of {tasks.sum()} task(s) ({shown}) {state}; "
                f"predictions {effect} on X. Lower `beta` (now {self.beta!r}), "
                "raise `beta_warmup`, or raise `latent_dim` where many tasks crowd it.",
                CollapseWarning,
            )

    def _similarity(self, evidence):
        if "capacity" not in evidence.tensors:
            return super()._similarity(evidence)
        capacity = evidence.tensors["capacity"]
        z = evidence.representation
        # A single row varies in nothing.
        covariance = np.zeros((z.shape[1], z.shape[1]))
        if len(z) > 1:
            covariance = np.cov(z, rowvar=False, dtype=np.float64)
        noise = evidence.tensors["noise_log_variance"]
        # Tasks that read the same need not use it alike: what passes alone joins
        # unrelated tasks whose filters stayed entangled.
        overlap = channel_overlap(np.atleast_2d(covariance), noise)
        similarity = np.sqrt(overlap * evidence.reference.similarity)
        if self.similarity == "capacity":
            return similarity, capacity_distance(capacity)
        return similarity, log_variance_distance(noise)

    # ---- what a fitted network computes

    @property
    def _n_draws(self):
        drawn = self.n_samples is not None and hasattr(self, "capacity_")
        return self.n_samples if drawn else 1

    def _pass(self, x):
        if self.n_samples is None or not hasattr(self, "capacity_"):
            return super()._pass(x)
        members = self.net_.module_.members
        count, device = math.prod(members), self.net_.settings.device
        draws = [
            CommonRandom(list(range(first, first + count)), device, members)
            for first in range(0, self._n_draws * count, count)
        ]
        return self.net_.outputs(x, draws=draws)

    def transform(self, X, task=None):
        """Compute the shared representation, or what of it passes to a task.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features, as in :meth:`fit`.
        task : str or int, default=None
            Name or index of a task; None for the representation itself.

        Returns
        -------
        Z : ndarray of shape (n_samples, latent)
            The encoder's output, without noise; those of the members of an ensemble
            side by side. With `task`, each dimension is scaled by the share of its
            variance that is left of it behind the task's channel.

        Raises
        ------
        InputError
            If there is no such task.
        """
        Z = self._represent(X)
        if task is None:
            return Z
        share = self._shares_passed()[..., self._task_index(task), :]
        return Z * share.reshape(-1).astype(Z.dtype)

    def _shares_passed(self):
        """v / (v + sigma^2), ``([n_estimators,] n_tasks, latent)``."""
        if not hasattr(self, "capacity_"):
            return np.ones((self.n_tasks_, self._n_features_out))
        return -np.expm1(-2 * self.capacity_)


class HierarchicalRegression(HierarchicalIB):
    """The algorithm where some tasks are regressions."""

    _own_attributes = f"""{HierarchicalIB._own_attributes}
residual_covariance_ : ndarray of shape ([n_estimators,] n_tasks, n_tasks)
    Covariance of what the regression heads leave over, in the units of the targets;
    NaN for classification tasks. Absent with residual='unit'."""
