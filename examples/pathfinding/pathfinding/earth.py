"""Places on maps whose rows are latitudes and whose columns are longitudes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from pathfinding.route import Cell

EARTH_RADIUS_KM = 6_371.0


@dataclass(frozen=True)
class Bounds:
    """The edges of a map in degrees."""

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `west,south,east,north`; a ValueError says what is wrong."""
        found = cls(*_numbers(text, 4))
        if not (-180 <= found.west < found.east <= 180 and -90 <= found.south < found.north <= 90):
            raise ValueError("must be west,south,east,north in degrees, from small to large")
        return found

    def place(self, cell: Cell, shape: tuple[int, int]) -> tuple[float, float]:
        """Return the longitude and latitude of the middle of a cell."""
        height, width = shape
        longitude = self.west + (cell[1] + 0.5) / width * (self.east - self.west)
        latitude = self.north - (cell[0] + 0.5) / height * (self.north - self.south)
        return longitude, latitude


def parse_point(text: str) -> Cell:
    """Read `x,y` in pixels as row and column; a ValueError says what is wrong."""
    x, y = _numbers(text, 2)
    return round(y), round(x)


def length_km(path: Sequence[Cell], bounds: Bounds, shape: tuple[int, int]) -> float:
    """Return how long a way over a map is on the globe."""
    places = [bounds.place(cell, shape) for cell in path]
    return sum(_distance_km(one, other) for one, other in itertools.pairwise(places))


def _distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    (west, south), (east, north) = ([math.radians(degrees) for degrees in place] for place in (one, other))
    chord = (
        math.sin((north - south) / 2) ** 2
        + math.cos(south) * math.cos(north) * math.sin((east - west) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(chord))


def _numbers(text: str, count: int) -> list[float]:
    parts = text.split(",")
    if len(parts) != count:
        raise ValueError(f"must be {count} numbers with commas between them")
    numbers = [float(part) for part in parts]
    if not all(map(math.isfinite, numbers)):
        raise ValueError("must be finite numbers")
    return numbers
