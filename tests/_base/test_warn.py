"""How messages name tasks."""

import pytest

from skmtl._base import name_tasks


@pytest.mark.parametrize(
    ("tasks", "shown"),
    [
        ([6], "'g'"),
        ([1, 0], "'b', 'a'"),
        (range(5), "'a', 'b', 'c', 'd', 'e'"),
        (range(7), "'a', 'b', 'c', 'd', 'e' and 2 more"),
    ],
    ids=["one", "two", "five", "seven"],
)
def test_many_tasks_are_not_all_named(tasks, shown):
    assert name_tasks(tasks, list("abcdefg")) == shown
