"""Checks of features and sample weights."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import DTypeLike
from sklearn.utils.validation import check_array, validate_data

from skmtl._feature_faults import refuse_columns, refuse_dates, refuse_shape
from skmtl._naming import columns_by_name
from skmtl.exceptions import InputError

__all__ = ["check_features", "check_same_rows", "check_sample_weight"]

# Kept as they are: small integers become float32 per batch, which is exact.
_KEPT_TYPES = [
    np.float64,
    np.float32,
    np.int8,
    np.uint8,
    np.int16,
    np.uint16,
    np.bool_,
]


def check_features(
    estimator: Any,
    X: Any,
    *,
    reset: bool,
    image: bool = False,
    row_shape: tuple[int, ...] | None = None,
) -> np.ndarray:
    """Validate X and set or check the estimator's number and names of features.

    Parameters
    ----------
    estimator : BaseEstimator
        Gets `n_features_in_`, and `feature_names_in_` if X is a DataFrame.
    X : array-like of shape (n_samples, n_features), (n_samples, height, width) or \
            (n_samples, channels, height, width)
        Features; CPU tensors of torch are read without a copy.
    reset : bool
        Set the attributes (in fit) rather than compare with them.
    image : bool, default=False
        Accept 3-D and 4-D X; `n_features_in_` is then the size of one sample.
    row_shape : tuple of int, optional
        Of one row in fit; rows of X must have it too.

    Returns
    -------
    X : ndarray
        The same memory if X is an array of float64, float32, bool or an integer type
        of at most 16 bits; float32 for float16; else float64. Not necessarily
        contiguous or writeable.

    Raises
    ------
    ValueError
        If X is sparse, complex, text, empty, of wrong dimension or width, or holds
        NaN or infinity.
    """
    if X is None:
        raise InputError("X must hold features; found None.")
    X = _as_numpy(X)
    refuse_shape(X)
    refuse_dates(X)
    n_axes = getattr(X, "ndim", 2)
    if n_axes > 2 and not image:
        raise InputError(
            "X must have shape (n_samples, n_features) where `encoder` is 'mlp'; found "
            f"{X.shape}. Flatten each row with X.reshape(len(X), -1), or use "
            "encoder='conv' for pictures."
        )
    if row_shape is not None and max(n_axes - 1, len(row_shape)) > 1:
        _check_row_shape(X, row_shape)
    if n_axes <= 2:
        try:
            return validate_data(estimator, X, reset=reset, dtype=_accepted_types(X))
        except (TypeError, ValueError) as error:
            refuse_columns(X, error)
            raise
    if n_axes > 4 or 0 in X.shape[1:]:
        raise InputError(
            "X must have shape (n_samples, n_features), (n_samples, height, width) or "
            f"(n_samples, channels, height, width), none of them 0; found {X.shape}."
        )
    try:
        X = check_array(
            X,
            dtype=_accepted_types(X),
            allow_nd=True,
            estimator=estimator,
            input_name="X",
        )
    except ValueError as error:
        refuse_columns(X, error)
        raise
    # Stands for the flattened images without copying them.
    flat = np.broadcast_to(X[:1, ..., :1].ravel()[:1], (len(X), X[0].size))
    validate_data(estimator, flat, reset=reset, skip_check_array=True)
    return X


def _check_row_shape(X: Any, row_shape: tuple[int, ...]) -> None:
    """Refuse pictures of another shape, also with as many pixels."""
    if X.shape[1:] == row_shape:
        return
    remedy = "Reshape X, or fit anew."
    if X.shape == row_shape:
        remedy = "If X is a single picture, pass X[None], a batch of one."
    raise InputError(
        f"X must have the shape (n_samples, {', '.join(map(str, row_shape))}), since "
        f"rows must have the shape they had in fit; found {X.shape}. {remedy}"
    )


def _as_numpy(X: Any) -> Any:
    """Unwrap tensors and nested lists; leave data frames and sparse matrices."""
    if scipy.sparse.issparse(X) or hasattr(X, "columns") or hasattr(X, "iloc"):
        return X
    if isinstance(X, (list, tuple)) or hasattr(X, "__array__"):
        if getattr(X, "requires_grad", False):
            X = X.detach()
        X = np.asarray(X)
        if X.dtype.kind in "US":
            raise InputError(
                "X must hold numbers; found text. Encode it first, for example with "
                "sklearn.preprocessing.OneHotEncoder."
            )
    return X


def _accepted_types(X: Any) -> Any:
    """scikit-learn converts to the first type if X has none of them."""
    dtype = getattr(X, "dtype", None)
    if hasattr(X, "clear") and hasattr(X, "schema"):
        # A polars frame has no single data type but converts to one.
        dtype = X.clear().to_numpy().dtype
        return dtype if dtype in _KEPT_TYPES else np.float64
    return np.float32 if dtype == np.float16 else _KEPT_TYPES


def check_same_rows(n_rows: int, y: Any) -> None:
    """Refuse targets with another number of rows than X, whatever else is wrong.

    Parameters
    ----------
    n_rows : int
        Of X.
    y : array-like of shape (n_samples,) or (n_samples, n_tasks)
        Not validated yet; what has no length passes.

    Raises
    ------
    InputError
        If the numbers differ.
    """
    listed = isinstance(y, list | tuple)
    shape = (len(y),) if listed else getattr(y, "shape", ())
    if not shape or shape[0] in (0, n_rows):
        return
    remedy = ""
    if listed and all(np.shape(column)[:1] == (n_rows,) for column in y):
        remedy = (
            " It looks like a list of columns: put them side by side, with "
            "numpy.column_stack(y) or in a data frame."
        )
    raise InputError(
        "X and y must have equally many rows; found inconsistent numbers of samples: "
        f"{n_rows} in X and {shape[0]} in y.{remedy}"
    )


def check_sample_weight(
    sample_weight: Any,
    n_samples: int,
    n_tasks: int,
    dtype: DTypeLike,
    task_names: Sequence[str] | None = None,
) -> np.ndarray | None:
    """Validate sample weights.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), or None
        Weights of rows, or of single labels.
    n_samples, n_tasks : int
        Shape of the targets.
    dtype : dtype
        Data type of the result.
    task_names : sequence of n_tasks str, optional
        Order into which the columns of a data frame are put.

    Returns
    -------
    sample_weight : ndarray of shape (n_samples,) or (n_samples, n_tasks), or None

    Raises
    ------
    InputError
        If weights are negative, not finite, all zero, not numbers or of wrong shape,
        or in columns with other names than the tasks.
    """
    if sample_weight is None:
        return None
    if task_names is not None:
        sample_weight = columns_by_name(sample_weight, task_names, "sample_weight")
    try:
        with np.errstate(over="ignore"):
            weight = np.asarray(sample_weight).astype(np.float64).astype(dtype)
    except (TypeError, ValueError) as error:
        raise InputError(
            "`sample_weight` must hold numbers; found "
            f"{type(sample_weight).__name__} that cannot be converted: {error}"
        ) from error
    if weight.shape not in ((n_samples,), (n_samples, n_tasks)):
        raise InputError(
            f"`sample_weight` must have shape ({n_samples},) or "
            f"({n_samples}, {n_tasks}), that is (n_samples,) or (n_samples, n_tasks); "
            f"found {weight.shape}. Give one weight per row, or one per label."
        )
    bad = ~np.isfinite(weight)
    if bad.any():
        raise InputError(
            f"`sample_weight` must be finite; found {float(weight[bad][0])} among "
            f"{int(bad.sum())} such values. Use 0 to leave a row or label out."
        )
    if (weight < 0).any():
        raise InputError(
            "`sample_weight` must not be negative; found "
            f"{float(weight.min())}. Use 0 to leave a row or label out."
        )
    if not weight.any():
        raise InputError(
            "`sample_weight` must contain at least one positive weight; all weights "
            "are zero. Leave it out to weight all rows alike."
        )
    return weight
