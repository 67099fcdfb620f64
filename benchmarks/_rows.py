"""Results as one JSON row per run, so that a stopped benchmark goes on."""

import json
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


class Rows:
    """Rows of a benchmark, kept in ``benchmarks/results/<name>.jsonl``.

    Parameters
    ----------
    name : str
    fresh : bool
        Whether to forget earlier rows.
    """

    def __init__(self, name, fresh=False):
        RESULTS.mkdir(exist_ok=True)
        self.path = RESULTS / f"{name}.jsonl"
        if fresh and self.path.exists():
            self.path.unlink()
        self.rows = []
        if self.path.exists():
            self.rows = [
                json.loads(line) for line in self.path.read_text().split("\n") if line
            ]

    def get(self, compute, **key):
        """Return the row with this key; compute and store it if it is not there."""
        for row in self.rows:
            if all(row.get(name) == value for name, value in key.items()):
                return row
        row = {**key, **compute()}
        self.rows.append(row)
        with self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")
        return row
