"""Where the land of a mask ends: its outlines as rings of corners, exact to the pixel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Outline(NamedTuple):
    """A closed ring: its corners [x, y] in pixels from the upper left, and whether water is inside of it."""

    points: list[list[int]]
    hole: bool


class Corners(NamedTuple):
    """Where outlines turn, one entry for each turn; `across` and `down` say which comes first at one place.

    Two pixels of land that touch at a corner only are two outlines, which turn at the same place.
    """

    y: NDArray[np.intp]
    x: NDArray[np.intp]
    across: NDArray[np.intp]
    down: NDArray[np.intp]


def find_outlines(mask: NDArray[np.bool_]) -> list[Outline]:
    """Return the outlines of a mask (height, width), those that begin higher up first."""
    padded = np.pad(mask, 1)
    corners = _corners_of(padded)
    # Between two turns an outline is straight, so the turns of a row belong together in pairs, left to
    # right, and those of a column, top to bottom.
    beside = _mates(np.lexsort((corners.across, corners.x, corners.y)))
    above = _mates(np.lexsort((corners.down, corners.y, corners.x)))
    places = np.stack([corners.x, corners.y], axis=1).tolist()
    waiting = np.ones(len(places), dtype=bool).tolist()
    outlines = []
    for start in np.lexsort((corners.across, corners.x, corners.y)).tolist():
        if not waiting[start]:
            continue
        points, at = [], start
        while waiting[at]:
            turned = beside[at]
            waiting[at] = waiting[turned] = False
            points += [places[at], places[turned]]
            at = above[turned]
        x, y = places[start]
        outlines.append(Outline(points, hole=not padded[y + 1, x + 1]))
    return outlines


def _corners_of(padded: NDArray[np.bool_]) -> Corners:
    # The four pixels around each place between pixels.
    upper_left, upper_right = padded[:-1, :-1], padded[:-1, 1:]
    lower_left, lower_right = padded[1:, :-1], padded[1:, 1:]
    turns = upper_left ^ upper_right ^ lower_left ^ lower_right
    touch = (upper_left == lower_right) & (upper_right == lower_left) & (upper_left ^ upper_right)
    once_y, once_x = np.nonzero(turns)
    twice_y, twice_x = np.nonzero(touch)
    falling = upper_left[twice_y, twice_x].astype(np.intp)
    none, one = np.zeros_like(once_y), np.ones_like(twice_y)
    return Corners(
        y=np.concatenate([once_y, twice_y, twice_y]),
        x=np.concatenate([once_x, twice_x, twice_x]),
        # The first of the two goes left, the second right; falling land goes left and up, right and down.
        across=np.concatenate([none, one - 1, one]),
        down=np.concatenate([none, 1 - falling, falling]),
    )


def _mates(order: NDArray[np.intp]) -> list[int]:
    """Return with whom each is paired, if neighbours in this order are."""
    mates = np.empty_like(order)
    mates[order[0::2]], mates[order[1::2]] = order[1::2], order[0::2]
    found: list[int] = mates.tolist()
    return found
