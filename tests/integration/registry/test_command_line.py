"""`satellite model` and the Python client, on a real API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from satellite.cli.main import run_command
from satellite.client import Conflict, NotFound, SatelliteClient
from tests.fixtures.api import ADMIN, running_api
from tests.integration.registry.conftest import GOLDEN, ONNX, SERVER, SIGNATURE


@pytest.fixture
def client(
    database_url: str, redis_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SatelliteClient]:
    """A client of an API that stores files, and the command line logged in there; `loader` is registered."""
    monkeypatch.setenv("SATELLITE_FILES_STORAGE_URL", folder.as_uri())
    with running_api(database_url=database_url, redis_url=redis_url) as url, SatelliteClient(url) as client:
        token = client.login(ADMIN["username"], ADMIN["password"]).access_token
        monkeypatch.setenv("SATELLITE_URL", url)
        monkeypatch.setenv("SATELLITE_TOKEN", token)
        client.register_plugin(SERVER)
        yield client


@pytest.fixture
def version(tmp_path: Path) -> Path:
    """The folder of a version."""
    place = tmp_path / "version"
    place.mkdir()
    (place / "model.onnx").write_bytes(ONNX)
    (place / "golden.json").write_bytes(GOLDEN)
    (place / "signature.json").write_text(json.dumps(SIGNATURE))
    (place / "metrics.json").write_text('{"mae": 4.53}')
    return place


def test_a_folder_becomes_a_version_that_is_asked(
    client: SatelliteClient, version: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register = ["model", "register", "doubler", str(version), "--plugin", "loader"]
    assert run_command(register) == 0
    assert run_command(["model", "alias", "doubler", "champion", "1"]) == 0
    assert capsys.readouterr().out == "Registered doubler@1.\ndoubler@champion is version 1.\n"
    (version / "signature.json").unlink()
    (version / "model.onnx").write_bytes(ONNX + b"x")
    assert run_command([*register, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["version"], told["metrics"]) == (2, {"mae": 4.53})
    assert [file["role"] for file in told["files"]] == ["golden.json", "model.onnx"]

    assert run_command(["model", "list"]) == 0
    assert "champion=1" in capsys.readouterr().out
    assert run_command(["model", "show", "doubler"]) == 0
    assert "mae 4.53" in capsys.readouterr().out
    asked = client.ask_model("doubler", [1, 2], config={"steps": 1})
    assert (asked.model_version, client.get_job(asked.job_id).model) == (1, "doubler@1")
    with pytest.raises(Conflict):
        client.inference_result(asked.job_id)
    assert client.get_card("doubler", 1)["version"]["aliases"] == ["champion"]
    client.delete_version("doubler", 2)
    with pytest.raises(Conflict, match="is called champion"):
        client.delete_version("doubler", 1)
    client.delete_alias("doubler", "champion")
    with pytest.raises(NotFound):
        client.get_card("doubler", 2)


def test_a_folder_without_a_model_is_bad_usage(
    client: SatelliteClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["model", "register", "x", str(tmp_path)]) == 2
    assert "has no file of a model" in capsys.readouterr().err
