"""Work that loses a cancellation on its way ends all the same."""

from __future__ import annotations

import asyncio

import pytest

from operation_server import cancellation
from operation_server.cancellation import cancel, cancellable


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancellation, "AGAIN_EVERY_S", 0.01)


async def loses(cancellations: int, *, then: Exception | None = None) -> None:
    """Go on for ever, but for the cancellation that follows so many lost ones."""
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            if not cancellations:
                if then is not None:
                    raise then from None
                raise
            cancellations -= 1


async def begun(task: asyncio.Task[None]) -> asyncio.Task[None]:
    await asyncio.sleep(0.01)
    return task


@pytest.mark.parametrize("lost", [0, 1, 3])
async def test_tasks_are_cancelled_until_they_end(lost: int) -> None:
    tasks = [await begun(asyncio.create_task(loses(lost))) for _ in range(2)]

    async with asyncio.timeout(5):
        await cancel(*tasks)

    assert all(task.cancelled() for task in tasks)


@pytest.mark.parametrize("lost", [0, 1, 3])
async def test_one_cancellation_of_what_awaits_it_is_enough(lost: int) -> None:
    task = await begun(asyncio.create_task(cancellable(loses(lost))))

    task.cancel()

    done, _ = await asyncio.wait([task], timeout=5)
    assert done
    assert task.cancelled()


async def test_answers_and_errors_pass() -> None:
    async def fails() -> None:
        raise ValueError

    assert await cancellable(asyncio.sleep(0, result=7)) == 7
    with pytest.raises(ValueError):
        await cancellable(fails())


async def test_what_goes_wrong_while_it_ends_is_told() -> None:
    task = await begun(asyncio.create_task(cancellable(loses(1, then=ValueError()))))

    task.cancel()

    with pytest.raises(ValueError):
        await task
