"""Fisher information of any network, from per-row gradients."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_random_state
from torch import Tensor, nn

from ..exceptions import InputError
from ._likelihood import FISHER_KINDS, likelihood_gradients
from ._random import MemberRandom
from ._recording import evaluating
from ._row_squares import frozen_run, module_squares
from ._summed import squared_sums

__all__ = ["fisher_information"]

_KINDS = (*FISHER_KINDS, "batch")
_LIKELIHOODS = ("auto", "multiclass", "binary", "continuous")


def fisher_information(
    module: nn.Module,
    x: Any,
    y: Any = None,
    *,
    kind: str = "predicted",
    reduction: str = "mean",
    likelihood: str = "auto",
    sigma: float | Tensor | None = None,
    sample_weight: Any = None,
    random_state: Any = None,
    megabytes: float = 32.0,
) -> dict[str, Tensor]:
    """Compute the diagonal of the Fisher information, in squared nats.

    How much the likelihood of what a network says depends on each of its parameters:
    squares of gradients of single rows, summed or averaged over the rows.

    Parameters
    ----------
    module : Module
        Maps ``(batch, ...)`` to logits or means ``(batch, n_outputs)``. It is used in
        evaluation mode and left as it was.
    x : Tensor or array-like of shape (n_samples, ...)
        Rows. A tensor must be of the type and on the device of the module; what is
        none becomes one, whole numbers staying whole.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), optional
        Class codes 0, 1, ..., labels 0 and 1, or values; NaN where missing. Read by
        "label" and "batch" only, where missing labels, and rows without any, count for
        nothing.
    kind : {"exact", "predicted", "sampled", "label", "batch"}, default="predicted"
        Whose likelihood is differentiated. "exact": that of every label, squares
        weighted by the label's probability (eq. 9 of [1]_). "predicted": that of the
        likeliest label (eq. 10). "sampled": that of a label drawn from the network's
        distribution. "label": that of the given label, the empirical Fisher. "batch":
        the square of the gradient of the given labels' loss over *all* rows (as
        algorithm 2 is printed), which is no Fisher information.
    reduction : {"mean", "sum"}, default="mean"
        Whether to average over rows or to add; of "batch", the loss.
    likelihood : {"auto", "multiclass", "binary", "continuous"}, default="auto"
        What the outputs are: logits of classes, one logit for each of independent
        binary labels, or means of Gaussians. "auto" means Gaussians if ``sigma`` is
        given, else binary for one output and classes for more.
    sigma : float or Tensor of shape (n_outputs,), optional
        Standard deviation of the Gaussians, 1 by default.
    sample_weight : array-like of shape (n_samples,), optional
        Weight of each row in sum or mean.
    random_state : int, RandomState instance or None, default=None
        Source of the labels of "sampled".
    megabytes : float, default=32.0
        About how much memory to use beside the result; more rows pass in chunks.

    Returns
    -------
    dict of str to Tensor
        For each name of ``module.named_parameters()`` a tensor of that parameter's
        shape, zero or larger.

    Raises
    ------
    InputError
        If an argument breaks its rule, or rows influence each other.

    Notes
    -----
    Linear and Conv2d layers have closed forms, other layers of torch use
    :mod:`torch.func` layer by layer, and parameters that are read in other ways (by
    layers of your own, layers that run twice, tied weights) use it on the whole
    network, which is slower.

    For Gaussians "predicted" would be zero, since a likelihood is flat at its mean;
    it is the exact Fisher there, ``(df)^2 / sigma^2``.

    References
    ----------
    .. [1] "Learning Multi-Task Sparse Representation Based on Fisher Information",
       AAAI 2024.

    Examples
    --------
    >>> import torch
    >>> from skmtl.nn import fisher_information
    >>> network = torch.nn.Linear(2, 1)
    >>> _ = torch.nn.init.zeros_(network.weight), torch.nn.init.zeros_(network.bias)
    >>> x = torch.tensor([[1.0, 0.0], [3.0, 2.0]])
    >>> fisher = fisher_information(network, x, kind="exact")
    >>> fisher["weight"]  # p (1 - p) is a quarter, on average over the rows
    tensor([[1.2500, 0.5000]])
    """
    if not isinstance(module, nn.Module):
        raise InputError(
            f"`module` must be a torch Module, whose parameters are asked about; found "
            f"a {type(module).__name__}. Make it part of a torch.nn.Module."
        )
    _check_choice("kind", kind, _KINDS)
    _check_choice("reduction", reduction, ("mean", "sum"))
    _check_choice("likelihood", likelihood, _LIKELIHOODS)
    x = _as_rows(x, module)
    asked = _Question(module, x, likelihood, sigma)
    weight = asked.row_weight(sample_weight)
    codes = draws = known = None
    if kind in ("label", "batch"):
        codes = asked.codes(y, kind)
        known = ~codes.isnan()
        weight = weight * known.any(-1)
        codes = codes.nan_to_num()
    elif kind == "sampled":
        draws = asked.draws(random_state)
    # Squares bring the weight back; the gradient of a loss has it as it is.
    factor = (weight if kind == "batch" else weight.sqrt())[:, None]

    def pull(outputs: Tensor, rows: slice) -> Iterator[Iterator[Tensor]]:
        found = likelihood_gradients(
            outputs,
            asked.family,
            "label" if kind == "batch" else kind,
            codes=None if codes is None else codes[rows],
            draws=None if draws is None else draws[rows],
            sigma=asked.sigma,
        )
        own = factor[rows] if known is None else factor[rows] * known[rows]
        yield (gradient * own for gradient in found)

    numbers = int(megabytes * 2**20 / weight.element_size())
    compute = squared_sums if kind == "batch" else module_squares
    (found,) = compute(module, x, pull, numbers=numbers)
    if reduction == "sum":
        return found
    total = weight.sum()
    total = torch.where(total > 0, total, 1)
    divisor = total.square() if kind == "batch" else total
    return {name: value / divisor.to(value.dtype) for name, value in found.items()}


class _Question:
    """What the outputs mean, and labels, draws and weights in their form."""

    def __init__(
        self,
        module: nn.Module,
        x: Tensor,
        likelihood: str,
        sigma: float | Tensor | None,
    ) -> None:
        two = x[[0, len(x) - 1]]
        with evaluating(module), torch.no_grad():
            outputs = frozen_run(module)(dict(module.named_parameters()), two)
        if not isinstance(outputs, Tensor) or outputs.dim() != 2:
            shape = tuple(getattr(outputs, "shape", ()))
            raise InputError(
                "`module` must map (batch, ...) to outputs (batch, n_outputs); two "
                f"rows gave {type(outputs).__name__} of shape {shape}. Wrap it in a "
                "module that gives such a tensor."
            )
        self._outputs, self._n_rows = outputs, len(x)
        n_outputs = outputs.shape[1]
        if likelihood == "auto":
            likelihood = "binary" if n_outputs == 1 else "multiclass"
            likelihood = "continuous" if sigma is not None else likelihood
        elif sigma is not None and likelihood != "continuous":
            raise InputError(
                f"`sigma` is for likelihood='continuous'; found {likelihood!r}. Leave "
                "one of them out."
            )
        self.family = likelihood
        self.sigma = (
            outputs.new_tensor(1.0) if sigma is None else self._tensor("sigma", sigma)
        )
        if not bool((self.sigma > 0).all()) or self.sigma.shape not in (
            (),
            (n_outputs,),
        ):
            raise InputError(
                f"`sigma` must be positive, one number or {n_outputs}; found {sigma}."
            )
        self._columns = 1 if likelihood == "multiclass" else n_outputs

    def _tensor(self, name: str, values: Any) -> Tensor:
        out = self._outputs
        if not isinstance(values, Tensor):
            values = _numbers(name, values)
        return values.to(out.device, out.dtype)

    def row_weight(self, sample_weight: Any) -> Tensor:
        """Weights of the rows, one by default."""
        if sample_weight is None:
            return self._outputs.new_ones(self._n_rows)
        weight = self._tensor("sample_weight", sample_weight)
        if weight.shape != (self._n_rows,) or not bool((weight >= 0).all()):
            raise InputError(
                f"`sample_weight` must hold {self._n_rows} numbers, zero or larger; "
                f"found shape {tuple(weight.shape)}, least "
                f"{float(weight.min()) if weight.numel() else None}."
            )
        return weight

    def codes(self, y: Any, kind: str) -> Tensor:
        """Labels with one column for each that a row has."""
        if y is None:
            raise InputError(
                f"kind={kind!r} needs labels `y`; found None. Pass them, or use "
                "kind='predicted'."
            )
        codes = self._tensor("y", y)
        codes = codes[:, None] if codes.dim() == 1 else codes
        if codes.shape != (self._n_rows, self._columns):
            raise InputError(
                f"`y` must have {self._n_rows} rows and {self._columns} column(s); "
                f"found shape {tuple(codes.shape)}."
            )
        n_classes = {"multiclass": self._outputs.shape[1], "binary": 2}
        if self.family in n_classes:
            known = codes[~codes.isnan()]
            most = n_classes[self.family] - 1
            if bool(((known < 0) | (known > most) | (known != known.round())).any()):
                raise InputError(
                    f"`y` must hold class codes 0 to {most}, or NaN; found "
                    f"{known.min():g} to {known.max():g}."
                )
        return codes

    def draws(self, random_state: Any) -> Tensor:
        """Random numbers for each label, the same for every size of chunk."""
        seed = int(check_random_state(random_state).randint(2**31))
        random = MemberRandom(seed, self._outputs.device)
        draw = random.normal if self.family == "continuous" else random.uniform
        return draw((self._n_rows, self._columns), self._outputs.dtype)


def _as_rows(x: Any, module: nn.Module) -> Tensor:
    """Rows as a tensor that the module can read."""
    if not isinstance(x, Tensor):
        x = _numbers("x", x)
        like = next(module.parameters(), x)
        x = x.to(like.device, like.dtype if x.is_floating_point() else x.dtype)
    if x.dim() == 0 or len(x) == 0:
        raise InputError(
            "`x` needs at least one row, shape (n_samples, ...); found "
            f"{tuple(x.shape)}."
        )
    return x.detach()


def _numbers(name: str, values: Any) -> Tensor:
    """A tensor of its own, of what is none: arrays, frames, lists."""
    array = np.asarray(values)
    try:
        if array.dtype.kind == "O":
            # None among numbers is a missing label.
            array = array.astype(np.float64)
        return torch.tensor(array)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"`{name}` must hold numbers; found {type(values).__name__} of "
            f"{array.dtype}. Encode it first."
        ) from error


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(f"`{name}` must be one of {allowed}; found {value!r}.")
