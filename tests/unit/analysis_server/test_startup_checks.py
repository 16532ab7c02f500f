"""Workers that refuse to start, and say which variable is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from analysis_server.runtimes.selection import RuntimePreference
from analysis_server.settings import AnalysisSettings, WorkerSettings
from analysis_server.startup_checks import require_engine_s_leave, require_secrets
from satellite.container_engine.address import EngineAddress
from satellite.settings.broker import BrokerSettings

TOKEN = "0f2b6c1d9e8a7f5b3c4d2e1f0a9b8c7d"


def settings(
    *, redis: str = "redis://127.0.0.1/0", broker: str | None = None, token: str = TOKEN
) -> AnalysisSettings:
    return AnalysisSettings(
        worker=WorkerSettings(api_token=SecretStr(token)),
        broker=BrokerSettings(redis_url=redis, celery_broker_url=broker),
    )


@pytest.fixture(autouse=True)
def not_of_one_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SATELLITE_LOCAL_MODE", raising=False)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (settings(redis="redis://cache.example/0"), "SATELLITE_REDIS_URL: has no password"),
        (settings(broker="amqp://guest:guest@rabbit.example//"), "CELERY_BROKER_URL: its password"),
        (settings(token="x" * 40), "SATELLITE_WORKER_API_TOKEN: is a placeholder"),
    ],
)
def test_a_secret_that_is_none_is_named_and_local_mode_takes_it(
    given: AnalysisSettings, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit) as ended:
        require_secrets(given)
    assert words in str(ended.value)

    monkeypatch.setenv("SATELLITE_LOCAL_MODE", "true")
    require_secrets(given)


def test_right_ones_start() -> None:
    require_secrets(settings(redis="redis://:kd8-2hhq@cache.example/0"))


@pytest.mark.parametrize(
    ("runtime", "starts"),
    [("container", False), ("container,process", False), ("auto", True), ("process", True)],
)
def test_an_engine_that_may_not_be_used_ends_a_worker_that_needs_it(
    runtime: RuntimePreference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, starts: bool
) -> None:
    engine_socket = tmp_path / "engine.sock"
    engine_socket.touch()
    given = settings()
    engine = EngineAddress(docker={"DOCKER_HOST": f"unix://{engine_socket}"})
    given = given.model_copy(
        update={
            "worker": given.worker.model_copy(update={"runtime": runtime}),
            "variables": type(given.variables)(engine=engine),
        }
    )
    require_engine_s_leave(given)

    # Tests may run as root, who may use every socket.
    monkeypatch.setattr(os, "access", lambda *_: False)
    if starts:
        require_engine_s_leave(given)
        return
    with pytest.raises(SystemExit) as ended:
        require_engine_s_leave(given)
    assert f"SATELLITE_WORKER_RUNTIME is {runtime}, but DOCKER_HOST: unix://{engine_socket}" in str(
        ended.value
    )
