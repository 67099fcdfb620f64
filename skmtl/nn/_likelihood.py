"""Derivatives of log-likelihoods by the outputs, one set for each kind of Fisher."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["FAMILIES", "FISHER_KINDS", "likelihood_gradients"]

FISHER_KINDS = ("exact", "predicted", "sampled", "label")
FAMILIES = ("multiclass", "binary", "continuous")


def likelihood_gradients(
    outputs: Tensor,
    family: str,
    kind: str = "predicted",
    *,
    codes: Tensor | None = None,
    draws: Tensor | None = None,
    sigma: float | Tensor = 1.0,
) -> Iterator[Tensor]:
    """Yield derivatives whose squares, pulled back and summed, are the Fisher.

    Parameters
    ----------
    outputs : Tensor of shape (*leading, batch, n_outputs)
        Logits, or means of a Gaussian.
    family : {"multiclass", "binary", "continuous"}
        One label out of ``n_outputs`` classes, ``n_outputs`` independent labels with a
        logit each, or ``n_outputs`` Gaussian values.
    kind : {"exact", "predicted", "sampled", "label"}, default="predicted"
        As in :func:`fisher_information`.
    codes : Tensor of shape (*leading, batch, 1) or (*leading, batch, n_outputs)
        Labels, for "label" only; class codes have one column.
    draws : Tensor, shaped as ``codes``
        For "sampled" only: uniform on [0, 1) for labels, standard normal for values.
    sigma : float or Tensor of shape (n_outputs,), default=1.0
        Standard deviation of values.

    Yields
    ------
    Tensor, shaped as ``outputs``
        One for "predicted", "sampled" and "label". For "exact" one per output, but one
        less than there are classes.

    Notes
    -----
    The exact Fisher of classes, ``sum_c p_c (e_c - p) (e_c - p)^T`` by the outputs, is
    a matrix of rank ``n_outputs - 1``; the columns of its Cholesky factor, known in
    closed form [1]_, give the same sum of squares as the classes do, with one pass
    less.

    Sums of the other classes' probabilities replace ``1 - p``, which would round to
    zero where a network is sure. Entries so small that their squares would be
    denormal numbers, which slow processors down, become zero: under 1e-15 in single
    precision.

    For values "predicted" is the exact Fisher, since a Gaussian's likelihood is flat
    at its mean.

    References
    ----------
    .. [1] Tanabe and Sagae, "An exact Cholesky decomposition and the generalized
       inverse of the variance-covariance matrix of the multinomial distribution, with
       applications", J. R. Statist. Soc. B 54, 1992.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import likelihood_gradients
    >>> logits = torch.zeros(1, 2)
    >>> list(likelihood_gradients(logits, "multiclass"))
    [tensor([[ 0.5000, -0.5000]])]
    >>> list(likelihood_gradients(logits, "multiclass", "exact"))
    [tensor([[ 0.5000, -0.5000]])]
    """
    if family == "continuous":
        yield from _of_values(outputs, kind, codes, draws, sigma)
        return
    made = _of_classes if family == "multiclass" else _of_labels
    least = torch.finfo(outputs.dtype).tiny ** 0.4
    for gradient in made(outputs, kind, codes, draws):
        yield F.hardshrink(gradient, least)


def _of_values(
    outputs: Tensor,
    kind: str,
    codes: Tensor | None,
    draws: Tensor | None,
    sigma: float | Tensor,
) -> Iterator[Tensor]:
    if kind == "label":
        assert codes is not None, "labels are given"
        yield (codes.to(outputs.dtype) - outputs) / sigma**2
    elif kind == "sampled":
        assert draws is not None, "draws are given"
        yield (draws.to(outputs.dtype) / sigma).expand_as(outputs)
    else:
        yield from _one_by_one(torch.ones_like(outputs) / sigma)


def _of_labels(
    outputs: Tensor, kind: str, codes: Tensor | None, draws: Tensor | None
) -> Iterator[Tensor]:
    positive, negative = outputs.sigmoid(), (-outputs).sigmoid()
    if kind == "exact":
        yield from _one_by_one((positive * negative).sqrt())
        return
    if kind == "predicted":
        chosen = outputs > 0
    elif kind == "sampled":
        assert draws is not None, "draws are given"
        chosen = draws.to(outputs.dtype) < positive
    else:
        assert codes is not None, "labels are given"
        chosen = codes > 0.5
    yield torch.where(chosen, negative, -positive)


def _one_by_one(values: Tensor) -> Iterator[Tensor]:
    """One column at a time, zero elsewhere."""
    for column in range(values.shape[-1]):
        single = torch.zeros_like(values)
        single[..., column] = values[..., column]
        yield single


def _of_classes(
    outputs: Tensor, kind: str, codes: Tensor | None, draws: Tensor | None
) -> Iterator[Tensor]:
    probability = outputs.softmax(-1)
    if kind == "exact":
        yield from _of_all_classes(probability)
        return
    likeliest = outputs.argmax(-1, keepdim=True)
    others = 1 - probability
    rest = probability.scatter(-1, likeliest, 0).sum(-1, keepdim=True)
    others.scatter_(-1, likeliest, rest)
    if kind == "predicted":
        chosen = likeliest
    elif kind == "sampled":
        assert draws is not None, "draws are given"
        below = probability.cumsum(-1) < draws.to(outputs.dtype)
        chosen = below.sum(-1, keepdim=True).clamp(max=outputs.shape[-1] - 1)
    else:
        assert codes is not None, "labels are given"
        chosen = codes.to(torch.int64).expand(*outputs.shape[:-1], 1)
    yield (-probability).scatter(-1, chosen, others.gather(-1, chosen))


def _of_all_classes(probability: Tensor) -> Iterator[Tensor]:
    """Columns of the Cholesky factor of a multinomial covariance, without the last."""
    # The first of these is 1, the others what earlier classes leave.
    from_own = probability.flip(-1).cumsum(-1).flip(-1)
    tiny = torch.finfo(probability.dtype).tiny
    after = from_own[..., 1:]
    share = probability[..., :-1] / from_own[..., :-1].clamp(min=tiny)
    diagonal = (share * after).sqrt()
    below = share.sqrt() / after.clamp(min=tiny).sqrt()
    for own in range(probability.shape[-1] - 1):
        column = probability * -below[..., own, None]
        column[..., :own] = 0
        column[..., own] = diagonal[..., own]
        yield column
