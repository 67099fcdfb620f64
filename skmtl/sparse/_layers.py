"""Which weights of an encoder masks may cover."""

from typing import NamedTuple

from torch import nn

from skmtl.exceptions import InputError
from skmtl.nn import ConvEncoder, MemberConv2d, MemberLinear, MLPEncoder

__all__ = ["MaskedLayer", "masked_layers", "unit_layers"]

_KINDS = (MemberLinear, MemberConv2d, nn.Linear, nn.Conv2d)


class MaskedLayer(NamedTuple):
    """A layer whose weights have masks.

    Attributes
    ----------
    name : str
        Of the weights, among the encoder's parameters.
    shape : tuple of int
        Of the weights of one network; the first axis counts the units.
    """

    name: str
    shape: tuple[int, ...]


def masked_layers(encoder: nn.Module) -> tuple[MaskedLayer, ...]:
    """List the affine and convolutional layers of an encoder, in their order.

    Biases, weights that are computed from others (parametrizations of torch), and
    whatever other layers learn, have no masks.

    Parameters
    ----------
    encoder : Module
        Of a single network.

    Returns
    -------
    tuple of MaskedLayer

    Raises
    ------
    InputError
        If there is none.
    """
    by_weight: dict[int, MaskedLayer] = {}
    for name, module in encoder.named_modules():
        if isinstance(module, _KINDS) and "weight" in module._parameters:
            full = f"{name}.weight" if name else "weight"
            own = MaskedLayer(full, tuple(module.weight.shape))
            by_weight.setdefault(id(module.weight), own)
    if not by_weight:
        raise InputError(
            "`encoder` has no Linear or Conv2d layer, whose weights tasks could share "
            "in part, and which are parameters themselves (no parametrization); found "
            f"{type(encoder).__name__}. Give it one, set `latent_dim`, or use "
            "HardSharing."
        )
    return tuple(by_weight.values())


def unit_layers(encoder: nn.Module, method: str) -> tuple[MaskedLayer, ...]:
    """List the layers of an encoder that is a chain, so that units have followers.

    Parameters
    ----------
    encoder : Module
    method : str
        For the message.

    Returns
    -------
    tuple of MaskedLayer
        In the order in which they are passed.

    Raises
    ------
    InputError
        For a user's encoder.
    """
    if not isinstance(encoder, MLPEncoder | ConvEncoder):
        raise InputError(
            f"{method} masks units and needs to know which layer follows on which: "
            "`encoder` must be 'mlp' or 'conv'. Use FisherSparseMTL or "
            "RandomSparseMTL, which mask weights, for encoders of your own."
        )
    return masked_layers(encoder)
