"""Errors and warnings of skmtl, one family each.

Every error derives from :class:`SkmtlError` and from the built-in that
scikit-learn would raise in its place, so both ``except`` styles work.
"""

__all__ = [
    "CollapseWarning",
    "ConvergenceError",
    "EnsembleWarning",
    "FeatureScaleWarning",
    "InputError",
    "InterruptedFitWarning",
    "PersistenceError",
    "RareClassWarning",
    "SkmtlError",
    "SkmtlWarning",
    "TargetError",
    "TaskGroupWarning",
    "TaskTypeWarning",
    "UnlabelledTaskWarning",
]


class SkmtlError(Exception):
    """Base of all errors raised by skmtl."""


class InputError(SkmtlError, ValueError):
    """The features, the weights or a parameter do not fit the rules."""


class TargetError(SkmtlError, ValueError):
    """The targets do not fit the rules; the message names the task."""


class ConvergenceError(SkmtlError, RuntimeError):
    """Training met a non-finite loss; the message names epoch, task and remedy."""


class PersistenceError(SkmtlError, ValueError):
    """An estimator cannot be saved, or a file cannot be loaded."""


class SkmtlWarning(UserWarning):
    """Base of all warnings raised by skmtl."""


class TaskTypeWarning(SkmtlWarning):
    """The kind of a task, guessed or given, deserves a second look."""


class TaskGroupWarning(SkmtlWarning):
    """Tasks were left alone, or joined only because they had to be; it says why."""


class UnlabelledTaskWarning(SkmtlWarning):
    """A task has no observed label, or none to rank, and is left out of a score."""


class RareClassWarning(SkmtlWarning):
    """A class or a task has fewer labels than folds, or too few to be learnt from."""


class CollapseWarning(SkmtlWarning):
    """Hardly anything reaches a task: its channel closed, or its masks are empty."""


class FeatureScaleWarning(SkmtlWarning):
    """Features are of a size at which networks learn badly; the message names them."""


class EnsembleWarning(SkmtlWarning):
    """The members of an ensemble start alike and may differ little."""


class InterruptedFitWarning(SkmtlWarning):
    """Training was interrupted; the last finished epoch is kept."""
