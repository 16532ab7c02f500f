"""What is said about files and folders of tests is about some that are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.side_by_side import ALONE, APART, BUSY, LONGEST_FIRST, TOGETHER

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("name", [*TOGETHER, *APART, *ALONE, *BUSY, *LONGEST_FIRST])
def test_it_is_there(name: str) -> None:
    place, _, test = name.partition("::")
    found = list(TESTS.glob(f"{place}*"))
    assert found
    assert not test or any(f"def {test}(" in file.read_text() for file in found)
