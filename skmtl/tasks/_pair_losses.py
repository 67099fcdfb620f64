"""Loss of pairs of rows, and its derivative by the scores: the squared hinge."""

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["PairSums", "sum_pairs"]

# Pairs looked at in one go: what the cache of a processor holds, or enough to keep an
# accelerator busy, so that large batches and stacks need no more memory than that.
_MOST_PAIRS = {"cpu": 2**17}
_MOST_PAIRS_ELSEWHERE = 2**24


class PairSums(NamedTuple):
    """Sums over the pairs of each row; a pair weighs the product of its rows' weights.

    Parameters
    ----------
    losses : Tensor, shaped as the scores
        Sum of ``max(0, 1 - (f_i - f_j))^2`` over the rows j below row i.
    gradient : Tensor, shaped as the scores
        Derivative of the sum of all losses by the scores.
    weights : Tensor, shaped as the codes
        Sum of the weights of the pairs with a row below row i.
    """

    losses: Tensor
    gradient: Tensor
    weights: Tensor


def sum_pairs(
    scores: Tensor,
    codes: Tensor,
    weight: Tensor | None = None,
    task_of_row: Tensor | None = None,
) -> PairSums:
    """Compare every row with all rows of smaller codes.

    Parameters
    ----------
    scores : Tensor of shape (*members, n_tasks, batch)
        Or (*members, batch) with ``task_of_row``.
    codes : Tensor of shape ([*members,] n_tasks, batch)
        Or ([*members,] batch) with ``task_of_row``.
    weight : Tensor, shaped as ``codes``, optional
        Zero where unobserved.
    task_of_row : int Tensor, shaped as ``codes``, optional
        Only rows of the same task are compared.

    Returns
    -------
    PairSums
    """
    n_rows = scores.shape[-1]
    # Every row is read once for each other: in one piece, then, where the codes of a
    # batch lie task beside task.
    scores, codes = scores.contiguous(), codes.contiguous()
    if weight is not None:
        weight = weight.contiguous()
    most = _MOST_PAIRS.get(scores.device.type, _MOST_PAIRS_ELSEWHERE)
    step = max(most // max(scores.numel(), 1), 1)
    raised = (scores + 1).unsqueeze(-2)
    losses, slopes, weights = [], [], []
    under = torch.zeros_like(scores)
    for start in range(0, n_rows, step):
        upper = slice(start, start + step)
        above = codes[..., upper, None] > codes[..., None, :]
        if task_of_row is not None:
            above &= task_of_row[..., upper, None] == task_of_row[..., None, :]
        share = above.to(scores.dtype)
        if weight is not None:
            share *= weight[..., None, :]
            share *= weight[..., upper, None]
        hinge = (raised - scores[..., upper, None]).clamp_(min=0)
        weighed = hinge * share
        weights.append(share.sum(-1))
        slopes.append(weighed.sum(-1))
        under += weighed.sum(-2)
        losses.append(weighed.mul_(hinge).sum(-1))
    gradient = (under - torch.cat(slopes, -1)).mul_(2)
    return PairSums(torch.cat(losses, -1), gradient, torch.cat(weights, -1))
