"""The channels and their price without a graph."""

from collections.abc import Callable

from torch import Tensor, nn

from skmtl.nn import DirectPass, MemberRandom, MLPEncoder, TaskHeads

from ._price import Prices, closed_price_terms

__all__ = ["DirectBottleneck"]


class DirectBottleneck(DirectPass):
    """The pass of a network whose tasks have a channel each.

    A head reads its channel as ``W (z + sigma * eps) = W z + (W * sigma) eps``: what
    a task receives is never formed, and members that share their noise pass it
    through one product.

    Parameters
    ----------
    encoder : MLPEncoder
    heads : TaskHeads
    log_variance : Parameter of shape (*members, n_tasks, latent)
        Of the noise.
    prices : callable
        Tells the present prices of a nat.
    """

    def __init__(
        self,
        encoder: MLPEncoder,
        heads: TaskHeads,
        log_variance: nn.Parameter,
        prices: Callable[[], Prices],
    ) -> None:
        super().__init__(encoder, heads)
        self.log_variance = log_variance
        self.prices = prices

    def decode(self, z: Tensor, random: MemberRandom | None) -> Tensor:
        assert random is not None, "the direct pass is for training"
        weight = self.heads.weight
        self._level = (0.5 * self.log_variance).exp()
        self._noise = random.normal((weight.shape[-3], *z.shape[-2:]), z.dtype)
        noisy = _task_products(
            weight * self._level.unsqueeze(-2), self._noise.transpose(-1, -2)
        )
        return (self.read(z) + noisy).transpose(-1, -2)

    def decode_gradient(
        self, z: Tensor, gradient: Tensor, row_weight: Tensor | None
    ) -> Tensor:
        by_z = super().decode_gradient(z, gradient, row_weight)
        weight, noise = self.heads.weight, self.log_variance
        through_noise = _task_products(gradient.transpose(-1, -2), self._noise)
        assert weight.grad is not None
        weight.grad.addcmul_(through_noise, self._level.unsqueeze(-2))
        by_level = (weight * through_noise).sum(-2)
        _, price_by_z, price_by_noise = closed_price_terms(
            z, noise, row_weight, self.prices()
        )
        noise.grad = price_by_noise.addcmul_(by_level, self._level, value=0.5)
        return by_z.add_(price_by_z)


def _task_products(own: Tensor, shared: Tensor) -> Tensor:
    """Products task by task, ``(*members, n_tasks, n, k)`` by ``(..., k, m)``.

    The second factor may be shared by the members of the last axis, whose products
    are then one.
    """
    members = own.shape[:-3]
    if not members or shared.shape[-4] == members[-1]:
        return own @ shared
    side_by_side = own.movedim(-4, -3).flatten(-3, -2)
    joint = side_by_side @ shared.squeeze(-4)
    return joint.unflatten(-2, (members[-1], -1)).movedim(-3, -4)
