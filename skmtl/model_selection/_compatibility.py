"""The one place that imports what scikit-learn's searches keep private."""

from sklearn.base import _fit_context as fit_context
from sklearn.metrics._scorer import _MultimetricScorer as MultimetricScorer
from sklearn.model_selection._validation import (
    _insert_error_scores as insert_error_scores,
)
from sklearn.model_selection._validation import _score as score
from sklearn.model_selection._validation import (
    _warn_or_raise_about_fit_failures as warn_or_raise_about_fit_failures,
)
from sklearn.utils.metaestimators import _safe_split as safe_split
from sklearn.utils.validation import _check_method_params as check_method_params

__all__ = [
    "MultimetricScorer",
    "check_method_params",
    "fit_context",
    "insert_error_scores",
    "safe_split",
    "score",
    "warn_or_raise_about_fit_failures",
]
