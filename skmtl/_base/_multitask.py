"""The life of a fit, for every estimator."""

from contextlib import contextmanager

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from ..engine import train_fits
from ..exceptions import ConvergenceError, InterruptedFitWarning
from ..similarity import target_relatedness
from ._callbacks import metadata_of, open_callbacks
from ._compatibility import CallbackSupportMixin, fit_context, with_callbacks
from ._continuation import check_settled, copied_net, start_from
from ._evidence import check_grouping, read_tasks
from ._prediction import PredictionMixin
from ._prepare import prepare
from ._relations import warn_of_unrelated_tasks
from ._representation import representation_variance
from ._state import StorableMixin
from ._streaming import prepare_batches
from ._tables import settled_parameters
from ._warn import warn_user

__all__ = ["MultiTaskEstimator"]


class MultiTaskEstimator(
    CallbackSupportMixin,
    StorableMixin,
    PredictionMixin,
    BaseEstimator,
):
    """Base of all estimators; it owns a fitted skorch net as ``net_``.

    A method provides ``_build_network(context)`` and, if the network carries its own
    evidence on the tasks, ``_similarity(evidence)``. A shell provides
    ``_task_rules()``, predictions and scores.
    """

    _parameter_constraints: dict = {}
    # Whether weight_decay="auto" depends on how noisy the targets are.
    _decay_follows_noise = False

    # ---- what a method provides

    def _build_network(self, context):
        raise NotImplementedError

    def _similarity(self, evidence):
        """Similarity and distances of the tasks, by the reference measure."""
        related = target_relatedness(
            evidence.representation,
            evidence.y,
            classification=evidence.classification,
            n_permutations=0,
            random_state=evidence.random_state,
        )
        return related.similarity, 1 - related.similarity

    def _method_attributes(self, tensors):
        """Fitted attributes of the method, from its network's evidence.

        Arrays are those of one network, or have a leading axis for the members.
        """
        return {}

    def _read_tasks(self, net, data, by_member, seed):
        """Fitted attributes on how the tasks relate."""
        found = read_tasks(self, net, data, by_member, seed)
        warn_of_unrelated_tasks(found, data.encoder.task_names, self)
        return found

    # ---- fit

    @with_callbacks
    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fit the network to all tasks at once.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Or pictures of shape (n_samples, height, width) or (n_samples, channels,
            height, width), where `encoder` is not 'mlp'. Never scaled here.
        y : array-like of shape (n_samples,) or (n_samples, n_tasks)
            Targets, a column per task; NaN, None or NA where a label is missing.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
