"""Layers of a task's network.

Those with sparse weights keep activations in memory features first: then every weight
moves a whole row of the batch, and elementwise modules leave the order as it is.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from skmtl.exceptions import InputError

__all__ = [
    "BiasMap",
    "SelectFeatures",
    "SparseLinear",
    "TargetUnits",
    "TransposedLinear",
    "row_pieces",
]

# Numbers that sparse layers read at once. More of them leave the processor's cache;
# fewer take longer to hand over.
_CACHED = 200_000
_FEW_ROWS = 64


class SelectFeatures(nn.Module):
    """Reads some of the features.

    Parameters
    ----------
    index : int Tensor of shape (n_read,)
    """

    index: Tensor

    def __init__(self, index: Tensor) -> None:
        super().__init__()
        self.register_buffer("index", index.to(torch.int32))

    def forward(self, x: Tensor) -> Tensor:
        """Pick the features."""
        return x.index_select(-1, self.index)


class BiasMap(nn.Module):
    """Adds a picture to each channel.

    Parameters
    ----------
    offset : Tensor of shape (channels, height, width)
    """

    def __init__(self, offset: Tensor) -> None:
        super().__init__()
        self.offset = nn.Parameter(offset)

    def forward(self, x: Tensor) -> Tensor:
        """Add it."""
        return x + self.offset


class SparseLinear(nn.Module):
    """A linear layer that keeps only weights that are not zero, in compressed rows.

    Its parameters are ordinary dense tensors. Torch's own sparse tensors took about
    twice the time, and warn that they are in beta.

    Parameters
    ----------
    weight : Tensor of shape (n_out, n_read)
        Weights of the features that are read; zeros are left out.
    bias : Tensor of shape (n_out,)
    reads : bool Tensor of shape (n_in,)
        Which features these are.
    """

    columns: Tensor
    starts: Tensor

    def __init__(self, weight: Tensor, bias: Tensor, reads: Tensor) -> None:
        super().__init__()
        units, places = weight.nonzero(as_tuple=True)
        counts = torch.bincount(units, minlength=len(weight))
        starts = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        self.in_features, self.out_features = len(reads), len(weight)
        self.values = nn.Parameter(weight[units, places])
        self.bias = nn.Parameter(bias.clone())
        columns = reads.nonzero()[:, 0][places]
        self.register_buffer("columns", columns.to(torch.int32))
        self.register_buffer("starts", starts.to(torch.int32))

    def dense(self) -> dict[str, Tensor]:
        """Parameters to make the layer of, by name."""
        columns, counts = self.columns.long(), self.starts.diff().long()
        reads = torch.zeros(self.in_features, dtype=torch.bool, device=columns.device)
        reads[columns] = True
        places = (reads.cumsum(0) - 1)[columns]
        weight = self.values.new_zeros(self.out_features, int(reads.sum()))
        units = torch.arange(self.out_features, device=columns.device)
        weight[units.repeat_interleave(counts), places] = self.values.detach()
        return {"weight": weight, "bias": self.bias.detach(), "reads": reads}

    def forward(self, x: Tensor) -> Tensor:
        """Compute ``x @ weight.T + bias``.

        Parameters
        ----------
        x : Tensor of shape (..., in_features)

        Returns
        -------
        Tensor of shape (..., out_features)
        """
        if x.shape[-1] != self.in_features:
            raise InputError(
                f"`x` must have {self.in_features} features, those of the rows in "
                f"`fit`; found {x.shape[-1]}."
            )
        if x.dim() != 2:
            rows = self(x.reshape(-1, self.in_features))
            return rows.reshape(*x.shape[:-1], self.out_features)
        pieces = (x,) if x.T.is_contiguous() else row_pieces(x, self.in_features)
        bags = [self._bags(rows) for rows in pieces]
        found = bags[0] if len(bags) == 1 else torch.cat(bags, 1)
        return found.add_(self.bias[:, None]).T

    def _bags(self, x: Tensor) -> Tensor:
        """Sums of the weighted features, ``(out_features, n_rows)``."""
        # A unit is a bag of its inputs, each of them a row of the batch.
        return F.embedding_bag(
            self.columns,
            _features_first(x),
            self.starts,
            mode="sum",
            per_sample_weights=self.values,
            include_last_offset=True,
        )

    def extra_repr(self) -> str:
        """Sizes, for ``repr``."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"n_kept={len(self.values)}"
        )


class TransposedLinear(nn.Linear):
    """A linear layer that is fast between layers whose activations lie transposed."""

    def forward(self, input: Tensor) -> Tensor:
        """Compute ``input @ weight.T + bias``."""
        if input.dim() != 2:
            return super().forward(input)
        return torch.addmm(self.bias[:, None], self.weight, input.T).T


class TargetUnits(nn.Module):
    """Brings a target back into its own units, in double precision.

    Of a target with a large offset single precision has few digits to tell its values
    apart. Neither number is a tensor, so that no conversion of a network rounds it.

    Parameters
    ----------
    scale, location : float
        The target is ``x * scale + location``.
    """

    def __init__(self, scale: float, location: float) -> None:
        super().__init__()
        self.scale, self.location = scale, location

    def forward(self, x: Tensor) -> Tensor:
        """Scale and shift.

        Parameters
        ----------
        x : Tensor of shape (..., 1)

        Returns
        -------
        float64 Tensor of shape (..., 1)
        """
        return x.double() * self.scale + self.location

    def extra_repr(self) -> str:
        """Both numbers, for ``repr``."""
        return f"scale={self.scale:g}, location={self.location:g}"


def row_pieces(x: Tensor, n_features: int) -> tuple[Tensor, ...]:
    """Cut a batch into pieces that fit the cache, the last of them perhaps short.

    Parameters
    ----------
    x : Tensor of shape (n_rows, ...)
    n_features : int
        The most that a layer reads of a row.

    Returns
    -------
    tuple of Tensor
        Pieces of rows. Their lengths, but for the last, are odd multiples of 16: a
        whole number of vector registers, and features that lie a power of two apart
        would fight for the same places of the cache.
    """
    most = max(_CACHED // max(n_features, 1), _FEW_ROWS)
    if len(x) < most + 32:  # a piece that was cut before is not cut again
        return (x,)
    n_pieces = math.ceil(len(x) / most)
    if torch.jit.is_tracing():
        return x.chunk(n_pieces)  # a trace takes any number that makes as many pieces
    sixteens = math.ceil(len(x) / n_pieces / 16)
    return x.split(16 * (sixteens | 1))


def _features_first(x: Tensor) -> Tensor:
    """The transposed rows, contiguous."""
    if x.T.is_contiguous() or not x.numel():
        return x.T.contiguous()
    # Shuffling the channels of a single pixel is the same, and four times faster.
    n_rows, n_features = x.shape
    size = x.numel()
    pixel = x.contiguous().as_strided((1, size, 1, 1), (size, 1, size, size))
    return F.channel_shuffle(pixel, n_rows).reshape(n_features, n_rows)
