"""How the lines of an information plane are drawn."""

import numpy as np

from ._drawing import INK, LETTER, short_name

# The palette of Okabe and Ito, which the colour-blind tell apart, without yellow; in
# an order whose first colours differ most. Shapes tell the tasks apart as well.
_COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#e69f00",
    "#7f7f7f",
    "#8b5a2b",
)
_MARKERS = "os^DvPX*"
_CROWD = "#9aa5ae"
# Size of the prices in points, and by how much the layout may yet shrink the axes.
_SIZE, _SHRINKAGE = 8.0, 0.75


def draw_tasks(ax, information, score, names, line_kw):
    """Draw one line for each task; more than eight are a grey crowd."""
    few = len(names) <= len(_COLOURS)
    lines = []
    for task, name in enumerate(names):
        options = {"color": _CROWD, "linewidth": 0.8, "alpha": 0.7}
        if few:
            options = {"color": _COLOURS[task], "linewidth": 1.4, "markersize": 4.5}
            options |= {"marker": _MARKERS[task], "markeredgewidth": 0}
        # Of a crowd the first line alone stands for all in the legend.
        label = short_name(name) if few else "single tasks" if task == 0 else None
        lines += ax.plot(
            information[:, task],
            score[:, task],
            **{"label": label, **options, **line_kw},
        )
    return lines


def draw_mean(ax, information, score, mean_kw):
    """Draw the mean over the tasks, of the scores over those that have one."""
    known = np.isfinite(score)
    count = known.sum(axis=1)
    total = np.where(known, score, 0).sum(axis=1)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    options = {"color": INK, "linewidth": 2.6, "marker": "o", "markersize": 4.5}
    [line] = ax.plot(
        information.mean(axis=1),
        mean,
        **{"label": "mean", "zorder": 3, **options, **mean_kw},
    )
    return line


def draw_legend(ax, n_lines):
    """Name the lines beside the axes; None for a single line."""
    if n_lines < 2:
        return None
    return ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))


def write_prices(ax, line, betas):
    """Write prices at the points of a line, on its hollow side, where there is room."""
    from matplotlib.patheffects import withStroke

    points = line.get_xydata()
    known = np.isfinite(points).all(axis=1)
    if not known.any():
        return []
    ax.get_xlim(), ax.get_ylim()  # these bring the scales up to date
    places = ax.transData.transform(points) * 72 / ax.figure.dpi
    cheapest, dearest = points[known, 1][[0, -1]]
    options = {"xytext": (6, -5), "va": "top"}
    if cheapest < dearest:
        options = {"xytext": (6, 5), "va": "bottom"}
    names = [f"{beta:.3g}" for beta in betas]
    apart = np.array([max(map(len, names)) * LETTER + 1, 1.3]) * _SIZE / _SHRINKAGE
    texts, taken = [], []
    for place in np.flatnonzero(known):
        if any((np.abs(places[place] - other) < apart).all() for other in taken):
            continue
        taken.append(places[place])
        prefix = "" if texts else "\N{GREEK SMALL LETTER BETA} = "
        texts.append(
            ax.annotate(
                prefix + names[place],
                points[place],
                textcoords="offset points",
                fontsize=_SIZE,
                color=INK,
                path_effects=[withStroke(linewidth=2.5, foreground="white")],
                zorder=4,
                **options,
            )
        )
    return texts
