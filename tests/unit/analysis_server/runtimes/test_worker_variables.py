"""What is taken of the worker's environment, for whom, and that it shows nowhere."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from analysis_server.execution.executor_service import ExecutorSetup
from analysis_server.runtimes.process.environment import EnvironmentNotMade, PluginEnvironments
from analysis_server.runtimes.process.source import PluginSource
from analysis_server.runtimes.worker_variables import WorkerVariables
from analysis_server.settings import WorkerSettings
from satellite.container_engine.client import client_arguments
from satellite.settings.observability import LogSettings

GIVEN = {
    "PATH": "/usr/bin:/bin",
    "UV_CACHE_DIR": "/cache",
    "VIRTUAL_ENV": "/venv",
    "SATELLITE_SECRET_TOKEN": "hush-secret",
    "SATELLITE_REDIS_URL": "redis://:hush-redis@here",
    "REDIS_URL": "redis://:hush-redis@here",
    "CELERY_BROKER_URL": "redis://:hush-redis@here",
    "SATELLITE_AUTH_SECRET_KEY": "hush-key",
    "UV_INDEX_URL": "https://hush-index@here",
}


def setup_of(environ: dict[str, str]) -> ExecutorSetup:
    return ExecutorSetup(
        settings=WorkerSettings(stack_id="worker's"),
        log=LogSettings(level="debug"),
        runtimes=("process",),
        redis_url="redis://:hush-redis@here",
        variables=WorkerVariables.read(environ),
    )


def test_nothing_secret_is_shown() -> None:
    assert "hush" not in repr(setup_of(GIVEN))


def test_another_process_goes_by_what_it_is_handed(monkeypatch: pytest.MonkeyPatch) -> None:
    handed = pickle.dumps(setup_of(GIVEN))
    monkeypatch.setenv("SATELLITE_STACK_ID", "ray's")
    monkeypatch.setenv("SATELLITE_LOG_LEVEL", "error")
    monkeypatch.setenv("DOCKER_HOST", "tcp://rays:2375")
    found = pickle.loads(handed)
    assert (found.settings.stack_id, found.log.level) == ("worker's", "debug")
    assert found.variables.secrets.known["TOKEN"].get_secret_value() == "hush-secret"
    assert client_arguments(found.variables.engine).get("base_url") != "tcp://rays:2375"


def test_the_engine_is_where_the_environment_says() -> None:
    engine = WorkerVariables.read({"DOCKER_HOST": "tcp://there:2375", "DOCKER_TLS_VERIFY": ""}).engine
    assert client_arguments(engine) == {"base_url": "tcp://there:2375"}


@pytest.mark.parametrize("folder", ["certificates", ""])
def test_certificates_are_found_from_any_folder(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    certificates = tmp_path / (folder or ".docker")
    certificates.mkdir()
    for name in ("cert.pem", "key.pem", "ca.pem"):
        (certificates / name).touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    given = {"DOCKER_HOST": "tcp://there:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": folder}
    engine = WorkerVariables.read(given).engine
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))
    assert client_arguments(engine)["tls"].ca_cert == str(certificates / "ca.pem")


def test_uv_is_given_the_workers_environment_but_nothing_of_the_platform(tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\nenv >&2\nexit 1\n")
    uv.chmod(0o755)
    variables = WorkerVariables.read(GIVEN).uv
    environments = PluginEnvironments(tmp_path / "made", uv=str(uv), variables=variables)
    with pytest.raises(EnvironmentNotMade) as told:
        environments.ensure(PluginSource(folder=tmp_path, digest="d"))
    shown = str(told.value)
    assert "UV_CACHE_DIR=/cache" in shown
    assert shown.count("hush") == shown.count("hush-index") == 1
    assert "VIRTUAL_ENV" not in shown


def test_uv_finds_packages_where_pip_does() -> None:
    places = {"PIP_FIND_LINKS": "/wheels https://here/wheels "}
    assert WorkerVariables.read(places).uv["UV_FIND_LINKS"] == "/wheels,https://here/wheels"
    assert WorkerVariables.read({**places, "UV_FIND_LINKS": "/own"}).uv["UV_FIND_LINKS"] == "/own"
    assert "UV_FIND_LINKS" not in WorkerVariables.read({"PIP_FIND_LINKS": " "}).uv


def test_folders_mean_the_same_in_every_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = WorkerSettings(state_dir=Path("state"), plugin_dirs=[Path("plugins")])
    assert (settings.state_dir, settings.plugin_dirs) == (tmp_path / "state", [tmp_path / "plugins"])
