"""What is said about files and folders of tests is about some that are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.side_by_side import ALONE, LONGEST_FIRST, TOGETHER

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("name", [*TOGETHER, *ALONE, *LONGEST_FIRST])
def test_it_is_there(name: str) -> None:
    assert (TESTS / name).exists()
