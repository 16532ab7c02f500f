"""Cursors: they survive the trip to a client and back, and nothing else passes for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operation_server.live.cursor import Cursor, CursorInvalid

NUMBERS = st.integers(min_value=0, max_value=10**16 - 1)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_a_cursor_comes_back_as_it_went(milliseconds: int, sequence: int, event_id: int) -> None:
    cursor = Cursor((milliseconds, sequence), event_id)

    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize("text", ["", "1", "1-2", "1-2:", "a-b:c", "1-2:3 ", "-1-2:3", "1-2:3:4", "1" * 40])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(CursorInvalid):
        Cursor.parse(text)
