"""The hierarchical bottleneck beside the figures of its paper, and beyond them.

Questions, one part each:

table5      two pairs of tasks on MNIST, 50 draws of digits, D = 4, 25 epochs: how often
            are the pairs told apart (paper's table V)? Learned and fixed noise, the
            objective as printed, no noise, and the labels alone. 5,875 steps a stack.
defaults    the same tasks, 50 fresh draws, default parameters: groups, accuracy, time.
graded      six tasks of four digits (figure 3): rank correlation of similarity with the
            digits shared, 20 draws ("judging"); gamma, D and measures on 20 other draws
            ("choosing"); figures 2 to 4 ("pictures").
planted     48, 12 and 6 planted tasks ("planted"); data without groups, and copies of
            one task ("null").
multimnist  two digits laid over each other (table IV), against MTVIB; 5,875 steps a
            stack.
landmine    29 fields, two known groups: agreement of the groups and mean AUC.

Draws 0 to 49 are for table 5, 1000 to 1049 for the defaults, 2000 to 2019 judge the
graded tasks and 3000 to 3019 are for choices. Networks train as stacks. Rows go to
``results/hierarchical_ib_<part>.jsonl``, and what has a row is not run again:

    python benchmarks/hierarchical_ib.py [PART ...] [--device auto] [--only VARIANT,...]
        [--data mnist] [--figures FOLDER] [--threads N] [--quick]
"""

import argparse
import time

import torch
from _bottleneck_graded import graded
from _bottleneck_groups import defaults, table5
from _bottleneck_landmine import landmine
from _bottleneck_overlaid import multimnist
from _bottleneck_planted import planted
from _bottleneck_runs import Options
from threadpoolctl import threadpool_limits

PARTS = {
    "table5": table5,
    "defaults": defaults,
    "graded": graded,
    "planted": planted,
    "multimnist": multimnist,
    "landmine": landmine,
}


def main():
    """Run the parts asked for, all of them by default."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--only", default="", help="variants, joined by commas")
    parser.add_argument("--data", default="", choices=["", "digits", "mnist"])
    parser.add_argument("--figures", default="", help="folder for pictures")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a trial of seconds")
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
        threadpool_limits(asked.threads)
    options = Options(asked.device, asked.quick, asked.only, asked.data, asked.figures)
    for name in asked.parts or PARTS:
        start = time.perf_counter()
        PARTS[name](options)
        print(f"== {name}: {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
