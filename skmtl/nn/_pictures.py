"""What the convolutional encoder asks of X."""

from ..exceptions import InputError

__all__ = ["picture_shape"]


def picture_shape(row_shape: tuple[int, ...], least: int) -> tuple[int, ...]:
    """Read the shape of a picture.

    Parameters
    ----------
    row_shape : tuple of int
        Shape of one row of X.
    least : int
        Fewest pixels of a side.

    Returns
    -------
    shape : tuple of int
        Channels, height and width.

    Raises
    ------
    InputError
        If a row is no picture, or too small a one.
    """
    if len(row_shape) not in (2, 3):
        found = ", ".join(map(str, ("n", *row_shape)))
        raise InputError(
            "encoder='conv' needs pictures, X of shape (n, height, width) or (n, "
            f"channels, height, width); found ({found}). Reshape X, or use "
            "encoder='mlp'."
        )
    depth, height, width = row_shape if len(row_shape) == 3 else (1, *row_shape)
    if min(height, width) >= least:
        return depth, height, width
    remedy = "Pass a smaller network as `encoder`."
    if len(row_shape) == 3 and width <= 4 < depth:
        remedy = (
            "If the last axis holds the channels, move it with np.moveaxis(X, -1, 1)."
        )
    raise InputError(
        f"encoder='conv' needs pictures of at least {least} x {least} pixels, since "
        f"each stage halves them; found X with pictures of {height} x {width} and "
        f"{depth} channel(s). {remedy}"
    )
