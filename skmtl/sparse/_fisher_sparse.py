"""Sparse sharing: masks by the Fisher information of each task."""

import math

from skmtl._base import (
    ClassifierShell,
    MixedShell,
    RegressorShell,
    multitask_estimator,
    parameter_table,
)
from skmtl.exceptions import InputError

from ._fisher_network import FisherNetwork, Schedule
from ._layers import masked_layers
from ._method import SparseSharing
from ._options import FISHER
from ._selection import layer_floors, n_kept_of

__all__ = [
    "FisherSparseMTLClassifier",
    "FisherSparseMTLMixed",
    "FisherSparseMTLRegressor",
]


class _FisherSparseMTL(SparseSharing):
    """The algorithm, for every kind of task."""

    _own_attributes = f"""{SparseSharing._own_attributes}
fisher_ : dict of str to ndarray of shape ([n_estimators,] n_tasks, *weight)
    Moving average of the information that `fisher` names, by layer, in squared nats.
    Absent with fisher='magnitude' or 'random'."""

    def _build_network(self, context):
        ranked = [spec.name for spec in context.specs if spec.kind == "ranking"]
        if ranked and self.fisher == "batch":
            raise InputError(
                "`fisher` must not be 'batch' where tasks are rankings, whose loss is "
                f"one of pairs of rows; found 'batch' with task {ranked[0]!r}. Use "
                "'exact'."
            )
        encoder, heads = self._parts(context)
        layers = masked_layers(encoder)
        sizes = [math.prod(layer.shape) for layer in layers]
        return FisherNetwork(
            encoder,
            heads,
            layers,
            n_kept=n_kept_of(self.keep_ratio, sizes),
            floors=layer_floors(self.keep_ratio, self.layer_floor, sizes),
            masking=self.masking,
            row_dims=len(context.input_shape),
            fisher=self.fisher,
            importance=self.importance,
            schedule=Schedule(self.warmup, self.freeze, self.update_every),
            ema=self.ema,
            n_samples=self.n_fisher_samples,
            generator=context.generator,
        )

    @property
    def fisher_(self):
        """Information of the weights, by layer."""
        if "net_" not in vars(self) or self.fisher in ("magnitude", "random"):
            raise AttributeError(f"{type(self).__name__} has no `fisher_`.")
        names, _ = self._masked_weights()
        found = self.net_.module_.information()
        return {name: own.cpu().numpy() for name, own in zip(names, found, strict=True)}


