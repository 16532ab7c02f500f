"""What `satellite up` makes of its options and of the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from satellite.cli.main import command_line
from satellite.local import up
from satellite.local.plugin_folders import find_plugin_dirs
from satellite.local.runtime import RuntimeOption


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Runs `satellite up` as far as its request."""
    requests: list[up.UpRequest] = []

    async def run_up(request: up.UpRequest, console: Any) -> None:
        requests.append(request)

    monkeypatch.setattr(up, "run_up", run_up)

    def ask(*options: str, **environment: str) -> up.UpRequest:
        done = CliRunner().invoke(command_line(), ["up", "--home", str(tmp_path), *options], env=environment)
        assert done.exit_code == 0, done.output
        return requests.pop()

    return ask


def test_the_environment_has_its_way(asked: Any) -> None:
    request = asked(SATELLITE_WORKER_RUNTIME="process", SATELLITE_WORKER_SLOTS="3")

    assert (request.runtime, request.options.slots) == (RuntimeOption.PROCESS, 3)


def test_an_option_is_stronger(asked: Any) -> None:
    request = asked(
        "--runtime",
        "container",
        "--slots",
        "4",
        SATELLITE_WORKER_RUNTIME="process",
        SATELLITE_WORKER_SLOTS="3",
    )

    assert (request.runtime, request.options.slots) == (RuntimeOption.CONTAINER, 4)


def test_without_either_it_is_decided_at_the_start(asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SATELLITE_WORKER_RUNTIME", raising=False)

    assert asked().runtime is RuntimeOption.AUTO


def test_an_unknown_runtime_in_the_environment_is_named(tmp_path: Path) -> None:
    environment = {"SATELLITE_WORKER_RUNTIME": "vm", "COLUMNS": "200"}
    done = CliRunner().invoke(command_line(), ["up", "--home", str(tmp_path)], env=environment)

    assert done.exit_code == 2
    assert "SATELLITE_WORKER_RUNTIME" in done.output


def test_the_environment_may_name_the_plugins_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SATELLITE_WORKER_PLUGIN_DIR", str(tmp_path))

    assert find_plugin_dirs() == [tmp_path]
