"""Outlines of masks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis_server.models.segmentation.outlines import Outline, find_outlines


def filled(outlines: list[Outline], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the mask that outlines are of, by how often a ray from the left crosses them."""
    inside = np.zeros(shape, dtype=bool)
    for points, _ in outlines:
        for (x, y), (next_x, next_y) in zip(points, points[1:] + points[:1], strict=True):
            if x == next_x:
                inside[min(y, next_y) : max(y, next_y), x:] ^= True
    return inside


def test_a_lake_is_a_hole_and_its_island_is_not() -> None:
    mask = np.ones((7, 9), dtype=bool)
    mask[1:6, 1:8] = False
    mask[3, 3:5] = True
    assert find_outlines(mask) == [
        Outline([[0, 0], [9, 0], [9, 7], [0, 7]], hole=False),
        Outline([[1, 1], [8, 1], [8, 6], [1, 6]], hole=True),
        Outline([[3, 3], [5, 3], [5, 4], [3, 4]], hole=False),
    ]


def test_pixels_that_touch_at_a_corner_are_two() -> None:
    assert len(find_outlines(np.eye(2, dtype=bool))) == 2
    assert len(find_outlines(np.fliplr(np.eye(2, dtype=bool)))) == 2


def test_no_land_has_no_outline() -> None:
    assert find_outlines(np.zeros((3, 4), dtype=bool)) == []


@pytest.mark.parametrize("share", [0.1, 0.4, 0.6, 0.9])
def test_outlines_are_exact(share: float) -> None:
    draw = np.random.default_rng(7)
    for _ in range(40):
        mask = draw.random(tuple(draw.integers(1, 12, size=2))) < share
        outlines = find_outlines(mask)
        assert (filled(outlines, mask.shape) == mask).all()
        # Corners only: an outline turns at each of its points.
        for points, _ in outlines:
            for before, at, after in zip(
                points[-1:] + points[:-1], points, points[1:] + points[:1], strict=True
            ):
                assert (before[0] == at[0]) != (at[0] == after[0])