@multitask_estimator
class FisherSparseMTLClassifier(ClassifierShell, _FisherSparseMTL):
    """Classify many tasks, each with the weights that matter to it.

    All tasks share one encoder, of which each task uses a part: task t computes with
    the weights ``S_t * theta``, of which its boolean mask keeps the share `keep_ratio`.
    After a warm-up of hard sharing, the masks are chosen anew after each epoch, for the
    weights on which the task's likelihood depends most, until they are frozen for the
    rest of the training. Tasks that need the same weights end up with similar masks.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    FisherSparseMTLRegressor : The same for real targets.
    FisherSparseMTLMixed : Classification and regression side by side.
    RandomSparseMTLClassifier : Random masks, the control.
    HardSharingClassifier : All tasks use all weights.

    Notes
    -----
    The information of a weight is that of the task's own network, by the weight as that
    network has it, so that a weight outside of the mask may come back; norms are as in
    predictions. Its moving average gives the scores (see `importance`); exactly
    ``round(keep_ratio * n_weights)`` weights are kept, of equal scores the first, over
    all layers together but at least `layer_floor` times `keep_ratio` of each. Weights
    that no task uses do not move at all.

    `task_similarity_` is the product of two measures: the overlap of the masks
    beyond that of random ones (:func:`skmtl.similarity.mask_overlap`), and
    :func:`skmtl.similarity.target_relatedness` on random features of X. Where masks
    keep more than 0.7 of the weights, or with other kinds of evidence,
    `similarity_evidence_` tells what took the place of the overlap. The controls
    'magnitude' and 'random' leave no evidence in the masks.

    `history_` has a column ``mask_churn``: the share of the entries of all masks that
    changed after each epoch. Early stopping looks at no epoch before the first masks.
    :meth:`partial_fit` chooses masks after each call.

    Departures from the paper: scores, moving average, floor, freezing, the exact number
    of weights (eq. 11's threshold keeps all that are equal to it) and weights at rest
    are ours. ``importance="fisher", ema=0, layer_floor=0, freeze=0`` with
    ``fisher="batch"`` is algorithm 2 as printed, and with ``fisher="predicted"`` eq.
    10. Eq. 10 is zero for real targets, which take ``(df / dtheta)^2`` instead.

    References
    ----------
    "Learning Multi-Task Sparse Representation Based on Fisher Information", AAAI 2024:
    eq. 3 and 4 (masks), 9 and 10 (information), 11 (choice), algorithms 1 and 2.

    Examples
    --------
    >>> from skmtl import FisherSparseMTLClassifier
    >>> from skmtl.datasets import load_grouped_digits
    >>> X, y = load_grouped_digits(return_X_y=True)
    >>> est = FisherSparseMTLClassifier(keep_ratio=0.3, random_state=0)
    >>> est = est.fit(X[:1000], y[:1000])
    >>> bool(est.score(X[1000:], y[1000:]) > 0.9)
    True
    >>> est.task_groups_
    array([0, 0, 1, 1])
    >>> {name: mask.shape for name, mask in est.layer_masks().items()}
    {'hidden.0': (4, 64, 64), 'hidden.1': (4, 64, 64)}
    """

    _parameter_table = parameter_table(FISHER, kind="classifier")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
        keep_ratio=0.5,
        fisher="exact",
        importance="saliency",
        masking="forward",
        warmup=0.15,
        update_every=1,
        freeze=0.3,
        ema=0.9,
        layer_floor=0.3,
        n_fisher_samples=1024,
        batch_norm=False,
        encoder="mlp",
        hidden_layer_sizes=(64, 64),
        latent_dim=None,
        activation="relu",
        dropout=0.0,
        max_epochs="auto",
        lr=0.003,
        lr_decay=0.25,
        batch_size="auto",
        optimizer="adamw",
        weight_decay="auto",
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=0.0001,
        n_estimators=1,
        task_weight=None,
        class_weight=None,
        clustering="gap",
        min_similarity=0.25,
        n_groups=None,
        device="auto",
        precision="full",
        compile=False,
        warm_start=False,
        callbacks=None,
        net_params=None,
        random_state=None,
        verbose=0,
    ):
        self.keep_ratio = keep_ratio
        self.fisher = fisher
        self.importance = importance
        self.masking = masking
        self.warmup = warmup
        self.update_every = update_every
        self.freeze = freeze
        self.ema = ema
        self.layer_floor = layer_floor
        self.n_fisher_samples = n_fisher_samples
        self.batch_norm = batch_norm
        self.encoder = encoder
        self.hidden_layer_sizes = hidden_layer_sizes
        self.latent_dim = latent_dim
        self.activation = activation
        self.dropout = dropout
        self.max_epochs = max_epochs
        self.lr = lr
        self.lr_decay = lr_decay
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.n_estimators = n_estimators
        self.task_weight = task_weight
        self.class_weight = class_weight
        self.clustering = clustering
        self.min_similarity = min_similarity
        self.n_groups = n_groups
        self.device = device
        self.precision = precision
        self.compile = compile
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.net_params = net_params
        self.random_state = random_state
        self.verbose = verbose

    # </generated>


@multitask_estimator
class FisherSparseMTLRegressor(RegressorShell, _FisherSparseMTL):
    """Predict many continuous targets, each with the weights that matter to it.

    The method of :class:`FisherSparseMTLClassifier`, with half the squared error of the
    standardised target in the place of the cross-entropy.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    FisherSparseMTLClassifier : The same for classes, described in full.
    FisherSparseMTLMixed : Classification and regression side by side.
    RandomSparseMTLRegressor : Random masks, the control.
    HardSharingRegressor : All tasks use all weights.

    Notes
    -----
    The exact information of a real target is ``(df / dtheta)^2``, as is the predicted;
    both leave out the variance of the noise, which changes no order of the weights.

    References
    ----------
    "Learning Multi-Task Sparse Representation Based on Fisher Information", AAAI 2024:
    eq. 3 and 4 (masks), 9 and 10 (information), 11 (choice), algorithms 1 and 2.

    Examples
    --------
    >>> from skmtl import FisherSparseMTLRegressor
    >>> from skmtl.datasets import make_multitask_regression
    >>> data = make_multitask_regression(500, n_tasks=4, n_groups=2, random_state=0)
    >>> est = FisherSparseMTLRegressor(random_state=0).fit(data.data, data.target)
    >>> est.predict(data.data[:3]).shape
    (3, 4)
    """

    _parameter_table = parameter_table(FISHER, kind="regressor")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
        keep_ratio=0.5,
        fisher="exact",
        importance="saliency",
        masking="forward",
        warmup=0.15,
        update_every=1,
        freeze=0.3,
        ema=0.9,
        layer_floor=0.3,
        n_fisher_samples=1024,
        batch_norm=False,
        encoder="mlp",
        hidden_layer_sizes=(64, 64),
        latent_dim=None,
        activation="relu",
        dropout=0.0,
        max_epochs="auto",
        lr=0.003,
        lr_decay=0.25,
        batch_size="auto",
        optimizer="adamw",
        weight_decay="auto",
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=0.0001,
        n_estimators=1,
        task_weight=None,
        clustering="gap",
        min_similarity=0.25,
        n_groups=None,
        device="auto",
        precision="full",
        compile=False,
        warm_start=False,
        callbacks=None,
        net_params=None,
        random_state=None,
        verbose=0,
    ):
        self.keep_ratio = keep_ratio
        self.fisher = fisher
        self.importance = importance
        self.masking = masking
        self.warmup = warmup
        self.update_every = update_every
        self.freeze = freeze
        self.ema = ema
        self.layer_floor = layer_floor
        self.n_fisher_samples = n_fisher_samples
        self.batch_norm = batch_norm
        self.encoder = encoder
        self.hidden_layer_sizes = hidden_layer_sizes
        self.latent_dim = latent_dim
        self.activation = activation
        self.dropout = dropout
        self.max_epochs = max_epochs
        self.lr = lr
        self.lr_decay = lr_decay
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.n_estimators = n_estimators
        self.task_weight = task_weight
        self.clustering = clustering
        self.min_similarity = min_similarity
        self.n_groups = n_groups
        self.device = device
        self.precision = precision
        self.compile = compile
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.net_params = net_params
        self.random_state = random_state
        self.verbose = verbose

    # </generated>


