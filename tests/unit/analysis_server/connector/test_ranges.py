from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analysis_server.connector.transfer.ranges import blocks, gaps

sizes = st.integers(0, 200)
ranges = st.lists(st.tuples(st.integers(0, 220), st.integers(0, 220)))


@given(sizes, ranges, st.integers(1, 50))
def test_blocks_cover_what_has_not_come_and_nothing_else(
    size: int, done: list[tuple[int, int]], block_bytes: int
):
    came = {at for offset, length in done for at in range(offset, offset + length)}
    left = [
        at
        for offset, length in blocks(size, done, block_bytes=block_bytes)
        for at in range(offset, offset + length)
    ]

    assert left == sorted(set(range(size)) - came)


@given(sizes, ranges)
def test_gaps_are_as_large_as_what_is_left(size: int, done: list[tuple[int, int]]):
    came = {at for offset, length in done for at in range(offset, offset + length)}
    assert sum(length for _, length in gaps(size, done)) == len(set(range(size)) - came)
    assert all(length >= 0 for _, length in gaps(size, done))
