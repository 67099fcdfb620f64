"""Configuration of Sphinx; nothing here or in the pages needs the network."""

import re
import sys
from pathlib import Path

import skmtl

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from _api import api_tables  # noqa: E402

project = "skmtl"
author = "The skmtl developers"
project_copyright = "2026, The skmtl developers"
release = version = skmtl.__version__

# a star before or an underscore after a name, as they stand in shapes
SHAPE_MARKUP = re.compile(r"(?<=[(\[\s])\*(?=\w+[,)])|(?<=\w)_(?=[,)])")
# a term of scikit-learn's glossary, in what numpydoc takes from inherited properties
FOREIGN_TERM = re.compile(r":term:(`[^`]+`)")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_api_tables.rst"]
templates_path = ["_templates"]
default_role = "code"
# a reference may stand alone at the end of a docstring
suppress_warnings = ["ref.citation"]

# autosummary looks for names in the text of files, not in what they include
(HERE / "_api_tables.rst").write_text(api_tables(skmtl), encoding="utf-8")
autosummary_generate = ["_api_tables.rst"]
autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False

html_theme = "pydata_sphinx_theme"
html_title = "skmtl"
html_theme_options = {"show_prev_next": False, "secondary_sidebar_items": ["page-toc"]}
html_sidebars = {"index": [], "install": [], "contributing": [], "changes": []}

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"(^|/)(?!plot_)[^/]*\.py$",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
}


def skip_foreign_members(app, what, name, obj, skip, options):
    """Leave out of a class page what the class inherits from other packages."""
    if what != "class":
        return None
    defined = getattr(obj, "fget", None) or obj
    module = getattr(defined, "__module__", None) or ""
    return None if module.partition(".")[0] == "skmtl" else True


def escape_shapes(app, what, name, obj, options, lines):
    """Read ``(*members, n_iter_)`` as it stands: no emphasis, no hyperlink."""
    for number, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            pieces = re.split("(`+[^`]*`+)", line)
            pieces[::2] = [SHAPE_MARKUP.sub(r"\\\g<0>", text) for text in pieces[::2]]
            lines[number] = "".join(pieces)


def name_foreign_terms(app, what, name, obj, options, lines):
    """Leave the name of a term that the glossary of scikit-learn explains."""
    lines[:] = [FOREIGN_TERM.sub(r"\1", line) for line in lines]


def setup(app):
    """Connect what the docstrings need, before and after numpydoc reads them."""
    app.connect("autodoc-skip-member", skip_foreign_members)
    app.connect("autodoc-process-docstring", escape_shapes, priority=100)
    app.connect("autodoc-process-docstring", name_foreign_terms, priority=900)
