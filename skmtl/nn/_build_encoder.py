"""The encoder that an estimator asks for."""

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..exceptions import InputError
from ._encoders import ConvEncoder, MLPEncoder
from ._layers import MemberLinear
from ._random import MemberRandom
from ._user_encoder import UserEncoder

__all__ = ["build_encoder"]


def build_encoder(
    encoder: str | nn.Module | Callable[..., nn.Module],
    input_shape: Sequence[int],
    *,
    hidden_layer_sizes: Sequence[int],
    latent_dim: int | None,
    generator: torch.Generator,
    activation: str = "relu",
    dropout: float = 0.0,
    dtype: torch.dtype = torch.float32,
    n_normed: int = 0,
) -> Any:
    """Build the encoder an estimator asks for.

    Parameters
    ----------
    encoder : "mlp", "conv", Module, or callable
        A module is copied with its weights. A callable gets the number of features
        (or the shape of one row, for pictures) and returns a module, which is copied
        too where torch can.
    input_shape : sequence of int
        Shape of one row of X.
    hidden_layer_sizes : sequence of int
        As in :class:`MLPEncoder`; a user's encoder takes no notice.
    latent_dim : int or None
        As in :class:`MLPEncoder`. A user's encoder gets a last affine layer of this
        width unless it has that width already.
    generator : torch.Generator
        Source of the initial values.
    activation : str, default="relu"
        As in :class:`MLPEncoder`; a user's encoder takes no notice.
    dropout : float, default=0.0
        As in :class:`MLPEncoder`; a user's encoder takes no notice.
    dtype : torch.dtype, default=torch.float32
        Type of the parameters.
    n_normed : int, default=0
        As in :class:`MLPEncoder`; must be 0 for a user's encoder.

    Returns
    -------
    Module
        With ``out_features`` and ``forward(x, random=None)``.

    Raises
    ------
    InputError
        If a user's encoder is none, or asked for norms.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import build_encoder
    >>> encoder = build_encoder(
    ...     lambda n_features: torch.nn.Linear(n_features, 7),
    ...     (3,),
    ...     hidden_layer_sizes=[],
    ...     latent_dim=None,
    ...     generator=torch.Generator(),
    ... )
    >>> encoder.out_features
    7
    """
    shape = tuple(input_shape)
    options: dict[str, Any] = {
        "generator": generator,
        "activation": activation,
        "dropout": dropout,
        "dtype": dtype,
        "n_normed": n_normed,
    }
    if isinstance(encoder, str) and encoder == "mlp":
        return MLPEncoder(math.prod(shape), hidden_layer_sizes, latent_dim, **options)
    if isinstance(encoder, str):
        return ConvEncoder(shape, hidden_layer_sizes, latent_dim, **options)
    if n_normed:
        raise InputError(
            "`batch_norm` must be False where `encoder` is a module or a callable, "
            "which brings its own norms; found True. Use 'mlp' or 'conv', or put norm "
            "layers into the encoder."
        )
    body = UserEncoder(_user_module(encoder, shape), shape, dtype)
    if latent_dim is None or latent_dim == body.out_features:
        return body
    return _Projected(body, latent_dim, generator, dtype)


def _user_module(
    encoder: nn.Module | Callable[..., nn.Module], shape: tuple[int, ...]
) -> nn.Module:
    if isinstance(encoder, nn.Module):
        return copy.deepcopy(encoder)
    module = encoder(shape[0] if len(shape) == 1 else shape)
    if not isinstance(module, nn.Module):
        raise InputError(
            "`encoder` is a callable and must return a torch.nn.Module; found "
            f"{type(module).__name__}."
        )
    try:
        # Some callables return the same module each time; training must not change it.
        return copy.deepcopy(module)
    except RuntimeError:
        # With derived tensors in it, such as those of torch.nn.utils.weight_norm, torch
        # cannot copy it.
        return module


class _Projected(nn.Module):
    """A user's encoder followed by an affine layer."""

    def __init__(
        self,
        body: UserEncoder,
        latent_dim: int,
        generator: torch.Generator,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.body = body
        self.latent = MemberLinear(body.out_features, latent_dim, generator, dtype)
        self.out_features = latent_dim

    def forward(self, x: Tensor, random: MemberRandom | None = None) -> Tensor:
        return self.latent(self.body(x, random))
