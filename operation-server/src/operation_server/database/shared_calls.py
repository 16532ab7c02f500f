"""Callers of the same moment share one statement."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from operation_server.faults import is_away

Question = TypeVar("Question")
Answer = TypeVar("Answer")

Call = tuple[Question, asyncio.Future[Answer]]

MOST_SHARED = 100


class SharedCalls(Generic[Question, Answer]):
    """Asks for many what each caller asks for one.

    Nobody waits for company: what comes while a call is under way goes together in the next. One caller at a
    time is served as before; at sixteen a statement carries five or six jobs, for the price of one.
    """

    def __init__(self, ask: Callable[[Sequence[Question]], Awaitable[Sequence[Answer]]]) -> None:
        """Take the call that answers a batch in its order.

        One that raises has had no effect, whatever it raises: then each question is asked alone, so that none
        fails for its neighbour's fault.
        """
        self._ask = ask
        self._waiting: list[Call[Question, Answer]] = []
        self._work: asyncio.Task[None] | None = None

    async def __call__(self, question: Question) -> Answer:
        """Return the answer to one question; whatever the call raises for it comes here."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._serve())
        return await answer

    async def _serve(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_SHARED], self._waiting[MOST_SHARED:]
            try:
                await self._answer(batch)
            except asyncio.CancelledError:
                for _, answer in batch + self._waiting:
                    answer.cancel()
                raise

    async def _answer(self, batch: Sequence[Call[Question, Answer]]) -> None:
        error = await self._try(batch)
        if error is None:
            return
        if len(batch) == 1 or is_away(error):
            _fail(batch, error)
            return
        for position, one in enumerate(batch):
            error = await self._try([one])
            if error is not None and is_away(error):
                _fail(batch[position:], error)
                return
            if error is not None:
                _fail([one], error)

    async def _try(self, batch: Sequence[Call[Question, Answer]]) -> Exception | None:
        """Ask for all of a batch; returns what went wrong."""
        try:
            answers = await self._ask([question for question, _ in batch])
        except Exception as error:  # noqa: BLE001  # It is the callers' to handle.
            return error
        for (_, answer), given in zip(batch, answers, strict=True):
            if not answer.done():
                answer.set_result(given)
        return None


def _fail(batch: Sequence[Call[Question, Answer]], error: Exception) -> None:
    for _, answer in batch:
        if not answer.done():
            answer.set_exception(error)
