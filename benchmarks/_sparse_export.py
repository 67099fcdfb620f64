"""A task's own network at keep ratio .1: how small, how fast, and is it the same?

``dkl_mnist``, three tasks, encoders of several widths, masks by the default
``importance`` and by "units", otherwise default parameters.
Sizes are those of the network that a module is cut out of, with the head of its task
alone, over the file of the module ("packed") and over the module itself ("plain").
Beside it stands the dense network of one task, of the same widths, as a plain torch
module, and the module with ``layers="dense"``. Times are those of interleaved calls,
each after one that is not timed, one thread, CPU. The machine may be busy, so speed is
told twice: as the median of the ratios of neighbouring calls, and as the ratio of the
fastest calls. Calls with 512 rows judge, by the smaller of the two; those with one row
stand beside them, and how much slower the estimator's own network is, which masks its
weights in every call and computes all three tasks.
"""

import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from _sparse_runs import rows_file
from _sparse_sets import available, rows_of, table
from torch import nn

from skmtl import FisherSparseMTLClassifier

RATIO, N_ROWS, REPEATS = 0.1, 512, 300
WIDTHS = ((64, 64), (256, 256), (512, 512), (1024, 1024))
# The default, and the one that gathers the weights of a task in few units.
IMPORTANCES = ("saliency", "units")
WANTED = {"packed": 7.0, "plain": 2.8, "faster": 3.0}
TOLERANCE = 1e-5
N_STEPS = 1500


def file_size(module):
    """Bytes of the file that a task's module is kept in."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "task.safetensors"
        module.save(path)
        return path.stat().st_size


def dense_network(n_features, widths, n_outputs):
    """The network of one task without masks."""
    layers, before = [], n_features
    for width in widths:
        layers += [nn.Linear(before, width), nn.ReLU()]
        before = width
    return nn.Sequential(*layers, nn.Linear(before, n_outputs)).eval()


def times(modules, x):
    """Milliseconds of calls of each module, called in turn."""
    found = [[] for _ in modules]
    with torch.inference_mode():
        for _ in range(REPEATS):
            for module, own in zip(modules, found, strict=True):
                module(x)  # memory that the other one gave back is taken again
                start = time.perf_counter()
                module(x)
                own.append(1e3 * (time.perf_counter() - start))
    return np.array(found)


def speed(modules, x):
    """How many times faster than the first module the others are."""
    slow, *others = times(modules, x)
    return [
        {
            "median_ratio": round(float(np.median(slow / own)), 3),
            "fastest_ratio": round(float(slow.min() / own.min()), 3),
            "fastest_ms": round(float(own.min()), 4),
            "dense_network_ms": round(float(slow.min()), 4),
        }
        for own in others
    ]


def whole_network(est):
    """The estimator's own network, as a function that gives all tasks' outputs."""
    network = est.net_.module_.eval()
    return lambda x: network.run(x)[1]


def compare(est, task, x):
    """Sizes, times and the largest difference of one task's module."""
    module = est.export_task(task).eval()
    whole = whole_network(est)
    with torch.inference_mode():
        own, found = whole(x)[task], module(x)
    n_outputs = found.shape[-1]
    dense = dense_network(x.shape[1], est.hidden_layer_sizes, n_outputs)
    own = own[:, :n_outputs].reshape(found.shape)
    with_zeros = est.export_task(task, layers="dense").eval()
    fast, fast_dense = speed([dense, module, with_zeros], x)
    sizes = module.sizes()
    return {
        "difference": float((found - own).abs().max()),
        "scale": float(own.abs().max()),
        "modules": [str(part) for part in module],
        "packed": round(sizes["shared"] / file_size(module), 3),
        "plain": round(sizes["shared"] / sizes["plain"], 3),
        "plain_with_zeros": round(sizes["shared"] / with_zeros.sizes()["plain"], 3),
        "faster": min(fast["median_ratio"], fast["fastest_ratio"]),
        "times": fast,
        "times_with_zeros": fast_dense,
        "times_one_row": speed([dense, module], x[:1])[0],
        "times_whole_network": speed([whole, module], x)[0],
    }


