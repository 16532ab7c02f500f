"""Which processes make up the platform on one machine, and what each of them is told."""

from __future__ import annotations

import asyncio
import functools
import os
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from satellite.contracts import redis_keys
from satellite.local import probes
from satellite.local.home import StackHome
from satellite.local.leftovers import STACK_VARIABLE
from satellite.local.ports import choose_port, find_free_ports
from satellite.local.postgres import EmbeddedPostgres
from satellite.local.postgres_place import PostgresPlace
from satellite.local.process import ProcessSpec
from satellite.local.ray_head import RAY_STARTED, RayHead
from satellite.local.redis import EmbeddedRedis

API_PORT = 8000
FLOWER_PORT = 5555
INFERENCE_PORT = 8001
INFERENCE_KEY = "inference-key"
"""File of the home with the key of the direct lane."""
APPLICATION_ROLE = "satellite_application"
DRAIN_TIMEOUT_S = 10
"""Shorter than on a server: somebody waits at the terminal, and interrupted jobs run again."""

FLOWER_TASKS = 10_000
"""Tasks that Flower remembers: at 6 KiB each its own 100,000 would be most of the memory (2026-11-21)."""
FLOWER_SAVES_EVERY_S = 30
"""How much of what it remembers a Flower that is killed may lose."""
FLOWER_FORGETS_WORKERS_AFTER_S = 86_400


@dataclass(frozen=True, kw_only=True)
class StackOptions:
    """What `satellite up` was asked for."""

    port: int | None = None
    flower_port: int | None = None
    inference_port: int | None = None
    workers: int = 1
    slots: int = max(8, 2 * (os.cpu_count() or 2))
    broker_url: str | None = None
    """A RabbitMQ that is there already; messages go by the stack's own Redis without."""
    with_kafka: bool = False
    """The environment names a Kafka that is there already, and what it is for."""