default=None
            Weights of rows, or of single labels; weight zero is as good as missing.
            Columns of a DataFrame go by name.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data or parameters do not fit the rules; the estimator stays as it
            was.
        ConvergenceError
            If the loss is not finite; the estimator stays as it was.
        """
        with self._all_or_nothing():
            prepared = prepare(
                self,
                X,
                y,
                sample_weight,
                random_state=check_random_state(self.random_state),
            )
            if self.warm_start and hasattr(self, "net_"):
                start_from(self, prepared)
            self._train_and_finish(prepared, X, y)
        return self

    @with_callbacks
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on a batch of data, at a constant learning rate.

        Task similarity and groups are read from the rows of the last call; one without
        any label leaves the estimator as it is. Parameters that the network was built
        of, `optimizer` and `precision` must stay what they were in the first call.
        So do location and scale of targets: let it hold labels like those to come.

        Parameters
        ----------
        X, y : array-like
            As in :meth:`fit`.
        classes : array-like, list of array-like, or dict, default=None
            All classes of the task, or of each task, in order or by name (None for a
            regression). Needed on the first call where the data do not show them all.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), \
default=None
            Weights of rows, or of single labels; weight zero is as good as missing.

        Returns
        -------
        self : object
            The estimator.
        """
        with self._all_or_nothing():
            going_on = hasattr(self, "net_")
            if going_on:
                check_settled(self)
            offset = self.n_iter_ if going_on else 0
            random_state = check_random_state(self.random_state)
            if going_on and isinstance(self.random_state, int | np.integer):
                # Later calls need other batches than the first one.
                random_state = np.random.RandomState([int(self.random_state), offset])
            prepared = prepare(
                self,
                X,
                y,
                sample_weight,
                random_state=random_state,
                classes=classes,
                fitted_encoder=self._targets if going_on else None,
                network=self.net_.module_ if going_on else None,
                one_epoch=True,
            )
            if prepared is None:
                return self
            net = copied_net(self.net_) if going_on else None
            self._train_and_finish(prepared, X, y, net=net)
            self.n_iter_ = offset + self.n_iter_
        return self

    @with_callbacks
    @fit_context(prefer_skip_nested_validation=True)
    def fit_batches(self, batches, classes=None):
        """Fit to data that come in batches, larger than memory perhaps.

        The batches are run through once to learn the tasks and then once per epoch;
        each batch with a label is one step of the optimiser. Task similarity is read
        from an even sample of at most 5,000 rows.

        Parameters
        ----------
        batches : torch Dataset, DataLoader, or iterable of (X, y)
            Something that can be run through many times. A Dataset of single rows
            is cut into batches of `batch_size` (128 if 'auto').
        classes : array-like, list of array-like, or dict, default=None
            All classes of the task, or of each task.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        with self._all_or_nothing():
            prepared, source = prepare_batches(self, batches, classes)
            self._train_and_finish(prepared, None, None, batches=source)
        return self

    def _train_and_finish(self, prepared, X, y, net=None, batches=None):
        check_grouping(self, len(prepared.data.encoder.specs))
        context = open_callbacks(self, prepared, X, y)
        [trained] = train_fits([prepared.plans], net, batches)
        if isinstance(trained, ConvergenceError):
            raise trained
        self._finish(prepared, trained)
        if context is not None:
            context.call_on_fit_task_end(
                estimator=self,
                X=X,
                y=y,
                metadata=metadata_of(prepared),
                reconstruction_attributes={},
            )

    @contextmanager
    def _all_or_nothing(self):
        before = self.__dict__.copy()
        try:
            yield
        except BaseException:
            # scikit-learn tears its callbacks down after this.
            names = ("_callback_fit_ctx", "_skl_callbacks_to_teardown")
            keep = {name: vars(self)[name] for name in names if name in vars(self)}
            self.__dict__.clear()
            self.__dict__.update(before, **keep)
            raise

    # ---- finish

    def _encoding_attributes(self, prepared):
        encoder = prepared.data.encoder
        return {
            "_targets": encoder,
            "_input_shape": tuple(prepared.data.X.shape[1:]),
            "n_tasks_": len(encoder.specs),
            "task_names_": list(encoder.task_names),
            "task_types_": [spec.kind for spec in encoder.specs],
            "task_table_": encoder.task_table,
            **self._shell_attributes(encoder),
        }

    def _shell_attributes(self, encoder):
        return {}

    def _finish(self, prepared, trained):
        """Set every fitted attribute."""
        if trained.interrupted:
            best = prepared.plans[0].settings.early_stopping
            kept = "the best" if best else f"epoch {trained.n_iter}, the last"
            warn_user(
                f"Training was interrupted in epoch {trained.n_iter + 1}; the "
                f"estimator keeps the weights of {kept} finished one.",
                InterruptedFitWarning,
            )
        net, data = trained.net, prepared.data
        variance = representation_variance(net, data.X, data.row_weight(), data.rows)
        tensors = {
            name: value.cpu().numpy()
            for name, value in net.module_.task_evidence(variance).items()
        }
        by_member = [tensors]
        if net.module_.members:
            by_member = [
                {name: value[member] for name, value in tensors.items()}
                for member in range(net.module_.members[0])
            ]
        self._forget()
        vars(self).update(self._encoding_attributes(prepared))
        attributes = {
            "net_": net,
            "_built_of": settled_parameters(self),
            "n_iter_": trained.n_iter,
            "history_": trained.history,
            "weight_decay_": prepared.plans[0].settings.weight_decay,
            **self._method_attributes(tensors),
            **self._read_tasks(net, data, by_member, prepared.seeds.similarity),
        }
        vars(self).update(attributes)

    def _forget(self):
        """Drop what an earlier fit, perhaps of another network, has learned."""
        of_features = ("n_features_in_", "feature_names_in_")
        for name in [own for own in vars(self) if own.endswith("_")]:
            if name not in of_features:
                delattr(self, name)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = True
        tags.input_tags.three_d_array = self.encoder != "mlp"
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
