"""Every code block of the guide runs as a doctest, and every page can be found.

pytest itself collects the pages (``testpaths`` and ``--doctest-glob`` in
pyproject.toml); what it would pass over in silence is looked for here.
"""

import doctest
import re
import tomllib

import pytest

from tests._source import REPOSITORY

GUIDE = REPOSITORY / "doc" / "user_guide"
PAGES = sorted(GUIDE.glob("*.rst"))
# Pages that are made of words only.
WITHOUT_CODE = {"index", "terms"}
MOST_SKIPPED = 1


@pytest.fixture(params=PAGES, ids=lambda page: page.stem)
def page(request):
    return request.param


def test_pytest_runs_the_pages():
    text = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    options = tomllib.loads(text)["tool"]["pytest"]["ini_options"]
    assert {"doc", "README.rst"} <= set(options["testpaths"])
    assert "--doctest-glob=*.rst" in options["addopts"]


def test_pages_show_code(page):
    examples = doctest.DocTestParser().get_examples(page.read_text(encoding="utf-8"))
    assert bool(examples) != (page.stem in WITHOUT_CODE)
    skipped = [one for one in examples if one.options.get(doctest.SKIP)]
    assert len(skipped) <= MOST_SKIPPED, [one.source for one in skipped]


def test_all_python_is_run(page):
    text = page.read_text(encoding="utf-8")
    assert not re.findall(r"^\s*\.\. (?:code|code-block|sourcecode)::", text, re.M)
    assert "import" not in "".join(literal_blocks(text))


def literal_blocks(text):
    """Indented blocks after a double colon, which no doctest runs."""
    return re.findall(r"::\n\n((?:[ \t]+\S.*\n|\n)+)", text)


def test_literal_blocks_are_found():
    assert literal_blocks("So::\n\n    import os\n\nEnd\n") == ["    import os\n\n"]
