"""What a fitted network computes: codes, probabilities, the representation."""

import numpy as np
import torch
from scipy.special import expit
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skmtl._base._evidence import representation
from skmtl._validation import check_features
from skmtl.engine import as_tensor
from skmtl.exceptions import InputError

__all__ = ["PredictionMixin", "check_row_shape"]

_CHUNK = 8192
_CPU = torch.device("cpu")


def check_row_shape(X, fitted):
    """Refuse pictures of another shape with as many pixels.

    Parameters
    ----------
    X : ndarray
    fitted : tuple of int
        Shape of one row in fit.

    Raises
    ------
    InputError
    """
    if X.shape[1:] != fitted:
        raise InputError(
            f"Rows of X must have the shape they had in fit, {fitted}; found "
            f"{X.shape[1:]}."
        )


class PredictionMixin(ClassNamePrefixFeaturesOutMixin, TransformerMixin):
    """Passes of a fitted network over new rows, in chunks."""

    def _check_X(self, X):
        check_is_fitted(self, "net_")
        X = check_features(self, X, reset=False, image=self.encoder != "mlp")
        check_row_shape(X, self._input_shape)
        return X

    def _predict_codes(self, X):
        """Codes ``(n_samples, n_tasks)``: class positions or standardised values."""
        X = self._check_X(X)
        codes = np.empty((len(X), self.n_tasks_))
        continuous = np.array([not s.is_classification for s in self._targets.specs])
        binary = np.array([s.kind == "binary" for s in self._targets.specs])
        for rows, outputs in self._outputs(X):
            single = outputs[..., 0].T
            codes[rows] = outputs.argmax(-1).T
            codes[rows] = np.where(binary, single > 0, codes[rows])
            codes[rows] = np.where(continuous, single, codes[rows])
        return codes

    def _outputs(self, X):
        """Iterate over ``(slice, outputs (n_tasks, rows, n_outputs_max))``."""
        invalid = ~self.net_.module_.valid.cpu().numpy()[:, None, :]
        for start in range(0, len(X), _CHUNK):
            rows = slice(start, min(start + _CHUNK, len(X)))
            outputs = self.net_.outputs(as_tensor(X[rows], _CPU)).cpu().numpy()
            yield rows, np.where(invalid, -np.inf, outputs)

    def _probabilities(self, X):
        """One array ``(n_samples, n_classes)`` per task, None for regression."""
        X = self._check_X(X)
        specs = self._targets.specs
        found = [
            np.empty((len(X), spec.n_classes)) if spec.is_classification else None
            for spec in specs
        ]
        for rows, outputs in self._outputs(X):
            for spec, own, logits in zip(specs, found, outputs, strict=True):
                if spec.kind == "binary":
                    logit = logits[:, 0].astype(float)
                    own[rows] = expit(np.column_stack([-logit, logit]))
                elif spec.is_classification:
                    own[rows] = _softmax(logits[:, : spec.n_classes])
        return found

    def transform(self, X):
        """Compute the shared representation.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features, as in :meth:`fit`.

        Returns
        -------
        Z : ndarray of shape (n_samples, latent)
            The encoder's output, without noise.
        """
        X = self._check_X(X)
        return representation(self.net_, X)

    @property
    def _n_features_out(self):
        return self.net_.module_.encoder.out_features


def _softmax(logits):
    shifted = logits - logits.max(1, keepdims=True)
    weights = np.exp(shifted.astype(float))
    return weights / weights.sum(1, keepdims=True)