def export(options):
    """Print sizes, speed and equality of exported networks."""
    if not hasattr(FisherSparseMTLClassifier, "export_task"):
        print("export: the estimators have no `export_task`; left out")
        return
    if not available("dkl_mnist"):
        print("export: no file dkl_mnist in the folder of the data; left out")
        return
    rows, whole = rows_file("export", options), table("dkl_mnist")
    scores = rows_file("export_accuracy", options)
    x = torch.as_tensor(whole.X[whole.test[:: len(whole.test) // N_ROWS][:N_ROWS]])
    for widths in options.few(WIDTHS, WIDTHS[:1]):
        for importance in IMPORTANCES:
            case = {"widths": list(widths), "importance": importance}
            for seed in range(options.few(options.seeds, 1)):
                if not options.show:
                    measure(rows, scores, {**case, "seed": seed}, x, options)
            tell(rows, scores, case)


def measure(rows, scores, case, x, options):
    """Fit one estimator; store its accuracy and a row for each task, if not there."""
    keys = [{**case, "task": task} for task in range(3)]
    if matching(scores, case) and all(matching(rows, key) for key in keys):
        return
    whole = table("dkl_mnist")
    fitted, judged = rows_of("dkl_mnist", "test", case["seed"], options.quick)
    epochs = max(round(options.few(N_STEPS, 20) / np.ceil(len(fitted) / 128)), 2)
    est = FisherSparseMTLClassifier(
        keep_ratio=RATIO,
        importance=case["importance"],
        hidden_layer_sizes=tuple(case["widths"]),
        max_epochs=epochs,
        batch_size=128,
        device="cpu",
        random_state=case["seed"],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        est.fit(whole.X[fitted], whole.y[fitted])
    accuracy = est.score(whole.X[judged], whole.y[judged])
    scores.get(lambda: {"accuracy": round(accuracy, 5)}, **case)
    for key in keys:
        rows.get(lambda task=key["task"]: compare(est, task, x), **key)


def matching(rows, key):
    """Rows that have these values."""
    return [
        row
        for row in rows.rows
        if all(row[name] == value for name, value in key.items())
    ]


def tell(rows, scores, case):
    """Print the medians over tasks and seeds, and the worst of them."""
    own = matching(rows, case)
    if not own:
        return
    widths = case["widths"]
    found = [100 * row["accuracy"] for row in matching(scores, case)]
    told = f"{np.mean(found):.2f} %" if found else "not there"
    print(f"importance={case['importance']!r}: accuracy {told}")
    worst = max(row["difference"] / max(row["scale"], 1.0) for row in own)
    print(
        f"784-{widths[0]}-{widths[1]}, {len(own)} networks: largest relative "
        f"difference {worst:.1e} "
        f"({'right' if worst <= TOLERANCE else 'over'} {TOLERANCE:.0e})"
    )
    for name, wanted in WANTED.items():
        values = [row[name] for row in own]
        told = "reached" if np.median(values) >= wanted else "MISSED"
        print(
            f"  {name:8s}{np.median(values):6.2f} times, least {min(values):5.2f}, "
            f"most {max(values):5.2f}, wanted {wanted}: {told}"
        )
    print(
        f"  with zeros: plain {np.median([row['plain_with_zeros'] for row in own]):.2f}"
    )
    kinds = {
        "times": "512 rows",
        "times_with_zeros": "with zeros",
        "times_one_row": "one row",
        "times_whole_network": "beside the estimator's network of three tasks",
    }
    for kind, told in kinds.items():
        ratios = [
            float(np.median([row[kind][name] for row in own]))
            for name in ("median_ratio", "fastest_ratio")
        ]
        print(
            f"  {told}: {ratios[0]:.2f} by neighbours, {ratios[1]:.2f} by the fastest"
        )
