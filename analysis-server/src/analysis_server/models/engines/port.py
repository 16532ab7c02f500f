"""The port of an engine: arrays in by name, arrays out by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class ArrayRefused(ValueError):
    """An array does not fit what the model takes."""


class ModelFileUnfit(Exception):
    """A file holds no model that the engine can load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArraySpec:
    """What a model takes or gives: a name, a type as numpy names it, and a shape.

    None in a shape stands for any length.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]

    def check(self, array: NDArray[Any]) -> None:
        """Let an array pass that fits.

        Raises:
            ArrayRefused: its type or shape is another one, or it holds what is no number.
        """
        fits = len(array.shape) == len(self.shape) and all(
            wanted in {None, length} for wanted, length in zip(self.shape, array.shape, strict=True)
        )
        if not fits:
            shape = ", ".join("any" if length is None else str(length) for length in self.shape)
            raise ArrayRefused(f"{self.name} must have the shape ({shape}), not {array.shape}")
        if array.dtype != self.dtype:
            raise ArrayRefused(f"{self.name} must be of {self.dtype}, not {array.dtype}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ArrayRefused(f"{self.name} holds what is no finite number")


class Engine(Protocol):
    """A loaded model."""

    @property
    def inputs(self) -> tuple[ArraySpec, ...]:
        """Return what it takes."""

    @property
    def outputs(self) -> tuple[ArraySpec, ...]:
        """Return what it gives."""

    def run(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return the outputs by name.

        Raises:
            ArrayRefused: an input is missing, unknown, or does not fit.
        """


def check_arrays(specs: tuple[ArraySpec, ...], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Let the inputs of a model pass that fit.

    Raises:
        ArrayRefused: one is missing, unknown, or does not fit.
    """
    wanted = {spec.name for spec in specs}
    if arrays.keys() != wanted:
        raise ArrayRefused(f"the model takes {', '.join(sorted(wanted))}, not {', '.join(sorted(arrays))}")
    for spec in specs:
        spec.check(arrays[spec.name])
