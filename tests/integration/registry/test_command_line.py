"""`satellite model` and the Python client, on a real API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis_server.models.timeseries.lstm_timeseries import FILES
from satellite.cli.main import run_command
from satellite.client import Conflict, NotFound, Refused, SatelliteClient
from tests.fixtures.api import ADMIN, running_api
from tests.integration.registry.conftest import GOLDEN, ONNX, SERVER, SIGNATURE

NAME = "lstm_timeseries"
ROLES = ("model.onnx", "golden.json")


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


def test_an_alias_moves_through_its_gate(
    client: SatelliteClient, version: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = version.parent / "months.csv"
    data.write_text("1,2")
    assert run_command(["model", "register", "doubler", str(version), "--plugin", "loader"]) == 0
    asks = ["--metric", "mae", "--data", str(data), "--at-most", "5", "--not-worse", "0", "--lower-is-better"]
    assert run_command(["model", "gate", "doubler", *asks]) == 0
    move = ["model", "alias", "doubler", "champion", "1"]
    assert run_command(move) == 6
    assert "has no evaluation of mae" in capsys.readouterr().err
    evaluate = ["model", "evaluate", "doubler", "1", "--data", str(data), "--metric"]
    assert run_command([*evaluate, "mae=6"]) == 0
    assert run_command(move) == 6
    told = capsys.readouterr()
    assert "doubler@1 has mae 6 on months.csv." in told.out
    assert "mae is 6" in told.err
    assert run_command([*move, "--override", "there is no other"]) == 0

    assert run_command(["model", "evaluations", "doubler", "1"]) == 0
    assert "months.csv" in capsys.readouterr().out
    [kept] = client.list_evaluations("doubler", 1).items
    assert run_command(["model", "gate", "doubler", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["data_digest"], shown["at_most"], shown["higher_is_better"]) == (kept.data_digest, 5, False)
    client.delete_evaluation("doubler", 1, kept.id)
    assert run_command(["model", "gate", "doubler", "--remove"]) == 0
    assert run_command(["model", "gate", "doubler"]) == 4


def test_a_version_is_tried(
    client: SatelliteClient, version: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["model", "register", "doubler", str(version), "--plugin", "loader"]) == 0
    assert run_command(["model", "alias", "doubler", "champion", "1"]) == 0
    (version / "model.onnx").write_bytes((version / "model.onnx").read_bytes() + b"x")
    assert run_command(["model", "register", "doubler", str(version), "--plugin", "loader"]) == 0
    assert run_command(["model", "rollout", "doubler"]) == 4
    capsys.readouterr()

    assert run_command(["model", "rollout", "doubler", "--candidate", "2", "--percent", "10"]) == 0
    assert "doubler@2, 10 % of champion" in capsys.readouterr().out
    assert client.get_rollout("doubler").status == "running"
    assert run_command(["model", "rollout", "doubler", "--stop"]) == 0
    assert client.get_rollout("doubler").status == "stopped"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["rollout", "x", "--percent", "10"], "Say which version"),
        (["evaluate", "x", "1", "--data", "none.csv", "--metric", "mae=1"], "neither a file nor a SHA-256"),
        (["evaluate", "x", "1", "--data", "a" * 64, "--metric", "mae"], "write NAME=NUMBER"),
        (["gate", "x", "--metric", "mae"], "--metric and --data together"),
    ],
)
def test_what_is_wrong_with_a_command_is_told(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["model", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_models_of_the_analysis_server_are_installed_and_what_was_found_better_stays(
    client: SatelliteClient, version: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install = ["model", "install", NAME, "--no-image", "--into", str(tmp_path / "plugins"), "--json"]

    def installed() -> tuple[int, int, bool]:
        assert run_command(install) == 0
        [told] = json.loads(capsys.readouterr().out)
        return told["version"], told["champion"], told["is_new"]

    assert installed() == (1, 1, True)
    assert installed() == (1, 1, False)
    stored = {file["role"]: file["sha256"] for file in client.list_versions(NAME).items[0].files}
    assert sorted(stored) == ["golden.json", "model.onnx"]
    # The same files under other code, as an earlier release had: the champion goes on with what is installed.
    files = {role: FILES / role for role in stored}
    older = client.register_version(NAME, files, plugin_name="loader")
    client.move_alias(NAME, "champion", older.version)
    assert installed() == (1, 1, False)
    # Other files are what somebody has trained.
    better = client.register_version(NAME, {"model.onnx": version / "model.onnx"}, plugin_name="loader")
    client.move_alias(NAME, "champion", better.version)
    assert installed() == (1, better.version, False)
    asked = client.ask_model(f"{NAME}@1", [1, 2], config={"forecast_steps": 3})
    assert client.get_job(asked.job_id).plugin_name == "lstm-timeseries"


def test_a_model_is_trained_by_a_plugin_that_is_installed_with_it(
    client: SatelliteClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install = ["model", "install", NAME, "--no-image", "--into", str(tmp_path), "--json"]
    assert run_command([*install, "--training"]) == 0
    assert client.submit("lstm-timeseries-training", {"steps": 1}).status == "queued"
    with pytest.raises(Refused, match="/input_data/steps"):
        client.submit("lstm-timeseries-training", {"steps": 0})

    # A gate wants each champion evaluated first, and so keeps the alias where it is.
    capsys.readouterr()
    older = client.register_version(NAME, {role: FILES / role for role in ROLES}, plugin_name="loader")
    client.move_alias(NAME, "champion", older.version)
    client.set_gate(NAME, metric="mae", data_digest="a" * 64, at_most=5)
    assert run_command(install) == 0
    assert json.loads(capsys.readouterr().out)[0]["champion"] == older.version


def test_a_model_of_another_signature_is_left_alone(
    client: SatelliteClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client.register_model(NAME, SIGNATURE)
    assert run_command(["model", "install", NAME, "--no-image", "--into", str(tmp_path)]) != 0
    assert "exists with another signature" in capsys.readouterr().err
    assert client.list_versions(NAME).total == 0


def test_a_folder_without_a_model_is_bad_usage(
    client: SatelliteClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["model", "register", "x", str(tmp_path)]) == 2
    assert "has no file of a model" in capsys.readouterr().err
