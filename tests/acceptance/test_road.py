"""The whole road of a job, from REST to result, as a client sees it."""

from __future__ import annotations

import json

import httpx
from websockets.sync.client import connect

from tests.acceptance.platform import Platform, submit, wait_for_job

TABLE = {"csv": "name,age\n Ada ,36\nBob,\n Ada ,36\n"}


def example_input(api: httpx.Client, plugin_name: str) -> object:
    """Return the first example of a registered plugin's input schema."""
    return api.get(f"/plugins/{plugin_name}").json()["input_schema"]["examples"][0]


class TestRoad:
    def test_a_job_completes_with_result_and_timings(self, api: httpx.Client) -> None:
        job = submit(api, "example-classifier", example_input(api, "example-classifier"))

        assert job["status"] == "queued"
        done = wait_for_job(api, job["id"])
        assert done["status"] == "completed", done
        assert 0 < done["result"]["confidence"] <= 1
        assert done["attempt"] == 1
        phases = ["queued", "dispatched", "claimed", "prepared", "ran", "reported", "committed"]
        total = sum(done["timings"][phase] for phase in phases)
        assert abs(total - done["timings"]["total"]) <= 0.02 * done["timings"]["total"] + 1

    def test_prefer_wait_answers_with_the_finished_job(self, api: httpx.Client) -> None:
        answer = api.post(
            "/jobs",
            json={"plugin_name": "example-processor", "input_data": example_input(api, "example-processor")},
            headers={"Prefer": "wait=60"},
        )

        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "completed"

    def test_a_websocket_sees_the_whole_story_once_and_in_order(
        self, platform: Platform, api: httpx.Client
    ) -> None:
        job = submit(api, "example-classifier", example_input(api, "example-classifier"))
        ticket = api.post("/auth/ws-ticket").json()["ticket"]

        frames = []
        with connect(
            f"{platform.url.replace('http', 'ws')}/api/v1/ws/jobs/{job['id']}?ticket={ticket}",
            open_timeout=60,
        ) as socket:
            while not frames or frames[-1]["type"] != "result":
                frames.append(json.loads(socket.recv(timeout=60)))

        statuses = [frame["data"]["status"] for frame in frames if frame["type"] == "status"]
        assert statuses[0] == "queued"
        assert statuses[-1] == "completed"
        assert len(statuses) == len(set(statuses))
        assert len({frame["cursor"] for frame in frames}) == len(frames)

    def test_a_client_that_resumes_misses_nothing_and_sees_nothing_twice(
        self, platform: Platform, api: httpx.Client
    ) -> None:
        job = submit(api, "example-failing", {"how": "sleep", "seconds": 1})
        wait_for_job(api, job["id"])
        base = f"{platform.url.replace('http', 'ws')}/api/v1/ws/jobs/{job['id']}"

        def read(after: str | None, count: int | None) -> list[dict[str, object]]:
            ticket = api.post("/auth/ws-ticket").json()["ticket"]
            address = f"{base}?ticket={ticket}" + (f"&after={after}" if after else "")
            frames: list[dict[str, object]] = []
            with connect(address, open_timeout=60) as socket:
                while len(frames) != count and (not frames or frames[-1]["type"] != "result"):
                    frames.append(json.loads(socket.recv(timeout=30)))
            return frames

        whole = read(None, None)
        first = read(None, 1)
        rest = read(str(first[-1]["cursor"]), None)
        assert [frame["data"] for frame in first + rest] == [frame["data"] for frame in whole]

    def test_two_jobs_of_one_plugin_run_side_by_side(self, api: httpx.Client) -> None:
        ids = [submit(api, "example-failing", {"how": "sleep", "seconds": 3})["id"] for _ in range(2)]

        first, second = (wait_for_job(api, job_id) for job_id in ids)

        assert first["status"] == second["status"] == "completed", (first, second)
        assert max(first["started_at"], second["started_at"]) < min(
            first["completed_at"], second["completed_at"]
        )

    def test_the_log_is_kept(self, api: httpx.Client) -> None:
        job = submit(api, "example-failing", {"how": "stderr", "megabytes": 1})
        wait_for_job(api, job["id"])

        log = api.get(f"/jobs/{job['id']}/logs")

        assert log.status_code == 200
        assert len(log.text) > 1000

    def test_events_are_listed(self, api: httpx.Client) -> None:
        job = submit(api, "example-processor", example_input(api, "example-processor"))
        wait_for_job(api, job["id"])

        events = api.get(f"/jobs/{job['id']}/events").json()["items"]

        assert [event["type"] for event in events][-1] == "result"
        assert events[0]["data"]["status"] == "queued"

    def test_models_are_asked_directly(self, platform: Platform) -> None:
        platform.wait_worker_ready()
        key = (platform.home / "inference-key").read_text().strip()
        answer = httpx.post(
            f"http://127.0.0.1:{platform.inference_port}/api/v1/predict",
            json={"model_name": "lstm_timeseries", "data": [1.0, 2.0, 3.0]},
            headers={"X-API-Key": key},
            timeout=60,
        )

        assert len(answer.raise_for_status().json()["result"]["forecast"]) == 24
