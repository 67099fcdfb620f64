"""Tables of the regression study, as Markdown."""

import numpy as np
from _study_data import SETS

# Whose harm is counted against which model of each task alone.
_ALONE = {
    "HierarchicalIB": "single tasks",
    "shared noise": "single tasks",
    "HierarchicalIB, diagonal": "single tasks",
    "shared noise, diagonal": "single tasks",
    "HardSharing": "single tasks",
    "HierarchicalIB, defaults": "single tasks",
    "HardSharing, defaults": "single tasks",
    "HierarchicalIB, former defaults": "single tasks",
    "HardSharing, former defaults": "single tasks",
    "pooled linear": "linear per task",
    "pooled trees": "trees per task",
}
_METHODS = [
    "HierarchicalIB",
    "shared noise",
    "HierarchicalIB, diagonal",
    "shared noise, diagonal",
    "HardSharing",
    "single tasks",
    "pooled linear",
    "linear per task",
    "pooled trees",
    "trees per task",
    "HierarchicalIB, defaults",
    "HierarchicalIB, former defaults",
    "HardSharing, defaults",
    "HardSharing, former defaults",
]

_SEARCHED = [method for method in _METHODS if not method.endswith("defaults")]


def print_table(title, head, lines):
    """Print a table.

    Parameters
    ----------
    title : str
    head : sequence of str
    lines : iterable of sequence of str
    """
    print(f"\n{title}\n")
    for line in [head, ["---"] * len(head), *lines]:
        print(f"| {' | '.join(line)} |")


def present(rows, part):
    """Sets that have rows of a part, in the order of the study."""
    return [
        name
        for name in SETS
        if any(row["part"] == part and row["set"] == name for row in rows)
    ]


def _scores(rows, name, method):
    """Scores of shape (n_seeds, n_tasks), and seconds."""
    found = [
        row
        for row in rows
        if row["part"] == "test" and row["set"] == name and row["method"] == method
    ]
    found.sort(key=lambda row: row["seed"])
    scores = np.array([row["scores"] for row in found])
    return scores, [row["seconds"] for row in found]


def _spread(values):
    """Mean and standard error over seeds; one seed has none."""
    if len(values) < 2:
        return f"{np.mean(values):.3f}"
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    return f"{np.mean(values):.3f} ±{error:.3f}".replace("0.", ".")


def print_scores(rows):
    """Scores on the test rows, shares of tasks harmed, differences, seconds."""
    names = present(rows, "test")
    scores, harmed, seconds = [], [], []
    for method in _METHODS:
        line, harm, times = [method], [method], [method]
        for name in names:
            found, spent = _scores(rows, name, method)
            line.append(_spread(found.mean(1)) if len(found) else "")
            times.append(f"{np.median(spent):.2g}" if spent else "")
            harm.append(_harm(rows, name, method, found))
        scores.append(line)
        seconds.append(times)
        if method in _ALONE:
            harmed.append(harm)
    head = ["method", *names]
    print_table("Mean R2 or AUC over tasks, standard error over seeds", head, scores)
    print_table("Percent of tasks worse than alone", head, harmed)
    print_table("Differences of means, paired by seed", head, _differences(rows, names))
    print_table("Seconds per fit", head, seconds)
    print_table("Seconds of the search", head, _search_seconds(rows, names))
    print_table("Settings chosen", head, _chosen(rows, names))


def _harm(rows, name, method, found):
    alone = _scores(rows, name, _ALONE.get(method, ""))[0]
    if not (len(found) and len(alone)):
        return ""
    return f"{100 * np.mean(found.mean(0) < alone.mean(0)):.0f}"


def _differences(rows, names):
    pairs = [
        ("HierarchicalIB", "shared noise"),
        ("HierarchicalIB, diagonal", "shared noise, diagonal"),
        ("HierarchicalIB", "HardSharing"),
        ("HierarchicalIB, diagonal", "HardSharing"),
        ("shared noise", "HardSharing"),
        ("HierarchicalIB", "single tasks"),
        ("HierarchicalIB, defaults", "HierarchicalIB, former defaults"),
        ("HardSharing, defaults", "HardSharing, former defaults"),
        ("HierarchicalIB, defaults", "HardSharing, defaults"),
    ]
    lines = []
    for left, right in pairs:
        line = [f"{left} - {right}"]
        for name in names:
            one, other = (_scores(rows, name, method)[0] for method in (left, right))
            if len(one) and len(one) == len(other):
                line.append(_spread(one.mean(1) - other.mean(1)))
            else:
                line.append("")
        lines.append(line)
    return lines


def _searches(rows, name, method):
    return [
        row
        for row in rows
        if row["part"] == "search" and row["set"] == name and row["method"] == method
    ]


def _search_seconds(rows, names):
    lines = []
    for method in _SEARCHED:
        line = [method]
        for name in names:
            found = _searches(rows, name, method)
            line.append(f"{found[0]['seconds']:.0f}" if found else "")
        lines.append(line)
    return lines


def _chosen(rows, names):
    lines = []
    for method in _SEARCHED:
        line = [method]
        for name in names:
            cells = [
                own for row in _searches(rows, name, method) for own in row["cells"]
            ]
            best = min(cells, key=lambda cell: cell["loss"])["setting"] if cells else {}
            line.append(", ".join(f"{value:.3g}" for value in best.values()))
        lines.append(line)
    return lines


def print_groups(rows):
    """Groups that defaults find, and their agreement with known ones."""
    lines = []
    for name in present(rows, "groups"):
        for row in rows:
            if row["part"] == "groups" and row["set"] == name:
                agreement = row.get("agreement")
                shown = "" if agreement is None else f"{agreement:.2f}"
                groups = " ".join(map(str, row["groups"]))
                lines.append([name, str(row["seed"]), shown, groups])
    print_table("Groups by seed", ["set", "seed", "adjusted Rand", "groups"], lines)
