"""Models come and go: each in a process of its own, within a budget, and again after it has died."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.fixtures.servers import wait_until
from tests.integration.inference.server import ANALYSIS_SERVER, InferenceServer, running_server
from tests.integration.inference.test_answers import LSTM, SERIES, picture, upload

MAPS = "map_segmentation"


def status_of(server: InferenceServer, model: str) -> int:
    if model == MAPS:
        return upload(server.client, picture()).status_code
    asked = {"model_name": model, "data": SERIES}
    return server.client.post("/api/v1/predict", json=asked).status_code


def test_a_model_that_dies_is_started_again_and_others_go_on(tmp_path: Path) -> None:
    with running_server(tmp_path, SATELLITE_INFERENCE_PRELOAD="*") as server:
        dead, other = server.model_process(LSTM), server.model_process(MAPS)
        assert dead is not None
        assert other is not None

        dead.kill()

        assert status_of(server, MAPS) == 200
        again = wait_until(lambda: server.model_process(LSTM))
        assert again.pid != dead.pid
        wait_until(lambda: LSTM in server.loaded())
        assert status_of(server, LSTM) == 200
        assert server.model_process(MAPS) == other


def test_models_make_room_for_each_other_and_no_request_fails(tmp_path: Path) -> None:
    with running_server(tmp_path, MODEL_MAX_LOADED="1") as server:
        assert server.loaded() == []
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda model: status_of(server, model), [LSTM, MAPS] * 20))

        assert set(answers) == {200}
        assert len(server.loaded()) == 1


def test_too_many_at_a_time_are_told_to_come_back(tmp_path: Path) -> None:
    with running_server(tmp_path, SATELLITE_INFERENCE_WAITING_MAX="1") as server:
        asked = {"model_name": LSTM, "items": [{"data": SERIES}] * 3}
        items = server.client.post("/api/v1/predict", json=asked).json()["items"]

        assert [item.get("error", {}).get("code") for item in items] == [None, *["too_many_waiting"] * 2]


def test_nothing_is_left_of_a_server_that_is_killed(tmp_path: Path) -> None:
    with running_server(tmp_path, SATELLITE_INFERENCE_PRELOAD=LSTM) as server:
        model = server.model_process(LSTM)
        assert isinstance(model, psutil.Process)
        server.process.kill()
        wait_until(lambda: not model.is_running())


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "SATELLITE_INFERENCE_API_KEYS: is not set"),
        ({"SATELLITE_INFERENCE_API_KEYS": "changeme"}, "is a placeholder"),
        ({"SATELLITE_LOCAL_MODE": "true", "SATELLITE_INFERENCE_PRELOAD": "none"}, "there is no model none"),
        ({"MODEL_MAX_LOADED": "0"}, "MODEL_MAX_LOADED"),
    ],
)
def test_it_does_not_start_as_nobody_would_want_it(settings: dict[str, str], told: str) -> None:
    done = subprocess.run([ANALYSIS_SERVER, "inference"], env=settings, capture_output=True, timeout=60)
    assert done.returncode == 1
    assert told in done.stderr.decode()
