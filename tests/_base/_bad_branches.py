"""Bad values of the parameters of selective sharing."""

BAD_BRANCHES = {
    "sharing": [
        ("alike", "'similarity'"),
        (None, "array-like"),
        ([0, 0, 1], r"one group label per task, shape \(2,\); found 3 labels"),
        ([[0], [1]], "one group label per task.*found 2 lists"),
        ([0, None], "found None for task 'task_1'"),
        ({"task_0": 1}, r"leaves out \['task_1'\]"),
    ],
    "representation": [("svd", "'gram'"), (None, "'whitened'")],
    "branch_layer_sizes": [
        ((), "at least one layer"),
        ((0,), "at least 1"),
        (64, "sequence of int"),
    ],
    "window": [(0, r"\[1, inf\)"), (2.5, "an int"), (None, "an int")],
    "merge": [("median", "'best'"), (None, "'best'")],
    "min_reliability": [
        ("all", "'null'"),
        (-0.1, r"\[0.0, 1.0\]"),
        (float("nan"), "float"),
    ],
    "recluster": [("yes", "bool"), (None, "bool")],
    "refit_output": [("never", "'auto'"), (None, "bool")],
    "rank": [(0, r"\[1, inf\)"), (2.5, "an int")],
    "tensor_shape": [
        ((3, 5), "must have 128 entries.*found .3, 5. with 15"),
        ((0,), "at least 1"),
        (64, "sequence of int"),
    ],
}
