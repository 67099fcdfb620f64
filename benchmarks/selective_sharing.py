"""Selective sharing beside the figures of its paper, and on tables.

Questions, one part each:

mnist10k  ten tasks of MNIST, one digit against the rest; 10,000 rows, 20 epochs, three
          seeds. Four criteria, and the paper's kind of evidence (gradients, HDBSCAN),
          beside a network per task, one branch each and one for all.
mnist50k  the same, 50,000 rows, 10 epochs: is accuracy kept with fewer parameters?
epochs    seconds of an epoch before and after a merge, one network of mnist10k.
search    what the search for groups takes, of an epoch.
scm20d    are the known pairs of tasks the first merges of the tree, in five seeds?
tables    student, ml_yeast, adult, school: scores beside one branch for all, one each
          and random groups of the same sizes, three seeds, with default weight decay
          and with one chosen for each on a quarter of the training rows.

"defaults" are the default parameters. They find none of the digits related enough to
share, so "similarity", "dissimilarity", "random", "gradients" and "tensor-train" have
`n_groups=5`, a number set in advance, which saves more than the 35 % of parameters
wanted. "one" has `window=1`. Everything else is a default. The seeds of a variant train
as one stack. Rows go to ``results/selective_sharing_<part>.jsonl``, and what has a row
is not run again:

    python benchmarks/selective_sharing.py [PART ...] [--device auto] [--seeds N]
        [--only VARIANT,...] [--results FOLDER] [--threads N] [--quick]

`--only` names variants of the parts on MNIST, and data of the tables.
"""

import argparse
import time

import torch
from _selective_digits import epochs, mnist10k, mnist50k, search
from _selective_runs import Settings
from _selective_tables import scm20d, tables
from threadpoolctl import threadpool_limits

PARTS = {
    "mnist10k": mnist10k,
    "mnist50k": mnist50k,
    "epochs": epochs,
    "search": search,
    "scm20d": scm20d,
    "tables": tables,
}


def main():
    """Run the parts asked for, all of them by default."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--only", default="", help="variants or data, with commas")
    parser.add_argument("--seeds", type=int, default=0, help="0: as many as usual")
    parser.add_argument("--results", default="", help="folder for the rows")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a trial of seconds")
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
        threadpool_limits(asked.threads)
    options = Settings(
        asked.device,
        asked.quick,
        asked.only,
        seeds=asked.seeds,
        results=asked.results,
    )
    for name in asked.parts or PARTS:
        start = time.perf_counter()
        PARTS[name](options)
        print(f"== {name}: {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
