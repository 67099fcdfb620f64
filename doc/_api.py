"""The API reference as data: concepts in reading order, names from `__all__`."""

import importlib
import inspect
import pkgutil

# Part of the package, title, what it is for. The names are looked up.
SECTIONS = [
    (
        "bottleneck",
        "Information bottlenecks",
        "Each task reads a shared representation through noise of its own; what a "
        "task lets through says which tasks it is related to.",
    ),
    (
        "sparse",
        "Sparse sharing",
        "Each task uses a part of the shared network: a mask over weights or units.",
    ),
    (
        "selective",
        "Selective sharing",
        "Tasks that turn out to be related share a branch of the network.",
    ),
    (
        "baselines",
        "Baselines",
        "One network per task, one network for all, and what lies between.",
    ),
    (
        "_base",
        "Common steps",
        "What all estimators share.",
    ),
    (
        "model_selection",
        "Model selection",
        "Search, splits and predictions that know about missing labels.",
    ),
    (
        "similarity",
        "Similarity and groups",
        "From evidence to a similarity between tasks, and from there to groups.",
    ),
    (
        "metrics",
        "Metrics",
        "Scores of each task, over its observed labels.",
    ),
    (
        "display",
        "Displays",
        "Figures that hold their numbers; they need matplotlib.",
    ),
    (
        "inspection",
        "Inspection",
        "What tasks read of the shared representation, and what that is worth.",
    ),
    (
        "datasets",
        "Data sets",
        "Synthetic tasks whose relations are known, and real ones.",
    ),
    (
        "persistence",
        "Saving and loading",
        "Files that run no code when they are read.",
    ),
    (
        "tasks",
        "Tasks",
        "For those who add methods: what is predicted, its codes and its losses.",
    ),
    (
        "nn",
        "Networks",
        "For those who add methods: layers and encoders with leading axes.",
    ),
    (
        "engine",
        "Training",
        "For those who add methods: how networks are trained.",
    ),
    (
        "exceptions",
        "Errors and warnings",
        "All of them derive from one error and from one warning.",
    ),
]


def public_names(package):
    """Dotted names of public classes and functions, by the part that defines them.

    A name goes by the shortest of its addresses.
    """
    addresses = {}
    for namespace in _namespaces(package):
        for name in getattr(namespace, "__all__", ()):
            value = getattr(namespace, name)
            if inspect.isclass(value) or inspect.isfunction(value):
                addresses.setdefault(value, f"{namespace.__name__}.{name}")
    parts = {}
    for value, address in addresses.items():
        part = value.__module__.split(".")[1]
        parts.setdefault(part, []).append(address)
    return parts


def api_tables(package):
    """One reStructuredText section for each part that has public names."""
    parts = public_names(package)
    unknown = set(parts) - {part for part, _, _ in SECTIONS}
    if unknown:
        raise ValueError(f"Add to SECTIONS of doc/_api.py: {sorted(unknown)}.")
    return "\n".join(
        _section(title, text, parts[part])
        for part, title, text in SECTIONS
        if part in parts
    )


def _namespaces(package):
    yield package
    found = pkgutil.walk_packages(package.__path__, prefix=f"{package.__name__}.")
    for name in sorted(module.name for module in found):
        if not any(part.startswith("_") for part in name.split(".")):
            yield importlib.import_module(name)


def _section(title, text, names):
    lines = [title, "-" * len(title), "", text, "", ".. autosummary::"]
    lines += ["   :toctree: generated", "   :nosignatures:", ""]
    lines += [f"   {name}" for name in sorted(names)]
    return "\n".join(lines) + "\n"
