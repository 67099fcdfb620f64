"""Memory that fit and predict add on a read-only memory map of 380 MB.

Counts anonymous memory of the process (the map's own pages belong to the file), at
its peak, sampled every 5 ms. Run

    python benchmarks/memory.py
"""

import argparse
import re
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import torch

from skmtl import HardSharingClassifier, HierarchicalIBClassifier

N_ROWS, N_FEATURES, N_TASKS = 950_000, 100, 4


def anonymous_megabytes():
    """Anonymous resident memory of this process."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", status).group(1)) / 1024


class Peak:
    """Peak of anonymous memory above the level at entry."""

    def __enter__(self):
        self.start = self.most = anonymous_megabytes()
        self._done = False
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self):
        while not self._done:
            self.most = max(self.most, anonymous_megabytes())
            time.sleep(0.005)

    def __exit__(self, *error):
        self._done = True
        self._thread.join()

    @property
    def added(self):
        """Megabytes above the level at entry."""
        return self.most - self.start


def main():
    """Fit and predict each estimator once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "X.dat"
        shape = (N_ROWS, N_FEATURES)
        rng = np.random.default_rng(0)
        out = np.memmap(path, np.float32, "w+", shape=shape)
        for start in range(0, N_ROWS, 50_000):
            rows = slice(start, start + 50_000)
            out[rows] = rng.normal(size=out[rows].shape)
        out.flush()
        y = (out[:, :N_TASKS] > 0).astype(np.int8)
        del out
        X = np.memmap(path, np.float32, "r", shape=shape)
        print(f"X: {X.nbytes / 2**20:.0f} MB, threads: {torch.get_num_threads()}")
        for cls in (HardSharingClassifier, HierarchicalIBClassifier):
            small = cls(max_epochs=1, device="cpu").fit(X[:2000], y[:2000])
            small.predict(X[:2000])
            est = cls(max_epochs=options.epochs, batch_size=4096, device="cpu")
            with Peak() as fit:
                est.fit(X, y)
            with Peak() as predict:
                est.predict(X)
            print(
                f"{cls.__name__}: fit adds {fit.added:.0f} MB, "
                f"predict adds {predict.added:.0f} MB"
            )


if __name__ == "__main__":
    main()
