"""`satellite worker` on a real API process; the test plays the worker."""

from __future__ import annotations

import json

from redis import Redis

from satellite.contracts import redis_keys
from satellite.testing import heartbeat_of
from tests.integration.command_line.test_accounts import CommandLine


def test_a_worker_is_drained_and_resumed(satellite: CommandLine, redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.sadd(redis_keys.WORKERS, "gpu-1")
        beat = heartbeat_of(name="gpu-1", drained=True, running=[(7, 1)])
        redis.set(redis_keys.worker("gpu-1"), beat.model_dump_json())
        assert "gpu-1 is drained: 1 jobs run there" in satellite("worker", "drain", "gpu-1")
        assert "drained" in satellite("worker", "list", COLUMNS="300")
        assert json.loads(satellite("worker", "list", "--json"))["drained"] == ["gpu-1"]
        redis.delete(redis_keys.worker("gpu-1"))
    assert "Drained and away: gpu-1." in satellite("worker", "list", COLUMNS="300")
    assert "takes jobs again" in satellite("worker", "resume", "gpu-1")
    assert "No worker gpu-1 lives" in satellite("worker", "resume", "gpu-1", code=4)
