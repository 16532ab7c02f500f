"""Callers of the same moment share a call, and none suffers for another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from operation_server.database.shared_calls import MOST_SHARED, SharedCalls


class Squares:
    """Answers numbers with their squares, and remembers who came together."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.may_go = asyncio.Event()
        self.may_go.set()

    async def ask(self, numbers: Sequence[int]) -> list[int]:
        self.batches.append(list(numbers))
        await self.may_go.wait()
        if any(number < 0 for number in numbers):
            raise ValueError(f"negative: {numbers}")
        return [number * number for number in numbers]


async def test_one_caller_is_served_at_once() -> None:
    squares = Squares()
    assert await SharedCalls(squares.ask)(3) == 9
    assert squares.batches == [[3]]


async def test_who_comes_during_a_call_goes_together_in_the_next() -> None:
    squares = Squares()
    shared = SharedCalls(squares.ask)
    squares.may_go.clear()
    first = asyncio.create_task(shared(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(shared(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    squares.may_go.set()
    assert await asyncio.gather(first, *others) == [1, 4, 9, 16]
    assert squares.batches == [[1], [2, 3, 4]]


async def test_one_that_fails_harms_no_other() -> None:
    squares = Squares()
    shared = SharedCalls(squares.ask, faults_of_one=(ValueError,))
    answers = await asyncio.gather(*(shared(number) for number in (1, -2, 3)), return_exceptions=True)
    assert [answers[0], answers[2]] == [1, 9]
    assert isinstance(answers[1], ValueError)


async def test_what_nobody_alone_can_cause_is_not_tried_for_each() -> None:
    squares = Squares()
    shared = SharedCalls(squares.ask)
    answers = await asyncio.gather(*(shared(number) for number in (1, -2, 3)), return_exceptions=True)
    assert all(isinstance(answer, ValueError) for answer in answers)
    assert squares.batches == [[1, -2, 3]]


async def test_a_caller_that_gives_up_takes_nobody_along() -> None:
    squares = Squares()
    shared = SharedCalls(squares.ask)
    leaving, staying = asyncio.create_task(shared(1)), asyncio.create_task(shared(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == 4
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_a_call_has_a_largest_size() -> None:
    squares = Squares()
    shared = SharedCalls(squares.ask)
    numbers = range(MOST_SHARED + 20)
    assert await asyncio.gather(*map(shared, numbers)) == [number * number for number in numbers]
    assert max(map(len, squares.batches)) == MOST_SHARED
