"""What a fitted network computes: codes, probabilities, the representation."""

import math

import numpy as np
import torch
from scipy.special import expit, softmax
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skmtl._base._representation import chunk_rows, representation, side_by_side
from skmtl._base._scale import check_range
from skmtl._validation import check_features
from skmtl.engine import as_tensor
from skmtl.exceptions import InputError

__all__ = ["PredictionMixin"]

_CPU = torch.device("cpu")


class PredictionMixin(ClassNamePrefixFeaturesOutMixin, TransformerMixin):
    """Passes of a fitted network over new rows, in chunks."""

    def _check_X(self, X):
        check_is_fitted(self, "net_")
        X = check_features(
            self,
            X,
            reset=False,
            image=self.encoder != "mlp",
            row_shape=self._input_shape,
        )
        check_range(X, self.net_.settings.dtype)
        return X

    def _predict_codes(self, X):
        """Codes ``(n_samples, n_tasks)``: class positions or standardised values."""
        X = self._check_X(X)
        codes = np.empty((len(X), self.n_tasks_))
        continuous = np.array([not s.is_classification for s in self._targets.specs])
        for rows, outputs in self._outputs(X):
            if len(outputs) == 1:
                chosen = self._most_likely(outputs[0])
            else:
                chosen = self._most_likely_on_average(outputs)
            values = outputs[..., 0].mean(0).T
            codes[rows] = np.where(continuous, values, chosen)
        return codes

    def _most_likely(self, logits):
        """Positions of the classes, ``(rows, n_tasks)``."""
        binary = np.array([spec.kind == "binary" for spec in self._targets.specs])
        return np.where(binary, logits[..., 0].T > 0, logits.argmax(-1).T)

    def _most_likely_on_average(self, outputs):
        """Positions of the classes by the mean probability over members."""
        chosen = np.zeros((outputs.shape[2], self.n_tasks_))
        for task, spec in enumerate(self._targets.specs):
            if spec.is_classification:
                chosen[:, task] = _class_shares(spec, outputs[:, task]).argmax(1)
        return chosen

    def _predict_moments(self, X):
        """Mean and standard deviation over members of standardised values."""
        X = self._check_X(X)
        values = [outputs[..., 0] for _, outputs in self._outputs(X)]
        by_draw = np.concatenate(values, axis=-1)
        members = math.prod(self.net_.module_.members)
        by_member = by_draw.reshape(-1, members, *by_draw.shape[1:]).mean(0)
        return by_member.mean(0).T, by_member.std(0).T

    def _outputs(self, X):
        """Iterate over slices and outputs (members, n_tasks, rows, n_outputs_max)."""
        network = self.net_.module_
        invalid = ~network.valid.cpu().numpy()[:, None, :]
        step = max(chunk_rows(self.net_) // self._n_draws, 1)
        for start in range(0, len(X), step):
            rows = slice(start, min(start + step, len(X)))
            outputs = self._pass(as_tensor(X[rows], _CPU)).cpu().numpy()
            yield (
                rows,
                np.where(invalid, -np.inf, outputs.reshape(-1, *outputs.shape[-3:])),
            )

    # Passes of each row through the heads, for methods that average over noise.
    _n_draws = 1

    def _pass(self, x):
        """Outputs ([n_draws,] *members, n_tasks, rows, n_outputs_max).

        Draws of a method's noise are averaged as members are.
        """
        return self.net_.outputs(x)

    def _probabilities(self, X):
        """One array ``(n_samples, n_classes)`` per task, None for regression."""
        X = self._check_X(X)
        specs = self._targets.specs
        found = [
            np.empty((len(X), spec.n_classes)) if spec.is_classification else None
            for spec in specs
        ]
        for rows, outputs in self._outputs(X):
            for task, (spec, own) in enumerate(zip(specs, found, strict=True)):
                if spec.is_classification:
                    own[rows] = _class_shares(spec, outputs[:, task])
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
            The encoder's output, without noise; those of the members of an ensemble
            side by side. In double precision where X is read so.
        """
        return self._represent(X)

    def _represent(self, X):
        """What :meth:`transform` returns, as an array whatever the output is set to."""
        X = self._check_X(X)
        return side_by_side(representation(self.net_, X), X)

    def _task_index(self, task):
        """Index of a task that a user names, or gives as a number."""
        names = self.task_names_
        if isinstance(task, str) and task in names:
            return names.index(task)
        number = isinstance(task, int | np.integer) and not isinstance(task, bool)
        if number and 0 <= task < len(names):
            return int(task)
        raise InputError(
            f"`task` must be one of the names {names}, or an index below {len(names)}; "
            f"found {task!r}."
        )

    @property
    def _n_features_out(self):
        network = self.net_.module_
        return network.encoder.out_features * math.prod(network.members)


def _class_shares(spec, outputs):
    """Class probabilities, averaged over members: ``(rows, n_classes)``."""
    if spec.kind == "binary":
        logits = outputs[..., 0].astype(float)
        return expit(np.stack([-logits, logits], axis=-1)).mean(0)
    return softmax(outputs[..., : spec.n_classes].astype(float), axis=-1).mean(0)
