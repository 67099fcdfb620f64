"""What a network is built from: seeds, shapes and tasks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from skmtl.engine import seeded
from skmtl.nn import TaskHeads, build_encoder
from skmtl.tasks import TaskSpec

__all__ = ["NetworkContext", "Seeds", "build_network", "encoder_of", "heads_of"]


@dataclass(frozen=True)
class Seeds:
    """Independent seeds of one fit, one for each use."""

    init: int
    shuffle: int
    noise: int
    torch: int
    split: int
    similarity: int

    @classmethod
    def draw(cls, random_state: np.random.RandomState) -> "Seeds":
        """Draw all seeds from a random state."""
        return cls(*(int(s) for s in random_state.randint(2**31 - 1, size=6)))

    def of_members(self, n_members: int) -> "list[Seeds]":
        """Seeds of the members of an ensemble; the first has these."""
        random_state = np.random.RandomState(self.init)
        drawn = random_state.randint(2**31 - 1, size=(n_members - 1, 2)).tolist()
        return [self, *(replace(self, init=init, noise=noise) for init, noise in drawn)]


@dataclass(frozen=True)
class NetworkContext:
    """What a method may know when it builds its network.

    Attributes
    ----------
    input_shape : tuple of int
        Shape of one row of X.
    specs : tuple of TaskSpec
    generator : torch.Generator
        Source of the initial values.
    dtype : torch.dtype
    """

    input_shape: tuple[int, ...]
    specs: tuple[TaskSpec, ...]
    generator: torch.Generator
    dtype: torch.dtype

    @property
    def n_outputs(self) -> list[int]:
        """Outputs of each task."""
        return [spec.n_outputs for spec in self.specs]

    @property
    def intercept(self) -> list[bool]:
        """Tasks whose heads have an intercept: all but rankings."""
        return [not spec.is_ranking for spec in self.specs]


def build_network(
    estimator: Any,
    input_shape: Sequence[int],
    specs: Sequence[TaskSpec],
    dtype: torch.dtype,
    seed: int,
    device: torch.device,
) -> Any:
    """Build an estimator's network under its own seed."""
    # For a user's encoder, which draws from torch's own generators.
    with seeded(seed, device):
        context = NetworkContext(
            tuple(input_shape), tuple(specs), torch.Generator().manual_seed(seed), dtype
        )
        return estimator._build_network(context)


def encoder_of(estimator, context, latent_dim):
    """Build the encoder that an estimator's shared parameters describe.

    Parameters
    ----------
    estimator : estimator
    context : NetworkContext
    latent_dim : int or None

    Returns
    -------
    Module
    """
    normed = getattr(estimator, "batch_norm", False)
    return build_encoder(
        estimator.encoder,
        context.input_shape,
        hidden_layer_sizes=estimator.hidden_layer_sizes,
        latent_dim=latent_dim,
        generator=context.generator,
        activation=estimator.activation,
        dropout=estimator.dropout,
        dtype=context.dtype,
        n_normed=len(context.specs) if normed else 0,
    )


def heads_of(context: NetworkContext, in_features: int) -> TaskHeads:
    """Build one affine head per task.

    Parameters
    ----------
    context : NetworkContext
    in_features : int
        Width of the representation.

    Returns
    -------
    TaskHeads
    """
    return TaskHeads(
        in_features,
        context.n_outputs,
        context.generator,
        context.dtype,
        context.intercept,
    )
