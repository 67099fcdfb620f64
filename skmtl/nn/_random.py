"""Random numbers for members: every member owns its generator."""

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["MemberRandom"]


class MemberRandom:
    """One generator per member, so that no member's draws depend on another's.

    Parameters
    ----------
    seeds : int or sequence of int
        One seed for a single network, or one per member of a stack.
    device : torch.device or str, default="cpu"
        Where the numbers are drawn.

    Attributes
    ----------
    members : tuple of int
        The leading axes of every draw: ``()`` for a single network, else ``(M,)``.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import MemberRandom
    >>> both = MemberRandom([3, 4]).normal((5,), torch.float32)
    >>> both.shape
    torch.Size([2, 5])
    >>> alone = MemberRandom(4).normal((5,), torch.float32)
    >>> torch.equal(both[1], alone)
    True
    """

    def __init__(
        self, seeds: int | Sequence[int], device: torch.device | str = "cpu"
    ) -> None:
        single = isinstance(seeds, int)
        listed = [seeds] if isinstance(seeds, int) else list(seeds)
        self.members: tuple[int, ...] = () if single else (len(listed),)
        self.device = torch.device(device)
        self.generators = [
            torch.Generator(self.device).manual_seed(int(seed)) for seed in listed
        ]

    def normal(self, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        """Draw standard normal numbers.

        Parameters
        ----------
        shape : sequence of int
            Shape of each member's draw.
        dtype : torch.dtype
            Type of the result; the numbers are drawn in single precision.

        Returns
        -------
        Tensor of shape (*members, *shape)
            Each member's part comes from its own generator.
        """
        draws = self._empty(shape)
        for part, generator in self._parts(draws):
            part.normal_(generator=generator)
        return draws.to(dtype)

    def uniform(self, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        """Draw numbers uniform on [0, 1).

        Parameters
        ----------
        shape : sequence of int
            Shape of each member's draw.
        dtype : torch.dtype
            Type of the result; the numbers are drawn in single precision.

        Returns
        -------
        Tensor of shape (*members, *shape)
            Each member's part comes from its own generator.
        """
        draws = self._empty(shape)
        for part, generator in self._parts(draws):
            part.uniform_(generator=generator)
        return draws.to(dtype)

    def _empty(self, shape: Sequence[int]) -> Tensor:
        # Noise needs no more than single precision, and double draws are four times
        # slower.
        return torch.empty(
            (*self.members, *shape), dtype=torch.float32, device=self.device
        )

    def _parts(self, draws: Tensor) -> list[tuple[Tensor, torch.Generator]]:
        if not self.members:
            return [(draws, self.generators[0])]
        return list(zip(draws.unbind(0), self.generators, strict=True))
