"""Training through the whole platform: a trainer that is killed makes one version, which answers."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import httpx
import pytest

from analysis_server.runtimes.container.template import LABEL_UID
from satellite.client import SatelliteClient
from satellite.container_engine.client import connect
from satellite.contracts.event import EventType
from tests.acceptance.platform import Platform, submit, wait_for_job
from tests.acceptance.test_files import register
from tests.acceptance.test_models import SIGNATURE, ask
from tests.fixtures.onnx_files import golden, multiplier

STEPS, KILLED_AT = 40, 5
TRAIN = """
import json, os, pathlib, sys, time
job = json.load(sys.stdin)
for step in range(1, job["steps"] + 1):
    time.sleep(0.1)
    told = json.dumps({"step": step, "loss": 1 / step}, separators=(",", ":"))
    print("::progress", step / job["steps"], told, file=sys.stderr, flush=True)
folder = pathlib.Path(os.environ["SATELLITE_OUTPUT_DIR"])
(folder / "model.onnx").write_bytes(bytes.fromhex(job["weights"]))
for name in ("golden", "signature", "metrics"):
    (folder / (name + ".json")).write_text(json.dumps(job[name]))
print(json.dumps({"steps": job["steps"]}))
"""
MODEL = "trained-scaler"


def training(factor: float, steps: int) -> dict[str, Any]:
    """Return the input of a training that comes to multiply by a factor."""
    return {
        "steps": steps,
        "weights": multiplier(factor).hex(),
        "golden": json.loads(golden(factor)),
        "signature": SIGNATURE,
        "metrics": {"error": factor},
    }


@pytest.fixture
def trainer(api: httpx.Client, platform: Platform) -> str:
    """A plugin that trains a model."""
    command = ["python", "-c", TRAIN]
    return register(api, platform, "scaler-training", input_schema={}, command=command, trains=MODEL)


def kill(uid: str) -> None:
    """Kill the container of a job as `kill -9` does."""
    with contextlib.closing(connect(timeout_s=30)) as engine:
        [container] = engine.containers.list(filters={"label": f"{LABEL_UID}={uid}"})
        container.kill("SIGKILL")


def test_a_trainer_that_is_killed_makes_one_version_which_answers(api: httpx.Client, trainer: str) -> None:
    url, token = str(api.base_url).removesuffix("/api/v1/"), api.headers["authorization"].split()[1]
    job = submit(api, trainer, training(2.5, STEPS))
    steps: dict[int, int] = {}
    with SatelliteClient(url, token=token) as client:
        for event in client.events(job["id"], timeout_s=120):
            if event.type is EventType.PROGRESS:
                step = event.data["metrics"]["step"]
                if step >= KILLED_AT and event.data["attempt"] == 1 and 1 not in steps:
                    kill(job["uid"])
                if step >= KILLED_AT:
                    steps[event.data["attempt"]] = step
    done = wait_for_job(api, job["id"])

    assert (done["status"], done["made"]) == ("completed", f"{MODEL}@1"), done["error"]
    assert done["attempt"] > 1
    assert steps[1] < STEPS
    assert steps[done["attempt"]] == STEPS
    [version] = api.get(f"/models/{MODEL}/versions").json()["items"]
    assert (version["job_id"], version["metrics"]) == (job["id"], {"error": 2.5})
    answered = ask(api, MODEL, (2, 4))
    assert (answered["result"], answered["model_version"]) == ([5.0, 10.0], 1)


def test_the_command_line_says_what_was_made(platform: Platform, trainer: str) -> None:
    ran = platform.command("run", trainer, "--wait", "--input", json.dumps(training(3.0, 1)))
    assert (ran.returncode, json.loads(ran.stdout)) == (0, {"steps": 1}), ran.stderr
    assert f"Made {MODEL}@" in ran.stderr


def test_what_is_no_model_fails_the_training_and_says_why(api: httpx.Client, trainer: str) -> None:
    before = api.get(f"/models/{MODEL}/versions").json().get("total", 0)
    pickled = training(2.0, 1) | {"weights": b"\x80\x04}\x94.".hex()}
    done = wait_for_job(api, submit(api, trainer, pickled)["id"])

    assert (done["status"], done["error"]["kind"], done["attempt"]) == ("failed", "output", 1)
    assert done["error_message"].startswith("model.onnx is a pickle")
    assert api.get(f"/models/{MODEL}/versions").json().get("total", 0) == before
