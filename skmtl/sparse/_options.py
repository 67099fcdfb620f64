"""Parameters of the sparse methods."""

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval, StrOptions

from skmtl._base import BATCH_NORM, Parameter

__all__ = ["FISHER", "RANDOM", "ROAMING", "ROUTING"]

_SHARE = Interval(Real, 0, 1, closed="right")
_FRACTION = Interval(Real, 0, 1, closed="both")

_KEEP_WEIGHTS = Parameter(
    0.5,
    [_SHARE],
    "float",
    "Share of the encoder's weights that each task uses, over all layers together. "
    "Biases are used by all tasks. 1 is hard sharing.",
    stackable=True,
    settled=True,
)
_KEEP_UNITS = Parameter(
    0.5,
    [_SHARE],
    "float",
    "Share of the units of each layer that a task uses at any time, at least one. 1 is "
    "hard sharing.",
    stackable=True,
    settled=True,
)
_FLOOR = Parameter(
    0.3,
    [_FRACTION],
    "float",
    "Least density of each layer's masks, in multiples of `keep_ratio`. Without it a "
    "layer can lose all its weights, and the network dies.",
    settled=True,
)
_MASKING = Parameter(
    "forward",
    [StrOptions({"forward", "gradient"})],
    "{'forward', 'gradient'}",
    "'forward': each task computes with its own weights alone (eq. 3), a smaller "
    "network of its own. 'gradient': all tasks compute with all weights, and each "
    "changes its own alone (eq. 4); one pass serves all tasks.",
    settled=True,
)

FISHER = {
    "keep_ratio": _KEEP_WEIGHTS,
    "fisher": Parameter(
        "exact",
        [StrOptions({"exact", "predicted", "batch", "sampled", "magnitude", "random"})],
        "{'exact', 'predicted', 'batch', 'sampled', 'magnitude', 'random'}",
        "What tells how much a weight matters to a task. 'exact': the Fisher "
        "information (eq. 9), over all classes. 'predicted': of the predicted class "
        "alone (eq. 10). 'sampled': of a class drawn from the prediction. 'batch': the "
        "squared gradient of the mean loss, as algorithm 2 is printed. 'magnitude' "
        "(the squared weight) and 'random' are controls.",
        settled=True,
    ),
    "importance": Parameter(
        "saliency",
        [StrOptions({"saliency", "units", "fisher", "relative"})],
        "{'saliency', 'units', 'fisher', 'relative'}",
        "How masks are chosen. 'saliency': information times squared weight. 'units': "
        "that, times the fourth power of its sum over the weights that lead to the "
        "same unit, so that a task uses fewer units and, with `masking='forward'`, "
        "exports a smaller network. 'fisher': information alone, as in the paper. "
        "'relative': the task's share of the information of all tasks. Of no account "
        "to 'magnitude' and 'random'.",
        settled=True,
    ),
    "masking": _MASKING,
    "warmup": Parameter(
        0.15,
        [_FRACTION],
        "float",
        "Fraction of the epochs that are trained as hard sharing, before the first "
        "masks; at least one epoch. In `partial_fit`, which does not know of later "
        "calls, it is the first call.",
        settled=True,
    ),
    "update_every": Parameter(
        1,
        [Interval(Integral, 1, None, closed="left")],
        "int",
        "Epochs, or calls of `partial_fit`, from one choice of masks to the next.",
        settled=True,
    ),
    "freeze": Parameter(
        0.3,
        [_FRACTION],
        "float",
        "Fraction of the epochs, at the end, in which masks stay as they are. In "
        "`partial_fit` there is no end: masks go on changing.",
        settled=True,
    ),
    "ema": Parameter(
        0.9,
        [Interval(Real, 0, 1, closed="left")],
        "float",
        "Weight of the past in the moving average of the information; 0 forgets it.",
        settled=True,
    ),
    "layer_floor": _FLOOR,
    "n_fisher_samples": Parameter(
        1024,
        [Interval(Integral, 1, None, closed="left")],
        "int",
        "Training rows over which the information is averaged, at most.",
        settled=True,
    ),
    "batch_norm": BATCH_NORM,
}

RANDOM = {
    "keep_ratio": _KEEP_WEIGHTS,
    "masking": _MASKING,
    "layer_floor": _FLOOR,
    "batch_norm": BATCH_NORM,
}

ROUTING = {"keep_ratio": _KEEP_UNITS, "batch_norm": BATCH_NORM}

ROAMING = {
    "keep_ratio": _KEEP_UNITS,
    "roaming": Parameter(
        0.7,
        [_FRACTION],
        "float",
        "Fraction of the steps over which units are swapped, one at a time and evenly; "
        "by then each task has used every unit. 0 swaps them all at once, after the "
        "first step. In `partial_fit` it is a fraction of the first call, which does "
        "not know of later ones: later calls swap nothing.",
        settled=True,
    ),
    "batch_norm": BATCH_NORM,
}
