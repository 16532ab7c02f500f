"""Whether this process can serve."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

from operation_server.database.connections import Connections
from operation_server.database.disk_memory import DiskMemory
from operation_server.database.errors import DATABASE_ERRORS
from operation_server.database.schema_fit import SchemaFit
from operation_server.incarnations.watch import DatabaseWatch

CHECK_TIMEOUT_S = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What was found; only the database decides. A full disk still lets everybody read."""

    database: str
    redis: str
    disk: str = "ok"

    @property
    def is_ready(self) -> bool:
        """Tell whether requests can be served."""
        return self.database == "ok"


class HealthService:
    """Looks at the database and Redis."""

    def __init__(
        self, connections: Connections, redis: Redis, disk: DiskMemory, watch: DatabaseWatch
    ) -> None:
        self._connections = connections
        self._redis = redis
        self._disk = disk
        self._watch = watch
        self._schema = SchemaFit()

    async def check(self) -> Readiness:
        """Return what works. Redis is not needed: jobs are accepted without it and run later."""
        database, redis = await asyncio.gather(self._check_database(), self._check_redis())
        return Readiness(database=database, redis=redis, disk=self._disk.describe())

    async def _check_database(self) -> str:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S), self._connections.connect() as connection:
                fault = await self._schema.fault(connection)
        except TimeoutError:
            return "does not answer in time"
        except DATABASE_ERRORS:
            return "cannot be reached"
        if fault is None and self._watch.refusal is not None:
            return "was recovered from a backup; run `satellite admin restore --finish`"
        return fault or "ok"

    async def _check_redis(self) -> str:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                await self._redis.ping()
                persistence = await self._redis.info("persistence")
                if persistence.get("aof_last_write_status", "ok") != "ok":
                    return "cannot write to its disk, so it takes no changes; make room there"
        except (RedisError, OSError, TimeoutError):
            return "cannot be reached"
        return "ok"
