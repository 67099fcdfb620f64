"""What one task predicts."""

from dataclasses import dataclass

import numpy as np

__all__ = ["TASK_KINDS", "TaskSpec"]

TASK_KINDS = ("binary", "multiclass", "continuous", "ranking")


@dataclass(frozen=True, eq=False)
class TaskSpec:
    """Kind, classes and target scaling of one task.

    Two specifications are equal when all their values are equal, classes
    included.

    Parameters
    ----------
    name : str
        Name of the task.
    kind : {"binary", "multiclass", "continuous", "ranking"}
        "binary" has two classes, "multiclass" more than two; "continuous" has a real
        target, and of that of "ranking" only the order counts.
    classes : ndarray of shape (n_classes,) or None, default=None
        Sorted classes in the data type of the user's labels; None for real
        targets.
    location, scale : float, default=0.0, 1.0
        A continuous target y is encoded as ``(y - location) / scale``. Units of y.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.tasks import TaskSpec
    >>> spec = TaskSpec("colour", "multiclass", np.array(["blue", "green", "red"]))
    >>> spec.n_outputs, spec.n_classes, spec.is_classification
    (3, 3, True)
    >>> TaskSpec("weight", "continuous", location=70.0, scale=12.5).n_outputs
    1
    """

    name: str
    kind: str
    classes: np.ndarray | None = None
    location: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in TASK_KINDS:
            raise ValueError(
                f"`kind` of task {self.name!r} must be one of {TASK_KINDS}; "
                f"found {self.kind!r}."
            )
        expected = {"binary": self.n_classes == 2, "multiclass": self.n_classes > 2}
        if not expected.get(self.kind, self.classes is None):
            raise ValueError(
                f"`classes` of task {self.name!r} do not fit kind {self.kind!r}; "
                f"found {self.classes!r}."
            )

    @property
    def is_classification(self) -> bool:
        """Whether the task has classes."""
        return self.kind in ("binary", "multiclass")

    @property
    def is_ranking(self) -> bool:
        """Whether the task orders rows, so that its loss compares them."""
        return self.kind == "ranking"

    @property
    def n_classes(self) -> int:
        """Number of classes; 1 for a real target."""
        return 1 if self.classes is None else len(self.classes)

    @property
    def n_outputs(self) -> int:
        """Number of values a head returns: one per class, but one logit if binary."""
        return self.n_classes if self.kind == "multiclass" else 1

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TaskSpec):
            return NotImplemented
        return self._scalars() == other._scalars() and _same_classes(
            self.classes, other.classes
        )

    def __hash__(self) -> int:
        return hash(self._scalars())

    def _scalars(self) -> tuple[str, str, float, float]:
        return self.name, self.kind, self.location, self.scale


def _same_classes(first: np.ndarray | None, second: np.ndarray | None) -> bool:
    if first is None or second is None:
        return first is second
    return first.dtype == second.dtype and np.array_equal(first, second)
