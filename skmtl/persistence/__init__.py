"""Estimators kept in one file that runs no code when it is read.

A file is a zip archive of three entries, none of them compressed, so that reading
takes no more memory than the file has bytes, up to a constant:

- ``document.json``: protocol, version of skmtl, class, constructor parameters and
  fitted attributes as a tree of plain nodes;
- ``arrays.safetensors``: the arrays that the nodes refer to;
- ``network.safetensors``: the weights of the network.

Nothing is unpickled, and nothing that a file names is imported: classes and kinds of
nodes are looked up in fixed tables. The state of the optimiser is not kept:
``partial_fit`` after :func:`load` starts with a fresh one.
"""

from ._persist import load, save

__all__ = ["load", "save"]
