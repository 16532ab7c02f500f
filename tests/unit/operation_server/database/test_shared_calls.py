"""Callers of the same moment share a call, and none suffers for another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from operation_server.database.shared_calls import MOST_SHARED, SharedCalls


class Refusal(Exception):
    """What the driver raises, with PostgreSQL's code."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


def failure(sqlstate: str | None) -> Exception:
    """Return what SQLAlchemy makes of it."""
    return OperationalError("SELECT", {}, Refusal(sqlstate))


class Squares:
    """Answers numbers with their squares, and remembers who came together."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault or ValueError("negative")
        self.away_after = 1_000
        self.batches: list[list[int]] = []
        self.may_go = asyncio.Event()
        self.may_go.set()

    async def ask(self, numbers: Sequence[int]) -> list[int]:
        self.batches.append(list(numbers))
        await self.may_go.wait()
        if len(self.batches) > self.away_after:
            raise failure("57P01")
        if any(number < 0 for number in numbers):
            raise self.fault
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


@pytest.mark.parametrize(
    "fault",
    [
        ValueError("bad"),
        RecursionError(),
        failure("54001"),
        failure("40P01"),
        DataError("SELECT", {}, Refusal("22003")),
    ],
)
async def test_one_that_fails_harms_no_other(fault: Exception) -> None:
    squares = Squares(fault)
    shared = SharedCalls(squares.ask)
    answers = await asyncio.gather(*(shared(number) for number in (1, -2, 3)), return_exceptions=True)
    assert answers == [1, fault, 9]
    assert squares.batches == [[1, -2, 3], [1], [-2], [3]]


@pytest.mark.parametrize(
    "fault", [failure(None), failure("57P01"), failure("53100"), PoolTimeout(), ConnectionResetError()]
)
async def test_what_nobody_alone_can_cause_is_not_tried_for_each(fault: Exception) -> None:
    squares = Squares(fault)
    shared = SharedCalls(squares.ask)
    answers = await asyncio.gather(*(shared(number) for number in (1, -2, 3)), return_exceptions=True)
    assert answers == [fault, fault, fault]
    assert squares.batches == [[1, -2, 3]]


async def test_nobody_is_tried_alone_once_the_database_is_away() -> None:
    squares = Squares(ValueError("bad"))
    shared = SharedCalls(squares.ask)
    asking = asyncio.gather(*(shared(number) for number in (-1, 2, 3)), return_exceptions=True)
    squares.away_after = 2
    answers = await asking
    assert isinstance(answers[0], ValueError)
    assert answers[1] is answers[2]
    assert squares.batches == [[-1, 2, 3], [-1], [2]]


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
