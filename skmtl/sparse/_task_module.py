"""The network of one task, and the file it is kept in."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, safe_open, save
from torch import Tensor, nn

from skmtl.exceptions import InputError, PersistenceError
from skmtl.persistence._archive import TASK_FORMAT, holds_estimator, write_file

from ._packing import pack
from ._task_layers import SparseLinear, row_pieces
from ._task_parts import described, filled, held_tensors

__all__ = ["TaskModule", "load_task"]

_FORMAT = f"{TASK_FORMAT} 1"
# Types of the numbers that a file keeps.
_TYPES = ("float64", "float32", "bfloat16", "float16")


class TaskModule(nn.Sequential):
    """The network of one task, made by ``export_task`` of a sparse estimator.

    A plain chain of modules of torch. It maps rows to logits, one per class, or one in
    all for two classes; or to a real target, in its own units. Where these lie so far
    from zero that single precision would lose digits, its last module computes in
    double precision.

    Parameters
    ----------
    *args : Module
        The modules of the chain, in their order.

    Attributes
    ----------
    task : str
        Name of the task.
    row_shape : tuple of int
        Of the rows that it reads; empty if they may have any.
    shared_bytes : int
        Size of the network that it was cut out of, with the head of this task alone.

    Examples
    --------
    >>> import torch
    >>> from skmtl import FisherSparseMTLClassifier
    >>> from skmtl.datasets import load_grouped_digits
    >>> X, y = load_grouped_digits(return_X_y=True)
    >>> est = FisherSparseMTLClassifier(keep_ratio=0.1, max_epochs=20, random_state=0)
    >>> module = est.fit(X, y).export_task(0)
    >>> shares = module(torch.from_numpy(X[:5])).softmax(-1)
    >>> bool(abs(shares.numpy() - est.predict_proba(X[:5])[0]).max() < 1e-5)
    True
    >>> sizes = module.sizes()
    >>> sizes["packed"] < sizes["plain"] < sizes["shared"]
    True
    """

    task = ""
    row_shape: tuple[int, ...] = ()
    shared_bytes = 0

    def forward(self, x: Tensor) -> Tensor:
        """Compute logits, or targets.

        Parameters
        ----------
        x : Tensor of shape (n_samples, n_features)
            Rows, or of pictures' shape.

        Returns
        -------
        Tensor of shape (n_samples, n_outputs)
            Logits, or targets in their own units.

        Raises
        ------
        InputError
            If rows are no tensor, or have another shape or type than the network.
        """
        _check_rows(x, self.row_shape)
        try:
            return self._pass(x)
        except RuntimeError as error:
            own = next(self.parameters()).dtype
            if x.dtype == own:
                raise
            raise InputError(
                f"`x` must be of the type of the network, {own}; found {x.dtype}. "
                "Convert either of them with `.to`."
            ) from error

    def _pass(self, x: Tensor) -> Tensor:
        """All modules; those after a sparse one find its output in the cache."""
        step = super().forward
        widths = [own.in_features for own in self if isinstance(own, SparseLinear)]
        if len(widths) < 2 or x.dim() != 2:
            return step(x).contiguous()
        return torch.cat([step(rows) for rows in row_pieces(x, max(widths))])

    def sizes(self) -> dict[str, int]:
        """Tell sizes of the network, in bytes.

        Returns
        -------
        dict of str to int
            "shared": of the network it was cut out of, with one head. "plain": of this
            module. "packed": of its numbers as :meth:`save` writes them.
        """
        return {
            "shared": self.shared_bytes,
            "plain": sum(own.nbytes for own in self.state_dict().values()),
            "packed": sum(own.nbytes for own in self._packed().values()),
        }

    def save(self, path: Any) -> None:
        """Write a file that runs no code when it is read; see :func:`load_task`.

        Zeros take one bit each.

        Parameters
        ----------
        path : str or path-like
            The file; an existing one is replaced in one step, or kept if saving fails.

        Raises
        ------
        PersistenceError
            If the network holds a module of the user's, or numbers of another type than
            float64, float32, bfloat16 and float16.
        """
        kind = str(next(iter(self.parameters())).dtype).removeprefix("torch.")
        if kind not in _TYPES:
            raise PersistenceError(
                f"A file keeps numbers of the types {list(_TYPES)}; found {kind}. "
                "Convert the network with `.to` before saving."
            )
        tensors = self._packed()
        about = {
            "task": self.task,
            "row_shape": self.row_shape,
            "shared_bytes": self.shared_bytes,
            "dtype": kind,
            "modules": [described(own) for own in self],
        }
        data = save(tensors, {"format": _FORMAT, "about": json.dumps(about)})
        write_file(Path(path), lambda file: file.write(data))

    def _packed(self) -> dict[str, Tensor]:
        """The tensors of the file."""
        return {
            f"{place}.{name}.{kind}": value
            for place, part in enumerate(self)
            for name, own in held_tensors(part).items()
            for kind, value in pack(own.cpu()).items()
        }


@torch.fx.wrap
def _check_rows(x: Tensor, wanted: tuple[int, ...]) -> None:
    """Whether rows have the shape of those in `fit`; one step of a traced network."""
    if torch.jit.is_tracing():
        # A comparison would be taken for a constant, with a warning.
        return
    if not isinstance(x, Tensor):
        raise InputError(
            f"`x` must be a tensor of torch; found {type(x).__name__}. Pass "
            "torch.from_numpy(x) of an array, torch.from_numpy(x.to_numpy()) of a "
            "data frame, or torch.tensor(x) of a list."
        )
    n_axes = len(wanted)
    same = x.shape[x.dim() - n_axes :] == wanted
    # Tables may have any number of leading axes, stacks of pictures one.
    if n_axes > 1:
        same = same and x.dim() == n_axes + 1
    if not same:
        raise InputError(
            f"`x` must have rows of shape {wanted}, those of the rows in `fit`; "
            f"found an array of shape {tuple(x.shape)}."
        )


def load_task(path: Any) -> TaskModule:
    """Read the network of one task from a file.

    Parameters
    ----------
    path : str or path-like
        Written by :meth:`TaskModule.save`.

    Returns
    -------
    TaskModule
        On the CPU.

    Raises
    ------
    PersistenceError
        If it is no such file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import torch
    >>> from skmtl import RandomSparseMTLRegressor
    >>> from skmtl.sparse import load_task
    >>> X = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    >>> est = RandomSparseMTLRegressor(max_epochs=2, random_state=0).fit(X, X[:, :2])
    >>> module = est.export_task("task_1")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "task.safetensors"
    ...     module.save(path)
    ...     same = load_task(path)
    >>> torch.equal(same(X), module(X))
    True
    """
    if Path(path).is_dir():
        raise PersistenceError(f"{str(path)!r} is a folder. Name a file in it.")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
        tensors = load_file(path)
        if metadata.get("format") != _FORMAT:
            raise ValueError("it has another format")
        about = json.loads(metadata["about"])
        module = _rebuilt(about, tensors)
    except FileNotFoundError:
        raise
    except (SafetensorError, LookupError, RuntimeError, TypeError, ValueError) as error:
        if holds_estimator(path):
            raise PersistenceError(
                f"{path} holds an estimator, not the network of one task. Read it with "
                "`skmtl.load`; `export_task(...).save(path)` writes the network."
            ) from error
        raise PersistenceError(
            f"{path} holds no task's network of skmtl, or is damaged: {error!r}. Write "
            "it anew with `export_task(...).save(path)`."
        ) from error
    return module


def _rebuilt(about: dict[str, Any], tensors: dict[str, Tensor]) -> TaskModule:
    if about["dtype"] not in _TYPES:
        raise ValueError(f"dtype {about['dtype']!r}")
    dtype = getattr(torch, about["dtype"])
    parts = [
        filled(own, tensors, str(place), dtype)
        for place, own in enumerate(about["modules"])
    ]
    module = TaskModule(*parts)
    module.task, module.shared_bytes = str(about["task"]), int(about["shared_bytes"])
    module.row_shape = tuple(int(own) for own in about["row_shape"])
    return module.eval().requires_grad_(False)
