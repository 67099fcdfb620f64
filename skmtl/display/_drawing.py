"""How the parts of a task map are drawn."""

import numpy as np

_MOST_LETTERS = 20
_LETTERS_KEPT_AT_END = 7
INK = "#24303b"
# Width of a letter in font sizes, and font sizes in points.
LETTER = 0.6
_SMALLEST, _LARGEST = 5.0, 10.0
# Below this height of a row in points, names cannot be read and are left out.
_LEAST_ROW = 4.5


def new_axes(n_tasks):
    """Axes in a new figure whose size suits the number of tasks."""
    side = float(np.clip(2.2 + 0.42 * n_tasks, 3.4, 9.5))
    return axes_of_size(side * 1.22, side)


def axes_of_size(width, height):
    """Axes in a new figure of a size in inches."""
    from matplotlib import pyplot

    _, ax = pyplot.subplots(figsize=(width, height), layout="compressed")
    return ax


def short_name(name):
    """At most 20 letters: beginning and end, which tell tasks apart, are kept."""
    if len(name) <= _MOST_LETTERS:
        return name
    start = _MOST_LETTERS - _LETTERS_KEPT_AT_END - 1
    return f"{name[:start]}\N{HORIZONTAL ELLIPSIS}{name[-_LETTERS_KEPT_AT_END:]}"


def cell_points(ax):
    """Lesser side of a cell in points, as far as it is known before the layout."""
    return min(_cell_sides(ax))


def _cell_sides(ax):
    """Width and height of a cell in points."""
    box = ax.get_window_extent()
    n_rows, n_columns = ax.images[-1].get_array().shape
    points = 72 / ax.figure.dpi
    width, height = points * box.width / n_columns, points * box.height / n_rows
    if ax.get_aspect() == "auto":
        return width, height
    return min(width, height), min(width, height)


def draw_names(ax, names, spans):
    """Write the names of tasks on both axes, and part the cells."""
    draw_row_names(ax, names)
    draw_column_names(ax, names)
    bounds = [edge for _, first, last in spans for edge in (first, last + 1)]
    draw_gaps(ax, bounds, bounds)


def draw_row_names(ax, names):
    """Write the names of the rows, where they can be read."""
    height = _cell_sides(ax)[1]
    names = [short_name(name) for name in names]
    if height < _LEAST_ROW:
        ax.set_yticks([])
    else:
        ax.set_yticks(range(len(names)), names, fontsize=_font_size(height))
    ax.tick_params(length=0, colors=INK)
    ax.spines[:].set_visible(False)


def draw_column_names(ax, names):
    """Write the names of the columns; turn those that would run into each other."""
    width = _cell_sides(ax)[0]
    size = _font_size(width)
    names = [short_name(name) for name in names]
    if width < _LEAST_ROW:
        ax.set_xticks([])
        return
    longest = max(map(len, names)) * LETTER * size
    turned = {"rotation": 90}
    if longest < 0.95 * width:
        turned = {"rotation": 0}
    elif width > 2.2 * size:
        turned = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(len(names)), names, fontsize=size, **turned)


def _font_size(cell):
    return float(np.clip(0.85 * cell, _SMALLEST, _LARGEST))


def draw_gaps(ax, row_bounds, column_bounds):
    """White gaps between cells, wider ones before the rows and columns named."""
    n_rows, n_columns = ax.images[-1].get_array().shape
    cell = cell_points(ax)
    for line, count, bounds in (
        (ax.axhline, n_rows, row_bounds),
        (ax.axvline, n_columns, column_bounds),
    ):
        for place in range(1, count):
            width = 0.025 * cell if place not in bounds else max(0.09 * cell, 1.5)
            if width > 0.2:
                line(place - 0.5, color="white", linewidth=width)


def draw_values(image, values_format, text_kw, *, zeros=True):
    """Write each value into its cell, dark on light and light on dark."""
    ax, table = image.axes, np.asarray(image.get_array())
    texts = [[format(value, values_format) for value in row] for row in table]
    letters = max(max(map(len, row)) for row in texts)
    size = np.clip(0.8 * cell_points(ax) / (letters * LETTER), 4.0, 11.0)
    zero = None if zeros else format(0.0, values_format)
    written = np.empty(table.shape, dtype=object)
    for place, value in np.ndenumerate(table):
        row, column = place
        cell = _luminance(image.cmap(image.norm(value)))
        options = {
            "ha": "center",
            "va": "center",
            "fontsize": float(size),
            "color": max("white", INK, key=lambda ink: _contrast(ink, cell)),
            **text_kw,
        }
        text = texts[row][column]
        written[place] = ax.text(column, row, "" if text == zero else text, **options)
    return written


def draw_scale(image, label, beside_brackets, ticks=None):
    """Draw the scale of a map at its right."""
    figure = image.axes.figure
    bar = figure.colorbar(
        image,
        ax=image.axes,
        fraction=0.046,
        # A figure with a layout engine makes room for the brackets by itself.
        pad=0.14 if beside_brackets and figure.get_layout_engine() is None else 0.04,
        ticks=ticks,
    )
    bar.set_label(label)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=2)
    return bar


def draw_brackets(ax, spans, bracket_kw):
    """Draw one bracket at the right of the map for each span, with its group."""
    brackets = []
    cell = _cell_sides(ax)[1]
    inset = min(0.12, 1.5 / cell)
    across = ax.get_window_extent().width * 72 / ax.figure.dpi
    near, far, beside = (1 + points / across for points in (4.0, 9.0, 13.0))
    options = {"color": INK, "linewidth": 1.3, "solid_capstyle": "butt", **bracket_kw}
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
        fits = (last - first + 1) * cell > len(name) * LETTER * _LARGEST
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
