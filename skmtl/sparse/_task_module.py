"""The network of one task, and the file it is kept in."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, safe_open, save
from torch import Tensor, nn

from skmtl.exceptions import PersistenceError
from skmtl.persistence._archive import TASK_FORMAT, holds_estimator, write_file

from ._packing import pack, unpack, unpack_flags
from ._task_layers import BiasMap, SelectFeatures, SparseLinear, TransposedLinear

__all__ = ["MODULES", "TaskModule", "load_task"]

MODULES: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
}
_FORMAT = f"{TASK_FORMAT} 1"
# Places that a module may have beside those that a file holds.
_SPARE = 2**16


class TaskModule(nn.Sequential):
    """The network of one task, made by ``export_task`` of a sparse estimator.

    A plain chain of modules of torch. It maps rows to logits, one per class, or one in
    all for two classes; or to a real target, in its own units.

    Parameters
    ----------
    *args : Module
        The modules of the chain, in their order.

    Attributes
    ----------
    task : str
        Name of the task.
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
        """
        return super().forward(x).contiguous()

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
            If the network holds a module of the user's.
        """
        tensors = self._packed()
        kind = next(iter(self.parameters())).dtype
        about = {
            "task": self.task,
            "shared_bytes": self.shared_bytes,
            "dtype": str(kind).removeprefix("torch."),
            "modules": [_described(own) for own in self],
        }
        data = save(tensors, {"format": _FORMAT, "about": json.dumps(about)})
        write_file(Path(path), lambda file: file.write(data))

    def _packed(self) -> dict[str, Tensor]:
        """The tensors of the file."""
        return {
            f"{place}.{name}.{kind}": value
            for place, part in enumerate(self)
            for name, own in _held(part).items()
            for kind, value in pack(own.cpu()).items()
        }


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
    if about["dtype"] not in ("float32", "float64"):
        raise ValueError(f"dtype {about['dtype']!r}")
    dtype = getattr(torch, about["dtype"])
    parts = [
        _filled(own, tensors, str(place), dtype)
        for place, own in enumerate(about["modules"])
    ]
    module = TaskModule(*parts)
    module.task, module.shared_bytes = str(about["task"]), int(about["shared_bytes"])
    return module.eval().requires_grad_(False)


# ---- modules


def _described(module: nn.Module) -> list[Any]:
    """A module of the package's chains as plain values."""
    if isinstance(module, nn.Linear):
        return [type(module).__name__, module.in_features, module.out_features]
    if isinstance(module, nn.Conv2d):
        return [
            "Conv2d",
            module.in_channels,
            module.out_channels,
            module.kernel_size[0],
        ]
    if isinstance(module, nn.Unflatten):
        return ["Unflatten", int(module.unflattened_size[1])]
    name = type(module).__name__
    if isinstance(module, SparseLinear):
        n_read = len(module.columns.unique())
        return [name, module.out_features, n_read, module.in_features]
    if isinstance(module, BiasMap):
        return [name, *module.offset.shape]
    if isinstance(module, SelectFeatures):
        return [name, len(module.index)]
    known = {type(make()).__name__ for make in MODULES.values()}
    if name in known | {"Flatten", "MaxPool2d"}:
        return [name]
    raise PersistenceError(
        f"The network of the task holds a {name} of the user's, which a file that runs "
        "no code when it is read cannot keep. Use torch.save."
    )


def _held(module: nn.Module) -> dict[str, Tensor]:
    """What a file keeps of a module."""
    if isinstance(module, SparseLinear):
        return module.dense()
    return dict(module.state_dict())


def _filled(
    values: list[Any], tensors: dict[str, Tensor], start: str, dtype: torch.dtype
) -> nn.Module:
    """A module with the numbers of the file."""
    name, *sizes = values
    counts = [int(size) for size in sizes]
    # A file cannot ask for more memory than it holds places.
    held = sum(
        own.nbytes for key, own in tensors.items() if key.startswith(f"{start}.")
    )
    sparse = name == "SparseLinear"
    places = [math.prod(counts[:2]), counts[2]] if sparse else [math.prod(counts)]
    if max(places) > max(8 * held, _SPARE):
        raise ValueError(f"module {start}.{name} of size {counts}")
    if sparse:
        weight = unpack(f"{start}.weight", tensors, tuple(counts[:2]))
        bias = unpack(f"{start}.bias", tensors, (counts[0],))
        reads = unpack_flags(f"{start}.reads", tensors, counts[2])
        return SparseLinear(weight, bias, reads).to(dtype)
    module = _made(name, counts).to(dtype)
    state = {
        own: unpack(f"{start}.{own}", tensors, value.shape)
        for own, value in module.state_dict().items()
    }
    module.load_state_dict(state)
    return module


def _made(name: str, counts: list[int]) -> nn.Module:
    makers: dict[str, Callable[..., nn.Module]] = {
        "Linear": nn.Linear,
        "TransposedLinear": TransposedLinear,
        "Conv2d": lambda n, m, size: nn.Conv2d(n, m, size, padding=size // 2),
        "Unflatten": lambda height: nn.Unflatten(1, (1, height)),
        "Flatten": lambda: nn.Flatten(1),
        "MaxPool2d": lambda: nn.MaxPool2d(2),
        "BiasMap": lambda *shape: BiasMap(torch.zeros(shape)),
        "SelectFeatures": lambda n: SelectFeatures(torch.zeros(n)),
        **{type(make()).__name__: make for make in MODULES.values()},
    }
    return makers[name](*counts)
