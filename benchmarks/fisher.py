"""How fast is the per-row Fisher information, and how much memory does it take?

Question: how does one call compare with a loop over batches of one, with
`torch.func.vmap(grad)` and with BackPACK, for the diagonal Fisher information of an
encoder? Data: 1,024 rows of 784 uniform numbers, or as many 28 x 28 pictures; networks
784-256-256 and a CNN (two stages of 16 and 32 channels, 64 hidden units), ten classes
per task, initial weights, seed 0. "sure" multiplies the heads' weights by 300, so that
most gradients are tiny. Budget: one thread, one forward pass for all tasks except where
a contender cannot share it, processor time, interleaved repeats, medians of ratios
within a repeat. Every contender's result is compared with the loop's.

BackPACK is optional (`pip install backpack-for-pytorch`): SumGradSquared for predicted
labels, DiagGGNExact for all classes. Run

    python benchmarks/fisher.py [--repeats 5] [--only PROBLEM] [--fresh]

with PROBLEM one of those below, or memory.
"""

import argparse
import copy
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from _fisher_problem import N_CLASSES, N_ROWS, PROBLEMS, Problem
from _rows import Rows
from memory import Peak
from threadpoolctl import threadpool_limits
from torch import nn

from skmtl.nn import fisher_information, task_fisher

CHUNK = 64


def ours(problem):
    """All tasks in one call."""
    found = task_fisher(
        problem.encoder,
        problem.heads,
        problem.x,
        problem.specs,
        kind=problem.kind,
        row_axes=problem.x.dim() - 1,
    )
    return [list(own) for own in zip(*found.values(), strict=True)]


def any_module(problem):
    """The function for any module, one task after the other, heads included."""
    return [
        list(
            fisher_information(
                nn.Sequential(problem.plain, head), problem.x, kind=problem.kind
            ).values()
        )[:-2]
        for head in problem.plain_heads
    ]


def loop(problem):
    """Batches of one; the tasks and classes of a row share its forward pass."""
    parameters = list(problem.plain.parameters())
    totals = [[torch.zeros_like(own) for own in parameters] for _ in problem.specs]
    for row in problem.x.split(1):
        z = problem.plain(row)
        for head, total in zip(problem.plain_heads, totals, strict=True):
            log_p = head(z).log_softmax(-1)[0]
            chosen = [(1.0, log_p.max())]
            if problem.kind == "exact":
                chosen = list(zip(log_p.exp().tolist(), log_p, strict=True))
            for chance, one in chosen:
                found = torch.autograd.grad(one, parameters, retain_graph=True)
                for own, gradient in zip(total, found, strict=True):
                    own.addcmul_(gradient, gradient, value=chance / N_ROWS)
    return totals


@torch.no_grad()  # no graph around grad, which would keep all chunks in memory
def vmapped(problem):
    """``torch.func.vmap(grad)`` in chunks, one task and class after the other."""
    parameters = dict(problem.plain.named_parameters())
    found = []
    for head in problem.plain_heads:
        total = {name: torch.zeros_like(own) for name, own in parameters.items()}
        for label in range(N_CLASSES) if problem.kind == "exact" else [None]:
            gradients = torch.func.vmap(
                torch.func.grad(_log_likelihood, has_aux=True),
                in_dims=(None, 0, None, None, None),
            )
            for rows in problem.x.split(CHUNK):
                own, chance = gradients(parameters, rows, problem.plain, head, label)
                for name, value in own.items():
                    weighted = value.square().flatten(1).T @ chance
                    total[name] += weighted.view_as(total[name]) / N_ROWS
        found.append(list(total.values()))
    return found


def _log_likelihood(parameters, row, module, head, label):
    z = torch.func.functional_call(module, parameters, (row[None],))
    log_p = head(z).log_softmax(-1)[0]
    if label is None:
        return log_p.max(), log_p.new_ones(())
    return log_p[label], log_p[label].exp()


