"""How the parts of a task map are drawn."""

import numpy as np

_MOST_LETTERS = 20
_LETTERS_KEPT_AT_END = 7
_INK = "#24303b"
# Width of a letter in font sizes, and font sizes in points.
_LETTER = 0.6
_SMALLEST, _LARGEST = 5.0, 10.0
# Below this height of a row in points, names cannot be read and are left out.
_LEAST_ROW = 4.5


def new_axes(n_tasks):
    """Axes in a new figure whose size suits the number of tasks."""
    from matplotlib import pyplot

    side = float(np.clip(2.2 + 0.42 * n_tasks, 3.4, 9.5))
    _, ax = pyplot.subplots(figsize=(side * 1.22, side), layout="compressed")
    return ax


def short_name(name):
    """At most 20 letters: beginning and end, which tell tasks apart, are kept."""
    if len(name) <= _MOST_LETTERS:
        return name
    start = _MOST_LETTERS - _LETTERS_KEPT_AT_END - 1
    return f"{name[:start]}\N{HORIZONTAL ELLIPSIS}{name[-_LETTERS_KEPT_AT_END:]}"


def cell_points(ax):
    """Width of a cell in points, as far as it is known before the final layout."""
    box = ax.get_window_extent()
    n_tasks = ax.images[-1].get_array().shape[0]
    return 72 / ax.figure.dpi * min(box.width, box.height) / n_tasks


def draw_names(ax, names, spans):
    """Write the names on both axes; turn those that would run into each other."""
    cell = cell_points(ax)
    size = float(np.clip(0.85 * cell, _SMALLEST, _LARGEST))
    names = [short_name(name) for name in names]
    places = range(len(names))
    if cell < _LEAST_ROW:
        ax.set_xticks([])
        ax.set_yticks([])
    else:
        longest = max(map(len, names)) * _LETTER * size
        turned = {"rotation": 90}
        if longest < 0.95 * cell:
            turned = {"rotation": 0}
        elif cell > 2.2 * size:
            turned = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
        ax.set_xticks(places, names, fontsize=size, **turned)
        ax.set_yticks(places, names, fontsize=size)
    ax.tick_params(length=0, colors=_INK)
    ax.spines[:].set_visible(False)
    _draw_gaps(ax, len(names), spans, cell)


def _draw_gaps(ax, n_tasks, spans, cell):
    """White gaps between cells, wider ones around groups."""
    edges = np.arange(1, n_tasks) - 0.5
    bounds = {edge for _, first, last in spans for edge in (first - 0.5, last + 0.5)}
    for edge in edges:
        width = 0.025 * cell if edge not in bounds else max(0.09 * cell, 1.5)
        if width > 0.2:
            ax.axhline(edge, color="white", linewidth=width)
            ax.axvline(edge, color="white", linewidth=width)


def draw_values(image, values_format, text_kw):
    """Write each value into its cell, dark on light and light on dark."""
    ax, table = image.axes, np.asarray(image.get_array())
    texts = [[format(value, values_format) for value in row] for row in table]
    letters = max(max(map(len, row)) for row in texts)
    size = np.clip(0.8 * cell_points(ax) / (letters * _LETTER), 4.0, 11.0)
    written = np.empty(table.shape, dtype=object)
    for place, value in np.ndenumerate(table):
        row, column = place
        cell = _luminance(image.cmap(image.norm(value)))
        options = {
            "ha": "center",
            "va": "center",
            "fontsize": float(size),
            "color": max("white", _INK, key=lambda ink: _contrast(ink, cell)),
            **text_kw,
        }
        written[place] = ax.text(column, row, texts[row][column], **options)
    return written


def draw_brackets(ax, spans, bracket_kw):
    """Draw one bracket at the right of the map for each span, with its group."""
    brackets = []
    cell = cell_points(ax)
    inset = min(0.12, 1.5 / cell)
    across = ax.get_window_extent().width * 72 / ax.figure.dpi
    near, far, beside = (1 + points / across for points in (4.0, 9.0, 13.0))
    options = {"color": _INK, "linewidth": 1.3, "solid_capstyle": "butt", **bracket_kw}
    for label, first, last in spans:
        low, high = first - 0.5 + inset, last + 0.5 - inset
        [line] = ax.plot(
            [near, far, far, near],
            [low, low, high, high],
            transform=ax.get_yaxis_transform(),
            clip_on=False,
            scalex=False,
            scaley=False,
            **options,
        )
        name = f"group {label}"
        fits = (last - first + 1) * cell > len(name) * _LETTER * _LARGEST
        ax.text(
            beside,
            (first + last) / 2,
            name if fits else str(label),
            transform=ax.get_yaxis_transform(),
            rotation=-90 if fits else 0,
            ha="left",
            va="center",
            color=options["color"],
            fontsize=_LARGEST,
        )
        brackets.append(line)
    return brackets


def _contrast(ink, background):
    """Contrast of a colour with a luminance, 1 to 21, as the WCAG defines it."""
    from matplotlib.colors import to_rgb

    low, high = sorted([_luminance(to_rgb(ink)), background])
    return (high + 0.05) / (low + 0.05)


def _luminance(colour):
    """Relative luminance of an sRGB colour, 0 black to 1 white."""
    channels = np.asarray(colour[:3])
    linear = np.where(
        channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
    )
    return float(linear @ [0.2126, 0.7152, 0.0722])
