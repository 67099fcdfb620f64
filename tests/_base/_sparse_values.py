"""Values of the sparse methods' parameters that are refused, or unusual and right."""

import numpy as np

NAN = float("nan")

SPARSE_BAD = {
    "keep_ratio": [(0, r"\(0.0, 1.0\]"), (1.1, r"\(0.0, 1.0\]"), (NAN, "float")],
    "fisher": [("empirical", "'exact'"), (None, "'exact'")],
    "importance": [("gradient", "'saliency'"), (None, "'saliency'")],
    "masking": [("backward", "'forward'"), (None, "'forward'")],
    "warmup": [(-0.1, r"\[0.0, 1.0\]"), (1.1, r"\[0.0, 1.0\]"), ("a", "float")],
    "update_every": [(0, r"\[1, inf\)"), (2.5, "an int"), (None, "an int")],
    "freeze": [(-0.1, r"\[0.0, 1.0\]"), (1.1, r"\[0.0, 1.0\]"), (None, "float")],
    "ema": [(1, r"\[0.0, 1.0\)"), (-0.1, r"\[0.0, 1.0\)"), (NAN, "float")],
    "layer_floor": [(-0.1, r"\[0.0, 1.0\]"), (1.1, r"\[0.0, 1.0\]"), (None, "float")],
    "n_fisher_samples": [(0, r"\[1, inf\)"), (2.5, "an int"), (None, "an int")],
    "roaming": [(-0.1, r"\[0.0, 1.0\]"), (1.1, r"\[0.0, 1.0\]"), (None, "float")],
}

SPARSE_GOOD = {
    "keep_ratio": [1, 1e-9, np.float32(0.3)],
    "fisher": ["predicted", "batch", "sampled", "magnitude", "random"],
    "importance": ["fisher", "relative"],
    "masking": ["gradient"],
    "warmup": [0, 1],
    "update_every": [np.int64(2), 100],
    "freeze": [0, 1],
    "ema": [0],
    "layer_floor": [0, 1],
    "n_fisher_samples": [1, 10],
    "roaming": [0, 1],
}
