"""The shortest way between two points over free cells of a grid."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Cell = tuple[int, int]
"""Row and column."""
DIAGONAL = math.sqrt(2)
STEPS = tuple(
    (down, right, DIAGONAL if down and right else 1.0)
    for down in (-1, 0, 1)
    for right in (-1, 0, 1)
    if down or right
)


class NoWay(Exception):
    """There is no way."""


def nearest_free(free: NDArray[np.bool_], point: Cell) -> Cell:
    """Return the free cell nearest to a point: harbours lie on land.

    Raises:
        NoWay: no cell is free.
    """
    rows, columns = np.nonzero(free)
    if not rows.size:
        raise NoWay("nothing on this map is free")
    nearest = int(np.argmin((rows - point[0]) ** 2 + (columns - point[1]) ** 2))
    return int(rows[nearest]), int(columns[nearest])


def find_path(free: NDArray[np.bool_], start: Cell, goal: Cell) -> list[Cell]:
    """Return the shortest way from one free cell to another by A*, in eight directions and round corners.

    Raises:
        NoWay: what is between them is not free.
    """
    cost = {start: 0.0}
    came_from: dict[Cell, Cell] = {}
    waiting = [(_least(start, goal), start)]
    done: set[Cell] = set()
    while waiting:
        _, cell = heapq.heappop(waiting)
        if cell == goal:
            return _back(came_from, goal)
        if cell in done:
            continue
        done.add(cell)
        for following, length in _around(free, cell):
            further = cost[cell] + length
            if further < cost.get(following, math.inf):
                cost[following], came_from[following] = further, cell
                heapq.heappush(waiting, (further + _least(following, goal), following))
    raise NoWay("there is no way between these points")


def _around(free: NDArray[np.bool_], cell: Cell) -> Iterator[tuple[Cell, float]]:
    row, column = cell
    height, width = free.shape
    for down, right, length in STEPS:
        to_row, to_column = row + down, column + right
        is_inside = 0 <= to_row < height and 0 <= to_column < width
        # Not between two corners that touch.
        if is_inside and free[to_row, to_column] and free[row, to_column] and free[to_row, column]:
            yield (to_row, to_column), length


def _least(cell: Cell, goal: Cell) -> float:
    down, right = abs(cell[0] - goal[0]), abs(cell[1] - goal[1])
    return max(down, right) + (DIAGONAL - 1) * min(down, right)


def _back(came_from: dict[Cell, Cell], goal: Cell) -> list[Cell]:
    path = [goal]
    while path[-1] in came_from:
        path.append(came_from[path[-1]])
    return path[::-1]
