"""Sparse sharing by Fisher information, beside what needs no information.

Questions, one part each:

sweep       is the paper's claim true, Fisher first everywhere? Nine methods on
            dkl_mnist, ml_scene, ml_yeast, grouped MNIST and tox21 at up to five keep
            ratios. Weight decay and length of training are chosen on validation rows,
            four settings of equally many fits for each method; then 3 seeds on the test
            rows.
recipe      which of schedule, score, average, floor and freezing pays? One change at a
            time, keep ratios .1 and .5, on validation rows only.
density     at keep ratio .1: do all layers and units live, and what does it cost?
similarity  are known groups of tasks told apart, at keep ratios .3, .5 and .9?
export      a task's own network at keep ratio .1: size, speed and equality.

Sets, widths and steps are in ``_sparse_sets.py``, methods in ``_sparse_methods.py``.
Draws 0, 1, 2 judge; 100 to 102 choose settings, 200 to 202 recipes. Fits train in
stacks of ``--members``, each stack in one of ``--jobs`` processes of one thread. Rows
go to ``results/fisher_sparse_<part>.jsonl`` or into the folder ``--results``; what has
a row is not fitted again. Nothing is begun after ``--minutes``. ``--only``, which may
be repeated, takes the name of a set, method, recipe or problem. Run

    python benchmarks/fisher_sparse.py [PART ...] [--device cpu] [--only NAME]...
        [--jobs 1] [--members 6] [--seeds 3] [--minutes M] [--results FOLDER]
        [--quick] [--show]

``--show`` prints the tables of the rows that there are.
"""

import argparse
import time

from _sparse_density import density
from _sparse_export import export
from _sparse_recipe import recipe
from _sparse_runs import Options, one_thread
from _sparse_similarity import similarity
from _sparse_sweep import sweep

PARTS = {
    "sweep": sweep,
    "recipe": recipe,
    "density": density,
    "similarity": similarity,
    "export": export,
}


def main():
    """Run the parts asked for, all of them by default."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", action="append", default=[], help="may be repeated")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--members", type=int, default=6, help="most fits of a stack")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--results", default="", help="folder for the rows")
    parser.add_argument("--quick", action="store_true", help="a trial of seconds")
    parser.add_argument("--show", action="store_true", help="print tables only")
    asked = parser.parse_args()
    one_thread()
    options = Options(
        device=asked.device,
        quick=asked.quick,
        show=asked.show,
        only=tuple(asked.only),
        jobs=asked.jobs,
        members=asked.members,
        seeds=asked.seeds,
        deadline=time.time() + 60 * asked.minutes,
        results=asked.results,
    )
    for name in asked.parts or PARTS:
        start = time.perf_counter()
        PARTS[name](options)
        print(f"== {name}: {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
