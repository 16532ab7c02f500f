"""From JSON to the arrays of a model and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
}


def read_arrays(inputs: Sequence[Any], data: Any) -> dict[str, np.ndarray]:
    """Return the arrays of a request by name; a ValueError says what is wrong with it."""
    names = [each.name for each in inputs]
    if len(inputs) == 1 and not isinstance(data, dict):
        return {names[0]: _array(inputs[0], data, "/data")}
    if not isinstance(data, dict) or data.keys() != set(names):
        raise ValueError(f"/data must be an object of {', '.join(names)}")
    return {each.name: _array(each, data[each.name], f"/data/{each.name}") for each in inputs}


def write_arrays(arrays: Mapping[str, np.ndarray]) -> Any:
    """Return the outputs of a model as JSON: one by itself, several by their names."""
    lists = {name: array.tolist() for name, array in arrays.items()}
    return next(iter(lists.values())) if len(lists) == 1 else lists


def _array(wanted: Any, value: Any, at: str) -> np.ndarray:
    if wanted.type not in TYPES:
        raise ValueError(f"{at} cannot be given as JSON: the model wants {wanted.type}")
    try:
        # What is too large becomes infinite, and is told below.
        with np.errstate(over="ignore"):
            array = np.asarray(value, dtype=TYPES[wanted.type])
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{at} must be numbers in lists of equal lengths: {error}") from error
    lengths = [length if isinstance(length, int) else None for length in wanted.shape]
    fits = len(lengths) == array.ndim and all(
        length in {None, found} for length, found in zip(lengths, array.shape, strict=True)
    )
    if not fits:
        shape = ", ".join("any" if length is None else str(length) for length in lengths)
        raise ValueError(f"{at} must have the shape ({shape}), not {array.shape}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{at} holds what is no finite number of {array.dtype}")
    return array
