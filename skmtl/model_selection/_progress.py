"""What a search prints, in scikit-learn's words."""

from dataclasses import dataclass

from joblib.logger import short_format_time

__all__ = ["Progress"]

_WIDTH = 80


@dataclass(frozen=True)
class Progress:
    """Prints as much as `verbose` asks for.

    Attributes
    ----------
    verbose, n_splits, n_candidates : int
    """

    verbose: int
    n_splits: int
    n_candidates: int

    def announce(self):
        """Say how many fits there will be."""
        if self.verbose > 0:
            total = self.n_splits * self.n_candidates
            print(
                f"Fitting {self.n_splits} folds for each of {self.n_candidates} "
                f"candidates, totalling {total} fits"
            )

    def begin(self, cell):
        """Say that a fit begins."""
        if self.verbose > 9:
            print(f"{self._place(cell)} START {_text(cell)}".ljust(_WIDTH, "."))

    def together(self, n_fits, seconds):
        """Say that a chunk of fits is done."""
        if self.verbose > 1:
            print(f"[CV] {n_fits} fits together, time={short_format_time(seconds)}")

    def end(self, cell, result):
        """Say how a fit went; its time is its share of the joint one."""
        if self.verbose <= 1:
            return
        begin = f"{self._place(cell)} END "
        end = _text(cell) + (";" if cell.parameters else "")
        if self.verbose > 2:
            end += _scores(result)
        total = result["fit_time"] + result["score_time"]
        end += f" total time={short_format_time(total)}"
        print(begin + end.rjust(_WIDTH - len(begin), "."))

    def _place(self, cell):
        place = f" {cell.fold + 1}/{self.n_splits}" if self.verbose > 2 else ""
        if self.verbose > 9:
            place += f"; {cell.candidate + 1}/{self.n_candidates}"
        return f"[CV{place}]"


def _text(cell):
    items = sorted(cell.parameters.items())
    return ", ".join(f"{name}={value}" for name, value in items)


def _scores(result):
    test, train = result["test_scores"], result.get("train_scores")
    if not isinstance(test, dict):
        shown = f"{test:.3f}"
        if train is not None:
            shown = f"(train={train:.3f}, test={shown})"
        return f", score={shown}"
    text = ""
    for name in sorted(test):
        first = "" if train is None else f"train={train[name]:.3f}, "
        text += f" {name}: ({first}test={test[name]:.3f})"
    return text