@multitask_estimator
class FisherSparseMTLMixed(MixedShell, _FisherSparseMTL):
    """Classify and predict numbers, each task with the weights that matter to it.

    The method of :class:`FisherSparseMTLClassifier`, with the cross-entropy of each
    classification and half the squared error of each standardised real target.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    FisherSparseMTLClassifier : Classification only, described in full.
    FisherSparseMTLRegressor : Regression only.

    References
    ----------
    "Learning Multi-Task Sparse Representation Based on Fisher Information", AAAI 2024:
    eq. 3 and 4 (masks), 9 and 10 (information), 11 (choice), algorithms 1 and 2.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl import FisherSparseMTLMixed
    >>> X = np.random.default_rng(0).normal(size=(500, 5))
    >>> y = np.column_stack([X[:, 0] > 0, 3 * X[:, 0] + X[:, 1]])
    >>> kinds = ["classification", "regression"]
    >>> est = FisherSparseMTLMixed(task_types=kinds, random_state=0).fit(X, y)
    >>> est.predict(X[:3]).shape
    (3, 2)
    """

    _parameter_table = parameter_table(FISHER, kind="mixed")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
        keep_ratio=0.5,
        fisher="exact",
        importance="saliency",
        masking="forward",
        warmup=0.15,
        update_every=1,
        freeze=0.3,
        ema=0.9,
        layer_floor=0.3,
        n_fisher_samples=1024,
        batch_norm=False,
        task_types="auto",
        encoder="mlp",
        hidden_layer_sizes=(64, 64),
        latent_dim=None,
        activation="relu",
        dropout=0.0,
        max_epochs="auto",
        lr=0.003,
        lr_decay=0.25,
        batch_size="auto",
        optimizer="adamw",
        weight_decay="auto",
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=0.0001,
        n_estimators=1,
        task_weight=None,
        class_weight=None,
        clustering="gap",
        min_similarity=0.25,
        n_groups=None,
        device="auto",
        precision="full",
        compile=False,
        warm_start=False,
        callbacks=None,
        net_params=None,
        random_state=None,
        verbose=0,
    ):
        self.keep_ratio = keep_ratio
        self.fisher = fisher
        self.importance = importance
        self.masking = masking
        self.warmup = warmup
        self.update_every = update_every
        self.freeze = freeze
        self.ema = ema
        self.layer_floor = layer_floor
        self.n_fisher_samples = n_fisher_samples
        self.batch_norm = batch_norm
        self.task_types = task_types
        self.encoder = encoder
        self.hidden_layer_sizes = hidden_layer_sizes
        self.latent_dim = latent_dim
        self.activation = activation
        self.dropout = dropout
        self.max_epochs = max_epochs
        self.lr = lr
        self.lr_decay = lr_decay
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.n_estimators = n_estimators
        self.task_weight = task_weight
        self.class_weight = class_weight
        self.clustering = clustering
        self.min_similarity = min_similarity
        self.n_groups = n_groups
        self.device = device
        self.precision = precision
        self.compile = compile
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.net_params = net_params
        self.random_state = random_state
        self.verbose = verbose

    # </generated>
