"""Calls the author's function; the same way in both modes, so that both give equal results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Union

from satellite.plugin.conversion import make_input_converter
from satellite.plugin.declaration import Declaration
from satellite.plugin.errors import OutputUnfit
from satellite.plugin.failure import Failure, make_failure
from satellite.plugin.framing import encode
from satellite.plugin.hints import find_input_type

Answer = Union[str, Failure]
"""A result as JSON text, or why there is none."""


class Invocation:
    """The author's function after its setup, ready for any number of inputs."""

    def __init__(self, declaration: Declaration) -> None:
        self._declaration = declaration
        self._convert = make_input_converter(find_input_type(declaration.function, batch=declaration.batch))
        self._extra = () if declaration.setup is None else (declaration.setup(),)

    def answer_all(self, values: Sequence[Any], begin: Callable[[Sequence[int]], None]) -> list[Answer]:
        """Return an answer for each input, in order.

        `begin` is told the places of the inputs that the next call works on: all of a batch, or one.
        """
        slots = [self._converted(value) for value in values]
        for group in self._group(
            [place for place, slot in enumerate(slots) if not isinstance(slot, Failure)]
        ):
            begin(group)
            for place, answer in zip(group, self._call([slots[place] for place in group])):
                slots[place] = answer
        return slots

    def _converted(self, value: Any) -> Any:
        """Return the input as the function wants it, or a failure."""
        try:
            return value if self._convert is None else self._convert(value)
        except Exception as error:  # noqa: BLE001 - what a model's own check raises is its own affair.
            return make_failure(error)

    def _group(self, places: list[int]) -> list[list[int]]:
        if self._declaration.batch:
            return [places] if places else []
        return [[place] for place in places]

    def _call(self, inputs: list[Any]) -> list[Answer]:
        try:
            if not self._declaration.batch:
                return [_answer(self._declaration.function(inputs[0], *self._extra))]
            results = self._declaration.function(inputs, *self._extra)
            return [_answer(result) for result in self._checked(results, len(inputs))]
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the author's code may raise anything.
            return [make_failure(error)] * len(inputs)

    def _checked(self, results: Any, expected: int) -> Sequence[Any]:
        """Return `results` as the list that a batch function owes, one for each input."""
        name = self._declaration.name
        if isinstance(results, (str, bytes, dict)) or not hasattr(results, "__iter__"):
            raise OutputUnfit(f"{name} takes a batch and must return a list, not {type(results).__name__}")
        found: list[Any] = list(results)
        if len(found) != expected:
            raise OutputUnfit(f"{name} returned {len(found)} results for a batch of {expected}")
        return found


def _answer(result: Any) -> Answer:
    if isinstance(result, BaseException):
        return make_failure(result)
    try:
        return encode(result)
    except OutputUnfit as error:
        return make_failure(error)
