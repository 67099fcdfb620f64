"""Pictures that show two things at once, a task for each."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch, check_random_state

from skmtl.datasets._checks import check_boolean, check_integer, check_real
from skmtl.datasets._class_subsets import encode_classes
from skmtl.datasets._resizing import resize
from skmtl.exceptions import InputError, TargetError

_COMBINE = ("maximum", "sum", "mean")
# Pictures laid out at once, which bounds the memory of their canvases.
_CHUNK = 2048


def make_overlaid_images(
    X: Any,
    y: Any,
    *,
    n_samples: int | None = None,
    shift: float = 2 / 7,
    jitter: float = 0.5,
    size: int | tuple[int, int] | None = None,
    combine: str = "maximum",
    distinct: bool = True,
    random_state: Any = None,
) -> Bunch:
    """Overlay pairs of pictures: one task asks for each.

    Each new picture is a larger canvas with one picture towards its top left corner
    and another towards its bottom right, made smaller again. The first task asks for
    the class of the one, the second for that of the other. Made from MNIST with the
    defaults this is MultiMNIST: digits of 28x28 pixels on a canvas of 36x36, each up
    to four pixels from its corner, resized to 28x28.

    Parameters
    ----------
    X : array-like of shape (n_images, height, width) or (n_images, side * side)
        Pictures in grey; flat ones are square.
    y : array-like of shape (n_images,)
        Class of each picture, numbers or strings, without missing values.
    n_samples : int, default=None
        Number of pictures to make; None makes as many as there are in `X`.
    shift : float, default=2/7
        By how much the canvas is larger than a picture, as a fraction of its height
        and width, rounded to pixels. 0 lays the pictures on top of each other, and
        nothing tells the tasks apart.
    jitter : float, default=0.5
        How far a picture may lie from its corner, in [0, 0.5], as a fraction of the
        room that `shift` leaves, rounded down to pixels. Places are drawn uniformly,
        on each axis on its own. At 0 all pictures lie in the corners.
    size : int or (int, int), default=None
        Height and width of the new pictures; None takes those of `X`.
    combine : {"maximum", "sum", "mean"}, default="maximum"
        What a pixel becomes where two pictures meet. The sum is cut off at the
        largest value of `X`. Around a picture the canvas is 0.
    distinct : bool, default=True
        Whether the two pictures are always of different classes, as in MultiMNIST.
        The two tasks are then not quite independent.
    random_state : int, RandomState instance or None, default=None
        Seed of the pairs and of the places.

    Returns
    -------
    tasks : :class:`~sklearn.utils.Bunch`
        data : ndarray of shape (n_samples, height, width)
            The new pictures, of the type of `X`; integers are rounded. Reshape them
            to (n_samples, height * width) for estimators with ``encoder="mlp"``.
        target : ndarray of shape (n_samples, 2)
            Classes of the picture at the top left and of that at the bottom right.
        task_names : list of str
            "top_left" and "bottom_right".
        source : ndarray of int, shape (n_samples, 2)
            The rows of `X` that were laid over each other. Each row is first equally
            often (but for one).
        offset : ndarray of int, shape (n_samples, 2, 2)
            Row and column of the canvas at which each of the two begins.

    Raises
    ------
    InputError
        If `X` does not hold pictures of numbers, differs from `y` in length, or a
        parameter lies outside its range.
    TargetError
        If `y` is not one-dimensional, has missing values, or a single class although
        the two are to be `distinct`.

    See Also
    --------
    make_grouped_tasks : Several questions about one picture.

    Notes
    -----
    Overlay training and test pictures separately, so that no picture is in both.
    Pictures are resized by the triangle filter, widened where they shrink, which is
    bilinear interpolation with anti-aliasing.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmtl.datasets import make_overlaid_images
    >>> digits = load_digits()
    >>> tasks = make_overlaid_images(
    ...     digits.images, digits.target, n_samples=500, random_state=0
    ... )
    >>> tasks.data.shape
    (500, 8, 8)
    >>> bool((digits.target[tasks.source] == tasks.target).all())
    True
    """
    pictures = _check_pictures(X)
    codes, _ = encode_classes(pictures, y)
    if n_samples is None:
        n_samples = len(pictures)
    n_samples = check_integer("n_samples", n_samples, 1)
    shape = pictures.shape[1:]
    share = check_real("shift", shift, 0.0)
    margin = np.array([round(share * side) for side in shape])
    reach = np.floor(check_real("jitter", jitter, 0.0, 0.5) * margin).astype(np.intp)
    new_shape = _check_size(size, shape)
    if combine not in _COMBINE:
        raise InputError(
            f"Parameter `combine` must be one of {', '.join(map(repr, _COMBINE))}. "
            f"Found {combine!r}."
        )
    distinct = check_boolean("distinct", distinct)
    random_state = check_random_state(random_state)
    source = _draw_pairs(codes, n_samples, distinct, random_state)
    wander = random_state.randint(reach + 1, size=(n_samples, 2, 2))
    offset = np.stack([wander[:, 0], margin - wander[:, 1]], axis=1)
    data = np.empty((n_samples, *new_shape), dtype=pictures.dtype)
    for start in range(0, n_samples, _CHUNK):
        rows = slice(start, start + _CHUNK)
        canvas = _overlay(pictures, source[rows], offset[rows], margin, combine)
        data[rows] = _as_type(resize(canvas, new_shape), pictures.dtype)
    return Bunch(
        data=data,
        target=np.asarray(y)[source],
        task_names=["top_left", "bottom_right"],
        source=source,
        offset=offset,
    )


def _check_pictures(X: Any) -> NDArray:
    pictures = np.asarray(X)
    if pictures.dtype.kind not in "uif" or pictures.size == 0:
        raise InputError(
            f"`X` must hold numbers, at least one picture. Found dtype "
            f"{pictures.dtype} and shape {pictures.shape}."
        )
    if pictures.ndim == 2:
        side = round(pictures.shape[1] ** 0.5)
        if side * side == pictures.shape[1]:
            return pictures.reshape(-1, side, side)
    if pictures.ndim != 3:
        raise InputError(
            "`X` must be of shape (n_images, height, width), or (n_images, side * "
            f"side) for square pictures. Found shape {pictures.shape}; reshape it, "
            "and turn colours into grey."
        )
    return pictures


def _check_size(size: Any, shape: tuple[int, ...]) -> tuple[int, int]:
    if size is None:
        return shape[0], shape[1]
    if not isinstance(size, (tuple, list)):
        size = (size, size)
    if len(size) != 2:
        raise InputError(
            "Parameter `size` must be one integer, or a height and a width. "
            f"Found {size!r}."
        )
    return check_integer("size", size[0], 1), check_integer("size", size[1], 1)


def _draw_pairs(
    codes: NDArray[np.intp],
    n_samples: int,
    distinct: bool,
    random_state: np.random.RandomState,
) -> NDArray[np.intp]:
    """Pair rows at random; the first of a pair runs through permutations of all."""
    n_images = len(codes)
    rounds = -(-n_samples // n_images)
    first = np.concatenate([random_state.permutation(n_images) for _ in range(rounds)])
    first = first[:n_samples]
    if not distinct:
        return np.column_stack([first, random_state.randint(n_images, size=n_samples)])
    count = np.bincount(codes)
    if len(count) < 2:
        raise TargetError(
            "`y` must hold two classes or more, so that a pair may show different "
            "ones. Found one; pass `distinct=False` to pair rows of the same class."
        )
    # Rows sorted by class, with the class of the first one skipped.
    by_class = np.argsort(codes, kind="stable")
    own_start = (np.cumsum(count) - count)[codes[first]]
    own_count = count[codes[first]]
    place = random_state.randint(n_images - own_count)
    return np.column_stack(
        [first, by_class[np.where(place < own_start, place, place + own_count)]]
    )


def _overlay(
    pictures: NDArray,
    source: NDArray[np.intp],
    offset: NDArray[np.intp],
    margin: NDArray[np.intp],
    combine: str,
) -> NDArray:
    """Lay each pair on a canvas of its own."""
    height, width = pictures.shape[1:]
    kind = np.result_type(pictures.dtype, np.float32)
    layers = np.zeros((2, len(source), height + margin[0], width + margin[1]), kind)
    image = np.arange(len(source))[:, np.newaxis, np.newaxis]
    for layer, rows, place in zip(layers, source.T, offset.swapaxes(0, 1), strict=True):
        down = place[:, 0, np.newaxis, np.newaxis] + np.arange(height)[:, np.newaxis]
        across = place[:, 1, np.newaxis, np.newaxis] + np.arange(width)
        layer[image, down, across] = pictures[rows]
    if combine == "maximum":
        return layers.max(axis=0)
    total: NDArray = layers.sum(axis=0)
    return total / 2 if combine == "mean" else np.minimum(total, pictures.max())


def _as_type(values: NDArray, dtype: np.dtype) -> NDArray:
    return (np.rint(values) if dtype.kind in "ui" else values).astype(dtype)
