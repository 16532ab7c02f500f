from __future__ import annotations

import pytest

from analysis_server.connector.transfer.ranges import block_bytes_for
from analysis_server.connector.transfer.stream_plan import plan_get, plan_put

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("size_bytes", "rtt_s", "streams"),
    [
        (0, 0.1, 1),
        (MIB, 0.1, 1),
        (64 * MIB, 0.0003, 1),
        (64 * MIB, 0.02, 2),
        (64 * MIB, 0.1, 8),
        (640 * MIB, 1, 8),
    ],
)
def test_files_go_by_as_many_streams_as_the_way_is_long(size_bytes: int, rtt_s: float, streams: int):
    assert plan_put(size_bytes, rtt_s).streams == streams


@pytest.mark.parametrize(
    ("rtt_s", "window_mib"), [(0.0, 2), (0.0003, 2), (0.02, 2), (0.1, 14), (0.3, 32), (10.0, 32)]
)
def test_the_window_is_as_wide_as_the_way_is_long(rtt_s: float, window_mib: int):
    assert plan_get(1000 * MIB, rtt_s).window_bytes // MIB == window_mib


def test_blocks_are_neither_too_small_nor_too_large():
    assert block_bytes_for(0, streams=1) == MIB
    assert block_bytes_for(64 * MIB, streams=8) == MIB
    assert block_bytes_for(10**12, streams=8) == 16 * MIB
