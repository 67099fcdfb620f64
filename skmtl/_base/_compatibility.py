"""The one place that imports what only some versions of scikit-learn have."""

from collections.abc import Callable
from typing import Any

from sklearn.base import _fit_context

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks

    HAS_CALLBACKS = True
except ImportError:  # scikit-learn before 1.9
    HAS_CALLBACKS = False

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stand-in without callbacks."""

    def with_callbacks(method: Callable[..., Any]) -> Callable[..., Any]:
        """Leave the method as it is."""
        return method


__all__ = ["HAS_CALLBACKS", "CallbackSupportMixin", "fit_context", "with_callbacks"]

fit_context = _fit_context
