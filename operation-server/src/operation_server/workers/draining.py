"""The rules about draining workers: what is drained stays so until an admin resumes it."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from operation_server.accounts.access import Permission, require
from operation_server.accounts.account import Account
from operation_server.database.connections import AsyncConnection, Connections
from operation_server.trail.actions import Action
from operation_server.trail.recording import record
from operation_server.workers import repository
from operation_server.workers.errors import WorkerNotFound
from operation_server.workers.service import WorkerService
from satellite.contracts import redis_keys
from satellite.contracts.worker import DrainedWorkers

log = structlog.get_logger(__name__)


class DrainService:
    """Drains and resumes workers, also such as are away."""

    def __init__(self, connections: Connections, redis: Redis, workers: WorkerService) -> None:
        self._connections = connections
        self._redis = redis
        self._workers = workers

    async def list_drained(self) -> Sequence[str]:
        """Return the names of the drained workers, whether or not they live."""
        async with self._connections.connect() as connection:
            return await repository.list_drained(connection)

    async def set_drained(self, caller: Account, name: str, *, drained: bool) -> None:
        """Let a worker take no further jobs, or some again; safe to repeat.

        Raises:
            AdminRequired: the caller is not an admin.
            WorkerNotFound: it neither lives nor was drained.
            BrokerUnavailable: it was not drained, and Redis does not say whether it lives.
        """
        require(caller, Permission.MANAGE_WORKERS, "Only an admin drains and resumes workers.")
        change = repository.drain if drained else repository.resume
        async with self._connections.begin() as connection:
            is_changed = await change(connection, name)
            was_drained = drained is not is_changed
            if not was_drained:
                await self._require_live(name)
            if is_changed:
                action = Action.DRAIN_WORKER if drained else Action.RESUME_WORKER
                await record(connection, caller, action, name)
        try:
            async with self._connections.begin() as connection:
                await tell_drained(connection, self._redis)
        except (RedisError, OSError) as error:
            log.warning("workers are told later who is drained", error=str(error))

    async def _require_live(self, name: str) -> None:
        if not any(beat.name == name for beat in await self._workers.list_live()):
            raise WorkerNotFound(f"No worker {name} lives, and none of this name was drained.")


async def tell_drained(connection: AsyncConnection, redis: Redis) -> None:
    """Tell workers who of them is drained; repeated, because Redis may lose it at any moment.

    Raises:
        RedisError: Redis does not answer.
    """
    # One after the other, or who has read before a change might tell after it.
    await repository.lock_telling(connection)
    told = DrainedWorkers(names=list(await repository.list_drained(connection)))
    await redis.set(redis_keys.DRAINED_WORKERS, told.model_dump_json())
