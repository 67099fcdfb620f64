"""Selective sharing: branches of related tasks become one while they learn."""

from skmtl._base import (
    ClassifierShell,
    MixedShell,
    RankerShell,
    RegressorShell,
    multitask_estimator,
    parameter_table,
)

from ._options import DEFAULTS, OPTIONS
from ._selective import SelectiveSharing

__all__ = [
    "SelectiveSharingClassifier",
    "SelectiveSharingMixed",
    "SelectiveSharingRanker",
    "SelectiveSharingRegressor",
]


@multitask_estimator
class SelectiveSharingClassifier(ClassifierShell, SelectiveSharing):
    """Classify many tasks, with one branch for each group of related tasks.

    A shared trunk, a branch for each task, and an output layer for each task. All
    branches start alike. After a window of steps the tasks are compared, those of a
    group go on with one branch, and training goes on with the smaller network.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    Warns
    -----
    TaskGroupWarning
        If training ended before the window did, a task has no signal to compare, so
        that it keeps its branch to itself unless `sharing` or `n_groups` gives it to a
        group, or no two tasks are related enough.

    See Also
    --------
    SelectiveSharingRegressor : The same for real targets.
    SelectiveSharingMixed : Classification and regression side by side.
    HardSharingClassifier : One representation for all tasks.
    HierarchicalIBClassifier : Noise for each task, which shows their relations.

    Notes
    -----
    While all branches are equal, the gradient of the first layer of task t's branch
    is, up to a factor that all tasks have in common, the covariance of the trunk's
    features with the residual of the task. ``representation="whitened"`` compares these
    covariances, whitened, on a sample of at most 5,000 training rows (fewer pictures:
    six for each step of an epoch, at least 500), by
    :func:`skmtl.similarity.target_relatedness`, on the features the trunk had before it
    learned (256 random combinations, if these are more). Rows of weight zero are left
    out; other weights do not count.

    `task_similarity_` is what the tasks were grouped by, gated: tasks whose signal does
    not exceed that of permuted labels have similarity 0. `task_groups_` follows the
    branches; that of an ensemble is made of the mean similarity. Where `sharing` gives
    the groups, `task_similarity_` is the reference measure.

    The branches of members that train as one network are merged for each member by
    itself. `dropout` acts in the trunk only.

    Departures from the paper: the default compares tasks by the whitened covariance,
    since the factors of a tensor train are free in sign and rotation; tasks must pass
    the gate; branches merge inside the first epoch, because later gradients say less;
    groups are made once unless `recluster` is set; the default weight decay grows with
    the noise of the targets, which branches with the labels of few tasks fit soonest.

    References
    ----------
    G. Strezoski, N. van Noord and M. Worring, "Learning Task Relatedness in Multi-Task
    Learning for Images in Context", ICMR 2019.

    Examples
    --------
    >>> from skmtl import SelectiveSharingClassifier
    >>> from skmtl.datasets import load_grouped_digits
    >>> X, y = load_grouped_digits(return_X_y=True)
    >>> est = SelectiveSharingClassifier(random_state=0).fit(X[:1000], y[:1000])
    >>> bool(est.score(X[1000:], y[1000:]) > 0.9)
    True
    >>> est.branch_of_
    array([0, 0, 1, 1])
    """

    _parameter_table = parameter_table(OPTIONS, DEFAULTS, kind="classifier")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
        sharing="similarity",
        representation="whitened",
        branch_layer_sizes=(64,),
        window="auto",
        merge="best",
        min_reliability="null",
        recluster=False,
        refit_output="auto",
        rank=3,
        tensor_shape=None,
        encoder="mlp",
        hidden_layer_sizes=(64,),
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
        self.sharing = sharing
        self.representation = representation
        self.branch_layer_sizes = branch_layer_sizes
        self.window = window
        self.merge = merge
        self.min_reliability = min_reliability
        self.recluster = recluster
        self.refit_output = refit_output
        self.rank = rank
        self.tensor_shape = tensor_shape
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
class SelectiveSharingRegressor(RegressorShell, SelectiveSharing):
    """Predict many real targets, with one branch for each group of related tasks.

    As :class:`SelectiveSharingClassifier`, for half squared errors of standardised
    targets.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    Warns
    -----
    TaskGroupWarning
        If training ended before the window did, a task has no signal to compare, so
        that it keeps its branch to itself unless `sharing` or `n_groups` gives it to a
        group, or no two tasks are related enough.

    See Also
    --------
    SelectiveSharingClassifier : The same for classes, with all notes.
    HardSharingRegressor : One representation for all tasks.

    References
    ----------
    G. Strezoski, N. van Noord and M. Worring, "Learning Task Relatedness in Multi-Task
    Learning for Images in Context", ICMR 2019.

    Examples
    --------
    >>> from skmtl import SelectiveSharingRegressor
    >>> from skmtl.datasets import make_multitask_regression
    >>> data = make_multitask_regression(500, n_tasks=4, n_groups=2, random_state=0)
    >>> est = SelectiveSharingRegressor(random_state=0).fit(data.data, data.target)
    >>> est.branch_of_
    array([0, 0, 1, 1])
    """

    _parameter_table = parameter_table(OPTIONS, DEFAULTS, kind="regressor")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
        sharing="similarity",
        representation="whitened",
        branch_layer_sizes=(64,),
        window="auto",
        merge="best",
        min_reliability="null",
        recluster=False,
        refit_output="auto",
        rank=3,
        tensor_shape=None,
        encoder="mlp",
        hidden_layer_sizes=(64,),
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
        self.sharing = sharing
        self.representation = representation
        self.branch_layer_sizes = branch_layer_sizes
        self.window = window
        self.merge = merge
        self.min_reliability = min_reliability
        self.recluster = recluster
        self.refit_output = refit_output
        self.rank = rank
        self.tensor_shape = tensor_shape
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
class SelectiveSharingRanker(RankerShell, SelectiveSharing):
    """Learn to order rows by many targets, with one branch for each group of tasks.

    As :class:`SelectiveSharingClassifier`; a task costs the mean of
    ``max(0, 1 - (f_i - f_j))^2`` over all pairs of rows of a batch with
    ``y_i > y_j``, where f are the scores.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    Warns
    -----
    TaskGroupWarning
        If training ended before the window did, a task has no signal to compare, so
        that it keeps its branch to itself unless `sharing` or `n_groups` gives it to a
        group, or no two tasks are related enough.

    See Also
    --------
    SelectiveSharingClassifier : Classification tasks only, with all notes.
    HardSharingRanker : One representation for all tasks.

    References
    ----------
    G. Strezoski, N. van Noord and M. Worring, "Learning Task Relatedness in Multi-Task
    Learning for Images in Context", ICMR 2019, equation 7 (which prints the same row
    twice; two rows are meant).

    Examples
    --------
    >>> from skmtl import SelectiveSharingRanker
    >>> from skmtl.datasets import make_multitask_regression
    >>> data = make_multitask_regression(500, n_tasks=4, n_groups=2, random_state=0)
    >>> est = SelectiveSharingRanker(random_state=0).fit(data.data, data.target)
    >>> est.branch_of_
    array([0, 0, 1, 1])
    """

    _parameter_table = parameter_table(OPTIONS, DEFAULTS, kind="ranker")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
        sharing="similarity",
        representation="whitened",
        branch_layer_sizes=(64,),
        window="auto",
        merge="best",
        min_reliability="null",
        recluster=False,
        refit_output="auto",
        rank=3,
        tensor_shape=None,
        encoder="mlp",
        hidden_layer_sizes=(64,),
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
        self.sharing = sharing
        self.representation = representation
        self.branch_layer_sizes = branch_layer_sizes
        self.window = window
        self.merge = merge
        self.min_reliability = min_reliability
        self.recluster = recluster
        self.refit_output = refit_output
        self.rank = rank
        self.tensor_shape = tensor_shape
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
class SelectiveSharingMixed(MixedShell, SelectiveSharing):
    """Classification and regression, with one branch for each group of related tasks.

    As :class:`SelectiveSharingClassifier`; tasks of different kinds may share a branch.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    Warns
    -----
    TaskGroupWarning
        If training ended before the window did, a task has no signal to compare, so
        that it keeps its branch to itself unless `sharing` or `n_groups` gives it to a
        group, or no two tasks are related enough.

    See Also
    --------
    SelectiveSharingClassifier : Classification tasks only, with all notes.
    SelectiveSharingRegressor : Regression tasks only.

    References
    ----------
    G. Strezoski, N. van Noord and M. Worring, "Learning Task Relatedness in Multi-Task
    Learning for Images in Context", ICMR 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl import SelectiveSharingMixed
    >>> X = np.random.default_rng(0).normal(size=(300, 4))
    >>> warm = np.where(X[:, 0] > 0, "warm", "cold")
    >>> y = np.array([*zip(warm, X[:, 0], X[:, 1])], dtype=object)
    >>> est = SelectiveSharingMixed(random_state=0).fit(X, y)
    >>> est.branch_of_
    array([0, 0, 1])
    """

    _parameter_table = parameter_table(OPTIONS, DEFAULTS, kind="mixed")

    # <generated from the parameter table>
    def __init__(
        self,
        *,
        sharing="similarity",
        representation="whitened",
        branch_layer_sizes=(64,),
        window="auto",
        merge="best",
        min_reliability="null",
        recluster=False,
        refit_output="auto",
        rank=3,
        tensor_shape=None,
        task_types="auto",
        encoder="mlp",
        hidden_layer_sizes=(64,),
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
        self.sharing = sharing
        self.representation = representation
        self.branch_layer_sizes = branch_layer_sizes
        self.window = window
        self.merge = merge
        self.min_reliability = min_reliability
        self.recluster = recluster
        self.refit_output = refit_output
        self.rank = rank
        self.tensor_shape = tensor_shape
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
