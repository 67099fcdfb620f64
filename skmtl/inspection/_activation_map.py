"""Where in a picture a task looks."""

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.utils.validation import check_is_fitted

from .._base import MultiTaskEstimator
from ..engine import as_tensor
from ..exceptions import InputError
from ..nn import ConvEncoder

__all__ = ["class_activation_map"]

_CHUNK = 256
_CPU = torch.device("cpu")


def class_activation_map(estimator, X, task, class_=None):
    """Show which parts of a picture speak for a class, one map per picture.

    The feature maps of the last convolution, after pooling, are multiplied by the slope
    of the score along them and added up over channels; what speaks against the class
    is cut off, and the result is spread over the picture.

    Parameters
    ----------
    estimator : fitted estimator of skmtl
        With ``encoder="conv"``.
    X : array-like of shape (n_samples, [channels,] height, width)
        Pictures, as in ``fit``.
    task : str or int
        Name or index of a task.
    class_ : object, default=None
        One of the classes of the task. None takes the last class of a binary task,
        the most likely class of each picture of a task of more classes, and the value
        itself of a regression or ranking task, for which it must be None.

    Returns
    -------
    maps : ndarray of shape (n_samples, height, width)
        Not negative, in the unit of the score: a logit, or standard deviations of the
        target. The mean over the members of an ensemble.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    InputError
        If it has no convolutional encoder, or there is no such task or class.

    See Also
    --------
    skmtl.display.ActivationMapDisplay : Maps over their pictures.

    References
    ----------
    R. L. Draelos and L. Carin, "Use HiResCAM instead of Grad-CAM for faithful
    explanations of convolutional neural networks", 2020. Of a network that ends in a
    global average these are, up to a factor, the class activation maps of G.
    Strezoski, N. van Noord and M. Worring, "Learning Task Relatedness in Multi-Task
    Learning for Images in Context", ICMR 2019, figure 6.

    Examples
    --------
    >>> from skmtl import HardSharingClassifier
    >>> from skmtl.datasets import load_grouped_digits
    >>> from skmtl.inspection import class_activation_map
    >>> X, y = load_grouped_digits(return_X_y=True)
    >>> pictures = X.reshape(-1, 8, 8)
    >>> est = HardSharingClassifier(encoder="conv", max_epochs=2, random_state=0)
    >>> est = est.fit(pictures, y)
    >>> class_activation_map(est, pictures[:3], task=0).shape
    (3, 8, 8)
    """
    if not isinstance(estimator, MultiTaskEstimator):
        raise InputError(
            "`estimator` must be an estimator of skmtl; found "
            f"{type(estimator).__name__}."
        )
    check_is_fitted(estimator, "net_")
    network = estimator.net_.module_
    if not isinstance(network.encoder, ConvEncoder):
        raise InputError(
            "`estimator` must have encoder='conv', whose feature maps keep places; "
            f"found encoder={estimator.encoder!r}."
        )
    index = estimator._task_index(task)
    output = _output_of(estimator._targets.specs[index], class_)
    X = estimator._check_X(X)
    settings = estimator.net_.settings
    maps = [
        _maps(
            network, as_tensor(X[start : start + _CHUNK], _CPU), settings, index, output
        )
        for start in range(0, len(X), _CHUNK)
    ]
    return np.concatenate(maps)


def _output_of(spec, class_):
    """Output that stands for a class and its sign; the most likely one for None."""
    if not spec.is_classification:
        if class_ is not None:
            raise InputError(
                f"`class_` must be None for task {spec.name!r}, which has no classes; "
                f"found {class_!r}."
            )
        return 0, 1.0
    classes = spec.classes.tolist()
    if class_ is None:
        return (0, 1.0) if spec.kind == "binary" else (None, 1.0)
    if class_ not in classes:
        raise InputError(
            f"`class_` must be one of the classes {classes} of task {spec.name!r}; "
            f"found {class_!r}."
        )
    place = classes.index(class_)
    if spec.kind == "binary":
        return 0, 1.0 if place == 1 else -1.0
    return place, 1.0


def _maps(network, x, settings, task, output):
    """Maps of a chunk of pictures, ``(n_samples, height, width)``."""
    x = x.to(settings.device, settings.dtype)
    seen = []

    def remember(module, arguments):
        seen.append(arguments[0].detach().requires_grad_())
        return (seen[0], *arguments[1:])

    hook = network.encoder.dense.register_forward_pre_hook(remember)
    try:
        with torch.enable_grad():
            # A task may have a pass of its own.
            scores = network.decode(network.encode_task(task, x))[..., task, :, :]
            place, sign = output
            valid = network.valid[task]
            if place is None:
                chosen = scores.masked_fill(~valid, -torch.inf).amax(-1)
            else:
                chosen = sign * scores[..., place]
            (slope,) = torch.autograd.grad(chosen.sum(), seen[0])
    finally:
        hook.remove()
    size = x.shape[-2:]
    n_stages = len(network.encoder.convolutions)
    side = tuple(length // 2**n_stages for length in size)
    values, slope = (
        own.unflatten(-1, (-1, *side)) for own in (seen[0].detach(), slope)
    )
    maps = (slope * values).sum(-3).relu()
    maps = maps.reshape(-1, *maps.shape[-3:]).mean(0)
    spread = F.interpolate(
        maps.unsqueeze(1), size=tuple(size), mode="bilinear", align_corners=False
    )
    return spread.squeeze(1).cpu().numpy()
