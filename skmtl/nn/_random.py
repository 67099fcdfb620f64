"""Random numbers for members: every member owns its generator."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

__all__ = ["CommonRandom", "MemberRandom"]


class MemberRandom:
    """One generator per member, so that no member's draws depend on another's.

    Parameters
    ----------
    seeds : int or sequence of int
        One seed for a single network, or one per member of a stack.
    device : torch.device or str, default="cpu"
        Where the numbers are drawn.
    members : tuple of int, optional
        The leading axes of every draw, as many places as seeds; along an axis of
        length one members share their draws. By default ``()`` for a single seed,
        else ``(M,)``.

    Attributes
    ----------
    members : tuple of int
        As given.
    lengths : sequence of int, or None
        Real rows of each generator's part of a padded batch. Padding draws nothing,
        so that a member's draws are those of its own rows alone.

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
        self,
        seeds: int | Sequence[int],
        device: torch.device | str = "cpu",
        members: tuple[int, ...] | None = None,
    ) -> None:
        single = isinstance(seeds, int)
        listed = [seeds] if isinstance(seeds, int) else list(seeds)
        if members is None:
            members = () if single else (len(listed),)
        self.members = members
        self.lengths: Sequence[int] | None = None
        self.device = torch.device(device)
        self.generators = [
            torch.Generator(self.device).manual_seed(int(seed)) for seed in listed
        ]

    def normal(self, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        """Draw standard normal numbers.

        Parameters
        ----------
        shape : sequence of int
            Shape of each member's draw; the last axis but one counts the rows of the
            batch.
        dtype : torch.dtype
            Type of the result; the numbers are drawn in single precision.

        Returns
        -------
        Tensor of shape (*members, *shape)
            Each member's part comes from its own generator.
        """
        return self._draw(Tensor.normal_, shape).to(dtype)

    def uniform(self, shape: Sequence[int], dtype: torch.dtype) -> Tensor:
        """Draw numbers uniform on [0, 1).

        Parameters
        ----------
        shape : sequence of int
            Shape of each member's draw; the last axis but one counts the rows of the
            batch.
        dtype : torch.dtype
            Type of the result; the numbers are drawn in single precision.

        Returns
        -------
        Tensor of shape (*members, *shape)
            Each member's part comes from its own generator.
        """
        return self._draw(Tensor.uniform_, shape).to(dtype)

    def count_rows(self, lengths: Sequence[int] | None) -> None:
        """Hear how many rows of each dataset of the next batch are real.

        Parameters
        ----------
        lengths : sequence of int, or None
            One count per dataset, each of which serves equally many generators that
            follow each other; None without padding.
        """
        if lengths is not None:
            times = len(self.generators) // len(lengths)
            lengths = [count for count in lengths for _ in range(times)]
        self.lengths = lengths

    def _draw(self, fill: Callable[..., Tensor], shape: Sequence[int]) -> Tensor:
        # Noise needs no more than single precision, and double draws are four times
        # slower.
        draws = torch.empty(
            (*self.members, *shape), dtype=torch.float32, device=self.device
        )
        parts = draws.view(len(self.generators), *shape).unbind(0)
        nothing: list[int | None] = [None] * len(parts)
        lengths = self.lengths or nothing
        for part, generator, rows in zip(parts, self.generators, lengths, strict=True):
            if rows is None or rows == shape[-2]:
                fill(part, generator=generator)
            else:
                # Drawn apart, since the order of draws depends on the layout.
                own = part.new_empty(*shape[:-2], rows, shape[-1])
                part[..., :rows, :] = fill(own, generator=generator)
                part[..., rows:, :] = 0
        return draws


class CommonRandom(MemberRandom):
    """Draws that all rows of a batch share.

    What becomes of a row then does not depend on the rows beside it.

    Parameters
    ----------
    seeds : int or sequence of int
        As for :class:`MemberRandom`, as are the following.
    device : torch.device or str, default="cpu"
        Where the numbers are drawn.
    members : tuple of int, optional
        The leading axes of every draw.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import CommonRandom
    >>> draws = CommonRandom(0).normal((5, 2), torch.float32)
    >>> draws.shape
    torch.Size([5, 2])
    >>> bool((draws == draws[0]).all())
    True
    """

    def _draw(self, fill: Callable[..., Tensor], shape: Sequence[int]) -> Tensor:
        draws = super()._draw(fill, (*shape[:-2], 1, shape[-1]))
        return draws.expand(*draws.shape[:-2], *shape[-2:])
