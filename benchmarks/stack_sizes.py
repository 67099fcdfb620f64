"""What the size of a stack does to time and memory, and what bounds it.

Questions: how does the time per member fall with the number of members? How far is it
from the bare products of matrices? What does the rest of the time go into? How much
memory do 100 members take, and does `max_stack` bound it?

The first fold of digits and MNIST, four tasks, members that differ in their price; one
thread. The time of a step is the difference between fits of more and fewer epochs. Run

    python benchmarks/stack_sizes.py [--repeats 5] [--only PART] [--plot FILE] [--fresh]

with PART one of sizes, profile, memory.
"""

import argparse
import re
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from _digit_tasks import BATCH, bottleneck, load, prices, seconds
from _rows import Rows
from sklearn.model_selection import KFold
from threadpoolctl import threadpool_limits

from skmtl.model_selection import fit_stack

EPOCHS = {"digits": 10, "mnist": 1}
SIZES = (1, 5, 20, 50, 100)


def fit(epochs, members, X, y, **settings):
    """Train members that differ in their price."""
    stack = [bottleneck(epochs, beta=own) for own in prices(members)]
    fit_stack(stack, X, y, **settings)


def step_time(name, members):
    """Milliseconds of a step and member, and of its bare products."""
    X, y = load(name)
    train = next(KFold(5).split(X))[0]
    X, y = X[train], y[train]
    epochs = EPOCHS[name]
    fit(1, 1, X[:500], y[:500])
    short = seconds(lambda: fit(epochs, members, X, y, max_stack=members))
    long = seconds(lambda: fit(3 * epochs, members, X, y, max_stack=members))
    n_steps = 2 * epochs * -(-len(X) // BATCH)
    dtype = torch.float64 if X.dtype == np.float64 else torch.float32
    return {
        "ms": 1e3 * (long - short) / n_steps / members,
        "ms_products": 1e3 * products(X.shape[1], dtype, members) / members,
    }


def products(n_features, dtype, members):
    """Seconds of the products of a step alone, one large product per layer."""
    total = 0.0
    for fan_in, fan_out in [(n_features, 32), (32, 32), (32, 16), (16, 16)]:
        x = torch.randn(BATCH, fan_in, dtype=dtype)
        weight = torch.randn(fan_in, fan_out * members, dtype=dtype)
        best = min(seconds(lambda x=x, w=weight: x @ w) for _ in range(30))
        # Forward, by the weights, and by the inputs of all but the first layer.
        total += best * (2 if fan_in == n_features else 3)
    return total


def measure_sizes(rows, repeats):
    """Interleaved over sizes; returns medians by data set."""
    table = {}
    for name in EPOCHS:
        found = {size: [] for size in SIZES}
        for repeat in range(repeats):
            for size in SIZES:
                found[size].append(
                    rows.get(
                        lambda n=name, s=size: step_time(n, s),
                        part="sizes",
                        data=name,
                        size=size,
                        repeat=repeat,
                    )
                )
        table[name] = {
            size: [
                np.median([row[key] for row in own]) for key in ("ms", "ms_products")
            ]
            for size, own in found.items()
        }
        for size, (own, bare) in table[name].items():
            print(
                f"{name:8s}{size:4d} members: {own:.4f} ms a step and member, products "
                f"alone {bare:.4f} ms",
                flush=True,
            )
    return table


def plot(table, path):
    """Time per member against the size of the stack."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for color, (name, own) in zip(("C0", "C1"), table.items(), strict=True):
        sizes = list(own)
        times, bare = np.array(list(own.values())).T
        label = {"digits": "digits, 64 features", "mnist": "MNIST, 784 features"}[name]
        axes.plot(sizes, times, "o-", color=color, label=label)
        axes.plot(sizes, bare, ":", color=color, label="its products alone")
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="members of the stack",
        ylabel="ms per step and member",
        xticks=list(SIZES),
        xticklabels=list(map(str, SIZES)),
    )
    axes.minorticks_off()
    axes.legend(frameon=False)
    figure.savefig(path, dpi=150)


def profile():
    """What the time of a stack of 50 goes into."""
    for name, epochs in EPOCHS.items():
        X, y = load(name)
        fit(epochs, 50, X, y)
        activities = [torch.profiler.ProfilerActivity.CPU]
        start = time.perf_counter()
        with torch.profiler.profile(activities=activities) as found:
            fit(epochs, 50, X, y)
        wall = time.perf_counter() - start
        events = found.key_averages()
        events = sorted(events, key=lambda own: -own.self_cpu_time_total)
        kernels = sum(event.self_cpu_time_total for event in events) / 1e6
        print(f"{name}: {wall:.2f} s, {kernels / wall:.0%} of it inside torch")
        for event in events[:12]:
            share = event.self_cpu_time_total / 1e6 / wall
            print(f"    {event.key:32s}{share:6.1%}{event.count:8d} calls", flush=True)


def resident():
    """Megabytes of memory of this process."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) / 1024


def added_memory(name, most):
    """Peak of memory that 100 members add, in a process of its own."""
    X, y = load(name)
    fit(1, 1, X, y)
    start = peak = resident()
    over = threading.Event()

    def watch():
        nonlocal peak
        while not over.wait(0.005):
            peak = max(peak, resident())

    thread = threading.Thread(target=watch)
    thread.start()
    fit(1, 100, X, y, max_stack=most)
    over.set()
    thread.join()
    return peak - start


def memory():
    """Ask a fresh process for each bound: freed memory would blur the next figure."""
    for name in EPOCHS:
        for most in (100, 50, 20, 5, 1):
            code = (
                "import torch, warnings, stack_sizes; torch.set_num_threads(1); "
                "warnings.simplefilter('ignore'); "
                f"print(stack_sizes.added_memory({name!r}, {most}))"
            )
            out = subprocess.run(
                [sys.executable, "-c", code],
                capture_output=True,
                text=True,
                check=True,
                cwd=Path(__file__).parent,
            )
            added = float(out.stdout.split()[-1])
            print(f"{name:8s}max_stack={most:3d}: 100 members add {added:.0f} MB")


def main():
    """Run the parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--plot", default="")
    parser.add_argument("--fresh", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1)
    warnings.simplefilter("ignore")
    print(f"threads: {torch.get_num_threads()}")
    if options.only in ("", "sizes"):
        table = measure_sizes(Rows("stack_sizes", options.fresh), options.repeats)
        if options.plot:
            plot(table, options.plot)
    if options.only in ("", "profile"):
        profile()
    if options.only in ("", "memory"):
        memory()


if __name__ == "__main__":
    main()
