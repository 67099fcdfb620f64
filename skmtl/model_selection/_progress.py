"""What a search prints, in scikit-learn's words."""

from joblib.logger import short_format_time

__all__ = ["print_begin", "print_end", "print_fold_count", "print_joint_fit"]

_WIDTH = 80


def print_fold_count(verbose, n_splits, n_candidates):
    """Say how many fits there will be."""
    if verbose > 0:
        print(
            f"Fitting {n_splits} folds for each of {n_candidates} candidates, "
            f"totalling {n_splits * n_candidates} fits"
        )


def print_begin(verbose, cell, n_splits, n_candidates):
    """Say that a fit begins."""
    if verbose > 9:
        begin = f"{_place(verbose, cell, n_splits, n_candidates)} START {_text(cell)}"
        print(begin.ljust(_WIDTH, "."))


def print_joint_fit(verbose, n_fits, seconds):
    """Say that a chunk of fits is done."""
    if verbose > 1:
        print(f"[CV] {n_fits} fits together, time={short_format_time(seconds)}")


def print_end(verbose, cell, n_splits, n_candidates, result):
    """Say how a fit went; its time is its share of the joint one."""
    if verbose <= 1:
        return
    begin = f"{_place(verbose, cell, n_splits, n_candidates)} END "
    end = _text(cell) + (";" if cell.parameters else "")
    if verbose > 2:
        end += _scores(result)
    total = result["fit_time"] + result["score_time"]
    end += f" total time={short_format_time(total)}"
    print(begin + end.rjust(_WIDTH - len(begin), "."))


def _place(verbose, cell, n_splits, n_candidates):
    place = f" {cell.fold + 1}/{n_splits}" if verbose > 2 else ""
    if verbose > 9:
        place += f"; {cell.candidate + 1}/{n_candidates}"
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