def backpack(problem):
    """BackPACK, which needs a forward pass for every task."""
    import backpack as package
    from backpack.extensions import DiagGGNExact, SumGradSquared

    exact = problem.kind == "exact"
    quantity = DiagGGNExact() if exact else SumGradSquared()
    name = "diag_ggn_exact" if exact else "sum_grad_squared"
    loss = package.extend(nn.CrossEntropyLoss(reduction="sum"))
    found = []
    for head in problem.plain_heads:
        network = package.extend(copy.deepcopy(nn.Sequential(*problem.plain, head)))
        with package.backpack(quantity):
            outputs = network(problem.x)
            loss(outputs, outputs.argmax(-1)).backward()
        found.append([getattr(own, name) / N_ROWS for own in network.parameters()][:-2])
    return found


CONTENDERS = {
    "task_fisher": ours,
    "fisher_information": any_module,
    "loop": loop,
    "vmap": vmapped,
    "BackPACK": backpack,
}


def contenders():
    """Those that can run here."""
    try:
        import backpack  # noqa: F401
    except ImportError:
        print("BackPACK is not installed and left out")
        return {name: one for name, one in CONTENDERS.items() if name != "BackPACK"}
    return CONTENDERS


def seconds(function, problem):
    """Processor time of one call: shared machines make wall time useless."""
    start = time.process_time()
    function(problem)
    return {"seconds": time.process_time() - start}


def check(problem, name):
    """Assert that a contender computes what the loop does, on a few rows."""
    few = copy.copy(problem)
    few.x = problem.x[:16]
    scale = N_ROWS / 16 if name in ("task_fisher", "fisher_information") else 1
    for one, other in zip(CONTENDERS[name](few), loop(few), strict=True):
        for own, expected in zip(one, other, strict=True):
            slack = 1e-3 * float(expected.max())
            torch.testing.assert_close(own / scale, expected, rtol=1e-2, atol=slack)


def measure(rows, repeats, only):
    """Every contender in turn, within every repeat."""
    available = contenders()
    for name, settings in PROBLEMS.items():
        if only not in ("", name):
            continue
        problem = Problem(*settings)
        for contender in available:
            check(problem, contender)
        found = {contender: [] for contender in available}
        for repeat in range(repeats):
            for contender, function in available.items():
                row = rows.get(
                    lambda f=function, p=problem: seconds(f, p),
                    problem=name,
                    contender=contender,
                    repeat=repeat,
                )
                found[contender].append(row["seconds"])
        report(name, found)


def report(name, found):
    """Medians of the ratios to ours."""
    print(f"{name}: {1e3 * np.median(found['task_fisher']):.0f} ms")
    for contender, times in found.items():
        ratios = np.array(times) / found["task_fisher"]
        middle, low, high = np.median(ratios), ratios.min(), ratios.max()
        print(f"    {contender:20s}{middle:8.1f} ({low:.1f} to {high:.1f})", flush=True)


def added_memory(name):
    """Peak of memory that one call adds, result included, in a fresh process."""
    torch.set_num_threads(1)
    problem = Problem(*PROBLEMS[name])
    few = copy.copy(problem)
    few.x = problem.x[:32]
    ours(few)
    with Peak() as peak:
        found = ours(problem)
    result = sum(own.numel() for one in found for own in one) * 4 / 2**20
    print(f"{peak.added:.1f} {result:.1f}")


def measure_memory(rows, repeats):
    """Ask a fresh process each time: freed memory would blur the next figure."""
    for name in PROBLEMS:
        found = []
        for repeat in range(repeats):
            row = rows.get(
                lambda n=name: _ask(n), problem=name, part="memory", repeat=repeat
            )
            found.append(row["megabytes"])
        print(
            f"{name}: adds {np.median(found):.0f} MB, {row['result']:.0f} of them kept"
        )


def _ask(name):
    code = f"import fisher; fisher.added_memory({name!r})"
    here = Path(__file__).parent
    command = [sys.executable, "-c", code]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=here)
    added, result = map(float, out.stdout.split()[-2:])
    return {"megabytes": added, "result": result}


def main():
    """Run the parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="", choices=["", *PROBLEMS, "memory"])
    parser.add_argument("--fresh", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1)
    rows = Rows("fisher", options.fresh)
    print(f"threads: {torch.get_num_threads()}, repeats: {options.repeats}")
    if options.only != "memory":
        measure(rows, options.repeats, options.only)
    if options.only in ("", "memory"):
        measure_memory(rows, options.repeats)


if __name__ == "__main__":
    main()
