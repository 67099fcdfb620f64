"""What the gradients of a window of steps tell of the tasks: the paper's way."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["GradientCapture", "SketchPoints"]

# From so many tasks on, gradients are kept as sketches of so many numbers.
_MANY_TASKS = 20
_SKETCH_SIZE = 512


class _CountSketch:
    """A fixed random projection that adds up signed entries in few places."""

    def __init__(self, like: Tensor) -> None:
        n_entries = like.shape[-1] * like.shape[-2]
        # Fixed, so that a member's sketch does not depend on its neighbours.
        random = torch.Generator().manual_seed(0)
        places = torch.randint(_SKETCH_SIZE, (n_entries,), generator=random)
        signs = torch.randint(2, (n_entries,), generator=random) * 2 - 1
        self._places = places.to(like.device)
        self._signs = signs.to(like)

    def __call__(self, gradient: Tensor) -> Tensor:
        flat = gradient.flatten(-2) * self._signs
        sketch = flat.new_zeros(*flat.shape[:-1], _SKETCH_SIZE)
        return sketch.index_add_(-1, self._places, flat)


class _Seen(nn.Module):
    """Keeps one tensor of what it hears, and makes its projection anew in copies."""

    seen: Tensor | None

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", None)
        self._sketch: _CountSketch | None = None

    def __getstate__(self) -> dict[str, Any]:
        # A copy may go on elsewhere.
        return {**self.__dict__, "_sketch": None}

    @property
    def member_buffers(self) -> tuple[str, ...]:
        """Names of what each member has for itself."""
        return () if self.seen is None else ("seen",)

    def sketch(self, gradient: Tensor) -> Tensor:
        """Few numbers for each slice of a gradient."""
        if self._sketch is None:
            self._sketch = _CountSketch(gradient)
        return self._sketch(gradient)


class GradientCapture(_Seen):
    """Adds up gradients of the first branch layer, step by step.

    Parameters
    ----------
    representation : {"mean", "gram", "tensor_train"}
        What becomes of the gradient of each task and step. "mean" adds up the
        gradients themselves, or their sketches where tasks are many. "gram" adds up
        ``G G'``. "tensor_train" factorises each gradient, and compares the factors of
        two tasks step by step.
    rank : int
        Of the tensor train.
    reshape : tuple of int, or None
        Shape of the tensor that the gradient is factorised as; None for the matrix.
    """

    def __init__(
        self, representation: str, rank: int, reshape: tuple[int, ...] | None
    ) -> None:
        super().__init__()
        self._representation = representation
        self._rank, self._reshape = rank, reshape

    def add(self, gradient: Tensor) -> None:
        """Hear of a step.

        Parameters
        ----------
        gradient : Tensor of shape (*members, n_tasks, d1, d0)
            One slice per task.
        """
        if self._representation == "gram":
            own = gradient @ gradient.transpose(-1, -2)
        elif self._representation == "tensor_train":
            factors = self._factors(gradient)
            own = factors @ factors.transpose(-1, -2)
        elif gradient.shape[-3] >= _MANY_TASKS:
            own = self.sketch(gradient)
        else:
            own = gradient.flatten(-2)
        self.seen = own.clone() if self.seen is None else self.seen.add_(own)

    def _factors(self, gradient: Tensor) -> Tensor:
        """Joined and normalised cores of every task, ``(*members, n_tasks, size)``."""
        from tensorly.decomposition import tensor_train

        shape = self._reshape or gradient.shape[-2:]
        rank = [1, *[self._rank] * (len(shape) - 1), 1]
        cores = []
        for own in gradient.flatten(0, -3).cpu().numpy():
            with np.errstate(over="ignore", invalid="ignore"):
                length = np.linalg.norm(own)
            if not np.isfinite(length):
                # The training is about to fail; whatever tells why shall do so.
                own = np.zeros_like(own)
            parts = _without_rounding(tensor_train(own.reshape(shape), rank=rank))
            joint = np.concatenate([core.ravel() for core in parts])
            cores.append(joint / (np.linalg.norm(joint) or 1))
        stacked = torch.as_tensor(np.array(cores), device=gradient.device)
        return stacked.unflatten(0, gradient.shape[:-2])

    def similarity(self) -> np.ndarray:
        """Compare the tasks by what has added up.

        Returns
        -------
        ndarray of shape (*members, n_tasks, n_tasks)
            In [0, 1]: cosines of ``G G'``, which have no sign; squared cosines
            otherwise.
        """
        assert self.seen is not None
        total = self.seen.to(torch.float64)
        if self._representation == "tensor_train":
            products = total
        else:
            flat = total.flatten(-2) if self._representation == "gram" else total
            products = flat @ flat.transpose(-1, -2)
        power = products.diagonal(dim1=-2, dim2=-1).clamp_min(1e-300)
        cosine = products / (power.unsqueeze(-1) * power.unsqueeze(-2)).sqrt()
        if self._representation != "gram":
            cosine = cosine.square()
        # Tasks without a gradient are like none.
        found: np.ndarray = cosine.nan_to_num(0.0).clamp(0, 1).cpu().numpy()
        return found


def _without_rounding(cores: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Empty the slices of a tensor train that belong to singular values of nothing.

    Their directions are rounding: those of a gradient of zero are the axes, the same
    for all tasks.
    """
    found = [np.array(core) for core in cores]
    rest = found[-1].reshape(len(found[-1]), -1)
    for place in range(len(found) - 2, -1, -1):
        # All cores but the last are orthonormal, so these are the singular values.
        values = np.linalg.norm(rest, axis=1)
        core = found[place]
        size = max(core.shape[0] * core.shape[1], rest.shape[1])
        empty = values <= values.max() * size * np.finfo(core.dtype).eps
        core[..., empty] = 0
        found[place + 1][empty] = 0
        rest = np.tensordot(core, rest, 1).reshape(len(core), -1)
    return found


class SketchPoints(_Seen):
    """Keeps a sketch of every task's gradient at every step."""

    def add(self, gradient: Tensor) -> None:
        """Hear of a step; the gradient is ``(*members, n_tasks, d1, d0)``."""
        own = self.sketch(gradient).unsqueeze(-3)
        self.seen = own if self.seen is None else torch.cat([self.seen, own], -3)

    @property
    def n_steps(self) -> int:
        """Steps that were heard of."""
        return 0 if self.seen is None else self.seen.shape[-3]

    def points(self) -> np.ndarray:
        """All sketches, ``(*members, n_steps, n_tasks, size)``."""
        assert self.seen is not None
        found: np.ndarray = self.seen.cpu().numpy()
        return found
