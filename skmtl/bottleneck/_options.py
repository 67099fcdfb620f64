"""Parameters of the bottlenecks, and what is built from shared ones."""

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval, StrOptions

from skmtl._base import Parameter

__all__ = ["CHANNELS", "DEFAULTS", "REGRESSION"]

DEFAULTS = {"hidden_layer_sizes": (32, 32), "latent_dim": 16}

CHANNELS = {
    "beta": Parameter(
        0.05,
        [Interval(Real, 0, None, closed="left"), "array-like", dict],
        "float, array-like of shape (n_tasks,), or dict",
        "Price of a nat of information. A linear-Gaussian task whose squared "
        "correlation with X is below it closes its channel. A dict (or a Series) gives "
        "the price of each task by its name.",
        stackable=True,
        settled=True,
    ),
    "gamma": Parameter(
        0.0,
        [Interval(Real, 0, None, closed="left")],
        "float",
        "Weight of the information all tasks take together, which rewards sharing a "
        "dimension; 0 is the paper's objective.",
        stackable=True,
        settled=True,
    ),
    "beta_warmup": Parameter(
        0.5,
        [Interval(Real, 0, 1, closed="both")],
        "float",
        "Fraction of the steps over which the price rises from 0 to `beta`.",
        settled=True,
    ),
    "marginal": Parameter(
        "closed",
        [StrOptions({"closed", "learned"})],
        "{'closed', 'learned'}",
        "What a channel's output is measured against: the Gaussian of its own mean and "
        "variance, which leaves the capacity as the price, or a Gaussian of mean zero "
        "and learned variance, as in the paper.",
        settled=True,
    ),
    "noise": Parameter(
        "learned",
        [StrOptions({"learned", "shared", "fixed"}), None],
        "{'learned', 'shared', 'fixed'} or None",
        "'learned': a channel for each task. 'shared': one channel that all tasks read "
        "and pay for, a control. 'fixed': the paper's ablation, where the noise rests "
        "for the first half of the training, and the encoder for the second. None "
        "trains without noise and penalty: hard sharing.",
        settled=True,
    ),
    "n_samples": Parameter(
        None,
        [Interval(Integral, 1, None, closed="left"), None],
        "int or None",
        "Draws of the noise over which predictions are averaged. None predicts without "
        "noise.",
    ),
    "similarity": Parameter(
        "capacity",
        [StrOptions({"capacity", "log_variance"})],
        "{'capacity', 'log_variance'}",
        "What `task_distances_` compares: the capacities of the dimensions, or the "
        "log-variances of the noise (eq. 11).",
    ),
    "noise_lr_multiplier": Parameter(
        10.0,
        [Interval(Real, 0, None, closed="neither")],
        "float",
        "Learning rate of the noise, and of all learned variances, in multiples of "
        "`lr`.",
        settled=True,
    ),
}

REGRESSION = {
    **CHANNELS,
    "residual": Parameter(
        "diagonal",
        [StrOptions({"unit", "diagonal", "full"})],
        "{'unit', 'diagonal', 'full'}",
        "Covariance of what regression heads leave over, of the standardised targets. "
        "'diagonal' learns variances, 'full' correlations of the tasks too; both cost "
        "the negative log-likelihood. 'unit' costs half the squared error, as hard "
        "sharing does.",
        settled=True,
    ),
}