@dataclass(frozen=True, kw_only=True)
class StackPorts:
    """The loopback ports of one start."""

    api: int
    flower: int
    inference: int
    postgres: int
    redis: int
    ray: int
    ray_dashboard: int

    @classmethod
    def choose(cls, options: StackOptions) -> StackPorts:
        """Choose the ports; only those asked for must be free."""
        api = choose_port(options.port, preferred=API_PORT, option="--port")
        flower = choose_port(options.flower_port, preferred=FLOWER_PORT, option="--flower-port")
        inference = choose_port(options.inference_port, preferred=INFERENCE_PORT, option="--inference-port")
        postgres, redis, ray, ray_dashboard = find_free_ports(4)
        return cls(
            api=api,
            flower=flower,
            inference=inference,
            postgres=postgres,
            redis=redis,
            ray=ray,
            ray_dashboard=ray_dashboard,
        )


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The platform of one home: its processes, in start order, and their addresses.

    `worker_environment` is awaited before a worker starts, because the runtime is known only when
    the plugins' images are ready.
    """

    home: StackHome
    options: StackOptions
    ports: StackPorts
    postgres_place: PostgresPlace
    worker_environment: Callable[[], Awaitable[Mapping[str, str]]]

    @property
    def url(self) -> str:
        """Address of the API."""
        return f"http://127.0.0.1:{self.ports.api}"

    @property
    def flower_url(self) -> str:
        """Address of Flower."""
        return f"http://127.0.0.1:{self.ports.flower}"

    @property
    def inference_url(self) -> str:
        """Address of the direct lane."""
        return f"http://127.0.0.1:{self.ports.inference}"

    @functools.cached_property
    def worker_names(self) -> list[str]:
        """Names of the workers."""
        return [f"analysis{number}" for number in range(1, self.options.workers + 1)]

    @functools.cached_property
    def postgres(self) -> EmbeddedPostgres:
        """The database server."""
        self.home.secret("postgres-password")
        return EmbeddedPostgres(
            data_dir=self.postgres_place.data_dir,
            password_file=self.home.path / "postgres-password",
            port=self.ports.postgres,
            programs=self.postgres_place.programs,
            database="postgres",
        )

    @functools.cached_property
    def redis(self) -> EmbeddedRedis:
        """Leases, events, and the broker unless there is a RabbitMQ."""
        return EmbeddedRedis(
            data_dir=self.home.path / "redis",
            port=self.ports.redis,
            password=self.home.secret("redis-password"),
        )

    @functools.cached_property
    def ray_head(self) -> RayHead:
        """The Ray of all workers."""
        return RayHead(
            folder=self.home.scratch,
            port=self.ports.ray,
            dashboard_port=self.ports.ray_dashboard,
            token=self.home.secret("ray-token"),
        )

    def processes(self) -> list[ProcessSpec]:
        """Return every process in start order; the reverse is the order in which they stop."""
        return [
            self._postgres(),
            self._redis(),
            self._ray(),
            self._flower(),
            self._inference(),
            self._migrate(),
            self._operation("dispatcher", "dispatcher", stop_timeout_s=10),
            self._operation("results", "results consumer", stop_timeout_s=15),
            self._notifications(),
            *([self._kafka()] if self.options.with_kafka else []),
            *(self._worker(name) for name in self.worker_names),
            self._api(),
            self._connector(),
        ]

    def _postgres(self) -> ProcessSpec:
        async def initialise() -> Mapping[str, str]:
            await asyncio.to_thread(self.postgres.initialise)
            return {}

        return ProcessSpec(
            name="postgres",
            title="PostgreSQL",
            command=self.postgres.command(),
            prepare=initialise,
            env=self._marker,
            identity=self.postgres.identity(),
            probe=lambda _: probes.postgres_answers(self.ports.postgres),
            # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
            stop_timeout_s=20,
        )

    def _redis(self) -> ProcessSpec:
        return ProcessSpec(
            name="redis",
            title="Redis",
            command=self.redis.command(),
            env=self._marker,
            probe=lambda _: probes.redis_answers(self.ports.redis, self.redis.password),
            death_signal=signal.SIGTERM,
        )

    def _ray(self) -> ProcessSpec:
        log = self.home.logs / "ray.log"
        old_log_bytes = 0

        async def clear_scratch() -> Mapping[str, str]:
            nonlocal old_log_bytes
            old_log_bytes = log.stat().st_size if log.exists() else 0
            # Ray never deletes its session folders; they hold nothing worth keeping.
            await asyncio.to_thread(shutil.rmtree, self.home.scratch, ignore_errors=True)
            return {}

        async def has_started(_: int) -> bool:
            return await asyncio.to_thread(probes.log_says, log, RAY_STARTED, after=old_log_bytes)

        return ProcessSpec(
            name="ray",
            title="Ray",
            command=self.ray_head.command(),
            prepare=clear_scratch,
            env={**self._marker, **self.ray_head.environment()},
            probe=has_started,
            # It gives itself 30 s, which on a busy machine with cold caches is too short the first time.
            starts_max=3,
            death_signal=signal.SIGTERM,
        )

    def _flower(self) -> ProcessSpec:
        username, password = self.home.admin()
        return ProcessSpec(
            name="flower",
            title="Flower",
            command=[
                sys.executable,
                "-m",
                "celery",
                "-A",
                "operation_server.dispatch.celery_app",
                "flower",
                "--address=127.0.0.1",
                f"--port={self.ports.flower}",
                f"--max_tasks={FLOWER_TASKS}",
                "--persistent",
                f"--db={self.home.flower_state}",
                f"--state_save_interval={FLOWER_SAVES_EVERY_S * 1000}",
                f"--purge_offline_workers={FLOWER_FORGETS_WORKERS_AFTER_S}",
                "--read_only",
            ],
            # It shows whose plugins fail and why, so it asks for the admin's name and password.
            env={**self._operation_environment, "FLOWER_BASIC_AUTH": f"{username}:{password}"},
            # Last, so that it takes no time from what the first job waits for.
            depends_on=("redis", *self.worker_names),
            probe=lambda _: probes.http_answers(self.ports.flower, "/healthcheck"),
            is_optional=True,
        )

    def _inference(self) -> ProcessSpec:
        return ProcessSpec(
            name="inference",
            title="inference",
            command=[program("analysis-server"), "inference"],
            env={
                **self._marker,
                "SATELLITE_LOCAL_MODE": "true",
                "SATELLITE_INFERENCE_PORT": str(self.ports.inference),
                "SATELLITE_INFERENCE_API_KEYS": self.home.secret(INFERENCE_KEY),
                "SATELLITE_INFERENCE_STATE_DIR": str(self.home.path / "inference"),
            },
            # Jobs do without it, so it takes no time from what the first one waits for.
            depends_on=tuple(self.worker_names),
            probe=lambda _: probes.http_answers(self.ports.inference, "/api/v1/health"),
            stop_timeout_s=15,
            is_optional=True,
        )

    def _connector(self) -> ProcessSpec:
        return ProcessSpec(
            name="connector",
            title="connector",
            command=[program("analysis-server"), "connector"],
            prepare=self.worker_environment,
            env={
                **self._marker,
                **self._broker_environment,
                "SATELLITE_LOCAL_MODE": "true",
                "SATELLITE_WORKER_NAME": "connector",
                "SATELLITE_WORKER_STATE_DIR": str(self.home.path / "connector"),
                "SATELLITE_WORKER_API_URL": self.url,
                "SATELLITE_WORKER_API_TOKEN": self.home.secret("worker-token"),
            },
            # Only clusters need it, so it takes no time from what the first job waits for.
            depends_on=("api", *self.worker_names),
            stop_timeout_s=25,
            is_optional=True,
        )

    def _migrate(self) -> ProcessSpec:
        async def clear_metrics() -> Mapping[str, str]:
            # Counts of processes that ended with the last start, before the first one of this start.
            await asyncio.to_thread(shutil.rmtree, self.home.metrics, ignore_errors=True)
            return {}

        return ProcessSpec(
            name="migrate",
            title="database schema",
            command=[program("operation-server"), "migrate"],
            prepare=clear_metrics,
            env=self.maintenance_environment,
            depends_on=("postgres",),
            runs_once=True,
        )

    def _operation(self, name: str, title: str, *, stop_timeout_s: float) -> ProcessSpec:
        return ProcessSpec(
            name=name,
            title=title,
            command=[program("operation-server"), name],
            env=self._operation_environment | self._metrics_environment,
            depends_on=("migrate", "postgres", "redis"),
            stop_timeout_s=stop_timeout_s,
        )

    def _notifications(self) -> ProcessSpec:
        # Jobs do without it; it keeps the names of their receivers secret, as the API does.
        plain = self._operation("notifications", "notifications", stop_timeout_s=10)
        secrets_key = {"SATELLITE_SECRETS_KEY": self.home.secret("secrets-key")}
        return replace(plain, env={**plain.env, **secrets_key}, is_optional=True)

    def _kafka(self) -> ProcessSpec:
        # Jobs do without it, whatever its settings are.
        return replace(self._operation("kafka", "Kafka", stop_timeout_s=10), is_optional=True)

    def _api(self) -> ProcessSpec:
        return ProcessSpec(
            name="api",
            title="API",
            command=[program("operation-server"), "api"],
            env=self._operation_environment
            | self._metrics_environment
            | {
                "SATELLITE_SECRETS_KEY": self.home.secret("secrets-key"),
                "SATELLITE_API_WORKER_TOKEN": self.home.secret("worker-token"),
            },
            depends_on=("migrate", "postgres", "redis"),
            probe=lambda _: probes.http_answers(self.ports.api, "/ready"),
        )

    def _worker(self, name: str) -> ProcessSpec:
        key = redis_keys.worker(name)
        return ProcessSpec(
            name=name,
            title=f"worker {name}",
            command=[sys.executable, "-m", "analysis_server"],
            prepare=self.worker_environment,
            env={
                **self._marker,
                **self._broker_environment,
                **self.ray_head.environment(),
                "SATELLITE_LOCAL_MODE": "true",
                "SATELLITE_WORKER_NAME": name,
                "SATELLITE_WORKER_SLOTS": str(self.options.slots),
                "SATELLITE_WORKER_STATE_DIR": str(self.home.path / "workers" / name),
                # One for all, so that who goes on with a run of another finds its files.
                "SATELLITE_WORKER_FILES_DIR": str(self.home.path / "run-files"),
                "SATELLITE_WORKER_API_URL": self.url,
                "SATELLITE_WORKER_DRAIN_TIMEOUT_S": str(DRAIN_TIMEOUT_S),
                "SATELLITE_WORKER_API_TOKEN": self.home.secret("worker-token"),
                "SATELLITE_RAY_ADDRESS": self.ray_head.address,
                "SATELLITE_RAY_NAMESPACE": f"satellite-{self.home.stack_id}",
            },
            depends_on=("redis", "ray"),
            # Its actor and what ran in it are gone with the Ray they were on.
            restarts_with=("ray",),
            probe=lambda pid: probes.heartbeat_is_of(self.ports.redis, self.redis.password, key, pid),
            stop_timeout_s=DRAIN_TIMEOUT_S + 15,
            stop_group="workers",
        )

    @property
    def _marker(self) -> dict[str, str]:
        return {
            STACK_VARIABLE: self.home.stack_id,
            "PYTHONUNBUFFERED": "1",
            # One heap for all threads: glibc's default of eight a core costs tens of MiB in each server.
            "MALLOC_ARENA_MAX": "2",
        }

    @property
    def _broker_environment(self) -> dict[str, str]:
        redis_url = self.redis.url
        return {"SATELLITE_REDIS_URL": redis_url, "CELERY_BROKER_URL": self.options.broker_url or redis_url}

    @property
    def _operation_environment(self) -> dict[str, str]:
        username, password = self.home.admin()
        return {
            **self._marker,
            **self._broker_environment,
            "SATELLITE_DATABASE_URL": self.postgres.url_of(
                APPLICATION_ROLE, self.home.secret("postgres-application-password")
            ),
            "SATELLITE_FILES_STORAGE_URL": (self.home.path / "files").as_uri(),
            "SATELLITE_API_HOST": "127.0.0.1",
            "SATELLITE_API_PORT": str(self.ports.api),
            "SATELLITE_API_FLOWER_URL": self.flower_url,
            "SATELLITE_AUTH_SECRET_KEY": self.home.secret("auth-secret"),
            "SATELLITE_ADMIN_EMAIL": username,
            "SATELLITE_ADMIN_PASSWORD": password,
            # Only this machine reaches it, so what an operator has set is theirs to choose.
            "SATELLITE_LOCAL_MODE": "true",
        }

    @property
    def maintenance_environment(self) -> dict[str, str]:
        """What the process is told that alone owns the tables, and makes the role that all others work as."""
        return self._operation_environment | {"SATELLITE_DATABASE_MIGRATION_URL": self.postgres.url()}

    @property
    def _metrics_environment(self) -> dict[str, str]:
        # Not for Flower, which has metrics of its own.
        return {
            "PROMETHEUS_MULTIPROC_DIR": str(self.home.metrics),
            "SATELLITE_METRICS_TOKEN": self.home.secret("metrics-token"),
        }


def program(name: str) -> str:
    """Return a console script of the environment that runs this code."""
    return str(Path(sys.executable).parent / name)
