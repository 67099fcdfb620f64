"""A module that users bring, as an encoder."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..exceptions import InputError
from ._random import MemberRandom

__all__ = ["UserEncoder"]


class UserEncoder(nn.Module):
    """A user's torch module behind the leading-axes convention.

    Members are vectorised with :mod:`torch.func`.

    Parameters
    ----------
    module : Module
        Maps ``(batch, *input_shape)`` to ``(batch, features)``.
    input_shape : tuple of int
        Shape of one row.
    dtype : torch.dtype
        Type to which the module's parameters are converted, in place.

    Raises
    ------
    InputError
        If the module fails on two or three rows of zeros or returns another shape.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import UserEncoder
    >>> body = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh())
    >>> encoder = UserEncoder(body, (3,), torch.float32)
    >>> encoder.out_features, encoder.can_stack()
    (8, True)
    >>> encoder(torch.zeros(5, 3)).shape
    torch.Size([5, 8])
    """

    def __init__(
        self, module: nn.Module, input_shape: Sequence[int], dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.module = module.to(dtype)
        self._row_shape = tuple(input_shape)
        self._row_dims = len(input_shape)
        # Lazy modules learn their shapes from the probe.
        self.out_features = self._probe((2, *input_shape), dtype)
        # A batch of another size, in case the module knows one only.
        self._probe((3, *input_shape), dtype)
        parameters = list(module.parameters())
        self.solo_dims = parameters[0].dim() if parameters else 0

    def _probe(self, shape: tuple[int, ...], dtype: torch.dtype) -> int:
        was_training = self.module.training
        self.module.eval()
        wanted = f"a 2-D tensor ({shape[0]}, features)"
        try:
            with torch.no_grad():
                found = self.module(torch.zeros(shape, dtype=dtype))
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            raise InputError(
                f"`encoder` must map a batch of shape {shape} to {wanted}; "
                f"it failed on such a batch: {error}"
            ) from error
        finally:
            self.module.train(was_training)
        kind = tuple(found.shape) if isinstance(found, Tensor) else type(found)
        if not isinstance(found, Tensor) or found.dim() != 2 or len(found) != shape[0]:
            raise InputError(
                f"`encoder` must map a batch of shape {shape} to {wanted}; "
                f"found {kind}. Flatten its output to (batch, features)."
            )
        return int(found.shape[1])

    def forward(self, x: Tensor, random: MemberRandom | None = None) -> Tensor:
        """Compute the representation.

        Parameters
        ----------
        x : Tensor of shape (*members, batch, *row)
            Features; without member axes all members see the same rows.
        random : MemberRandom, optional
            Not used: the module draws from torch's own generators, if it does.

        Returns
        -------
        Tensor of shape (*members, batch, out_features)
            What the module makes of each member's rows.
        """
        parameters: dict[str, Tensor] = dict(self.module.named_parameters())
        first = next(iter(parameters.values()), None)
        if first is None or first.dim() == self.solo_dims:
            leading = x.shape[: x.dim() - self._row_dims - 1]
            if not leading:
                return self.module(x)
            flat = self.module(x.flatten(0, len(leading)))
            return flat.unflatten(0, x.shape[: len(leading) + 1])
        shared = x.dim() == self._row_dims + 1
        return _members_at_once(self.module, parameters, x, shared)

    def can_stack(self) -> bool:
        """Whether members can be vectorised.

        Random layers, running statistics and weights that go by two names cannot;
        such members train one after another.

        Returns
        -------
        bool
            True if :func:`torch.func.vmap` can run the module in training mode.
        """
        # A copy, since running statistics may move before they are found out.
        module = copy.deepcopy(self.module).train()
        names = list(module.named_parameters(remove_duplicate=False))
        if len(names) > len(list(module.parameters())):
            return False  # a stack would give members to one of the names only
        parameters = {
            name: torch.stack([value.detach()] * 2)
            for name, value in module.named_parameters()
        }
        if not parameters:
            return not list(module.buffers())
        some = next(iter(parameters.values()))
        x = some.new_zeros(2, *self._row_shape)
        try:
            _members_at_once(module, parameters, x, shared=True)
        except RuntimeError:
            return False
        return True


def _members_at_once(
    module: nn.Module, parameters: dict[str, Tensor], x: Tensor, shared: bool
) -> Tensor:
    def one_member(values: dict[str, Tensor], rows: Tensor) -> Tensor:
        output: Tensor = torch.func.functional_call(module, values, (rows,))
        return output

    in_dims = (0, None if shared else 0)
    joint: Tensor = torch.func.vmap(one_member, in_dims=in_dims)(parameters, x)
    return joint
