"""Draws a way on its map."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw

from pathfinding.route import Cell

COLOUR = (255, 221, 51)
WIDTH = 3


def draw_path(content: bytes, path: Sequence[Cell]) -> bytes:
    """Return the map as a PNG, with the way on it and a dot at each end."""
    with Image.open(io.BytesIO(content)) as source:
        drawn = source.convert("RGB")
    pen = ImageDraw.Draw(drawn)
    pen.line([(column, row) for row, column in path], fill=COLOUR, width=WIDTH)
    for row, column in (path[0], path[-1]):
        pen.ellipse((column - 5, row - 5, column + 5, row + 5), fill=COLOUR)
    file = io.BytesIO()
    drawn.save(file, "PNG")
    return file.getvalue()
