"""Workflows through the whole platform: as they were promised, by the command line, and the examples."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from satellite.client import Run, SatelliteClient
from satellite.local.plugin_images import build_image
from tests.acceptance.platform import Platform, wait_for_job
from tests.acceptance.test_models import ask
from tests.fixtures.servers import wait_until
from tests.plugins.folders import REPOSITORY_ROOT

EXAMPLES = REPOSITORY_ROOT / "workflows"
PROMISED = """
curl -X POST "http://localhost:8000/api/v1/workflows/" \\
  -H "Content-Type: application/json" \\
  -d '{
    "name": "ml_pipeline_example",
    "description": "Example ML Pipeline",
    "schedule": "@daily",
    "is_active": true
  }'

curl -X POST "http://localhost:8000/api/v1/tasks/" \\
  -H "Content-Type: application/json" \\
  -d '{
    "workflow_id": "<WORKFLOW_ID>",
    "name": "data_preprocessing",
    "python_callable": "import pandas as pd\\nprint(\\"Data preprocessing started\\")\\ndata = {\\"col1\\": [1, 2, 3], \\"col2\\": [4, 5, 6]}\\ndf = pd.DataFrame(data)\\nprint(f\\"Data shape: {df.shape}\\")\\ncontext[\\"ti\\"].xcom_push(key=\\"data_shape\\", value=df.shape)",
    "params": {},
    "dependencies": [],
    "retry_count": 2,
    "retry_delay": 300
  }'

curl -X POST "http://localhost:8000/api/v1/tasks/" \\
  -H "Content-Type: application/json" \\
  -d '{
    "workflow_id": "<WORKFLOW_ID>",
    "name": "model_training",
    "python_callable": "from sklearn.linear_model import LinearRegression\\nimport numpy as np\\nprint(\\"Model training started\\")\\nX = np.array([[1], [2], [3]])\\ny = np.array([2, 4, 6])\\nmodel = LinearRegression()\\nmodel.fit(X, y)\\nprint(f\\"Model trained. Coefficient: {model.coef_[0]}\\")\\ncontext[\\"ti\\"].xcom_push(key=\\"model_coef\\", value=float(model.coef_[0]))",
    "params": {},
    "dependencies": ["data_preprocessing"],
    "retry_count": 1,
    "retry_delay": 300
  }'

curl -X POST "http://localhost:8000/api/v1/workflows/<WORKFLOW_ID>/deploy"

curl -X POST "http://localhost:8000/api/v1/jobs/trigger/<WORKFLOW_ID>"

curl "http://localhost:8000/api/v1/jobs/"

curl "http://localhost:8000/api/v1/jobs/<JOB_RUN_ID>"

curl "http://localhost:8000/api/v1/jobs/<JOB_RUN_ID>/logs/data_preprocessing"
"""  # noqa: E501 - as it was promised.


def curl(line: str, url: str, key: str, **ids: int) -> str:
    """Run a promised line: at this platform's address, with a key, and with the ids that were told."""
    line = line.replace("http://localhost:8000", url)
    for name, number in ids.items():
        line = line.replace(f"<{name}>", str(number))
    done = subprocess.run(
        f"{line} -sS --fail-with-body -H 'X-API-Key: {key}'",
        shell=True, text=True, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (line, done.stdout, done.stderr)
    return done.stdout


def wait_snippets_run(api: httpx.Client, platform: Platform) -> None:
    """Wait until there is what runs snippets; its image may take a while to make."""
    platform.wait_worker_ready()

    def runs() -> bool:
        answer = api.get("/plugins/python-task")
        # Registered and paused while its image is made.
        return answer.status_code == 200 and not answer.json()["control"]["is_paused"]

    wait_until(runs, timeout_s=360)


@pytest.fixture
def client(api: httpx.Client, platform: Platform) -> Any:
    wait_snippets_run(api, platform)
    token = api.headers["authorization"].split()[1]
    with SatelliteClient(platform.url, token=token) as client:
        yield client


def apply_example(client: SatelliteClient, platform: Platform, name: str) -> int:
    """Apply and deploy an example by the command line, and return its id."""
    applied = platform.command("workflow", "apply", str(EXAMPLES / name), "--deploy", "--json")
    assert applied.returncode == 0, applied.stderr
    told = json.loads(applied.stdout)
    assert told["deployed"]["warnings"] == []
    number: int = told["id"]
    return number


def values(client: SatelliteClient, run: Run, task: str) -> dict[str, Any]:
    return {each.key: each.value for each in client.list_xcoms(run.id, task=task).items}


def test_the_promised_lines_work_in_their_order(api: httpx.Client, platform: Platform) -> None:
    wait_snippets_run(api, platform)
    made = api.post("/api-keys", json={"name": "promised"}).raise_for_status().json()
    lines = [line.strip() for line in PROMISED.split("\n\n")]
    workflow, first, second, deploy, trigger, jobs, job, log = lines

    def told(line: str, **ids: int) -> Any:
        return json.loads(curl(line, platform.url, made["key"], **ids))

    try:
        workflow_id = told(workflow)["workflow_id"]
        assert told(first, WORKFLOW_ID=workflow_id)["name"] == "data_preprocessing"
        assert told(second, WORKFLOW_ID=workflow_id)["dependencies"] == ["data_preprocessing"]
        assert told(deploy, WORKFLOW_ID=workflow_id)["version"] == 1
        run_id = told(trigger, WORKFLOW_ID=workflow_id)["id"]
        assert run_id in [each["id"] for each in told(jobs)["items"]]
        assert wait_for_job(api, run_id, timeout_s=180)["status"] == "completed"
        done = told(job, JOB_RUN_ID=run_id)
        assert [(task["name"], task["status"]) for task in done["tasks"]] == [
            ("data_preprocessing", "completed"), ("model_training", "completed"),
        ]  # fmt: skip
        said = curl(log, platform.url, made["key"], JOB_RUN_ID=run_id)
        assert said == "Data preprocessing started\nData shape: (3, 2)\n"
    finally:
        api.delete(f"/api-keys/{made['id']}")
        api.delete(f"/workflows/{workflow_id}").raise_for_status()


def test_a_new_workflow_runs_by_the_command_line(
    client: SatelliteClient, platform: Platform, tmp_path: Path
) -> None:
    folder = tmp_path / "lines"

    def satellite(*words: str, code: int = 0) -> str:
        done = platform.command("workflow", *words)
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return done.stdout if code == 0 else done.stderr

    satellite("init", str(folder))
    assert "Made workflow" in satellite("apply", str(folder))
    assert satellite("deploy", "lines") == "Version 1 is deployed.\n"
    run_id = satellite("trigger", "lines", "--param", "rows=20").strip()
    watched = satellite("watch", run_id)
    assert watched.endswith(f"Run {run_id} completed.\n")
    assert satellite("logs", run_id) == "[make_table] 20 rows\n[fit_line] y = 3.00 x + 1.00\n"
    assert satellite("logs", run_id, "make_table", "--follow") == "20 rows\n"
    assert "[make_table] 20 rows" in satellite("logs", run_id, "--follow")
    assert client.get_job(int(run_id)) == client.get_run(int(run_id))

    (folder / "fit_line.py").write_text("x = 1\nif x\n    print(x)\n")
    told = satellite("apply", str(folder), "--deploy", code=5)
    assert told.startswith(f"fit_line: {folder}/fit_line.py:2: line 2, column ")
    (folder / "fit_line.py").write_text("print('before')\nraise ValueError('no line fits')\n")
    satellite("apply", str(folder), "--deploy")
    told = satellite("trigger", "lines", "--wait", "--param", "rows=2", code=1)
    assert "fit_line failed" in told
    assert "no line fits" in told.splitlines()[-1]
    [run] = client.list_runs(client.get_run(int(run_id)).workflow_id, status="failed").items
    assert satellite("watch", str(run.id), code=1).startswith(f"Run {run.id} failed: ")
    assert satellite("retry", str(run.id)).startswith(f"Run {run.id} is ")
    assert f"Run {run.id} did not end" in satellite("watch", str(run.id), "--timeout", "1", code=9)
    satellite("cancel", str(run.id))
    assert client.wait_run(run.id, timeout_s=60).status == "cancelled"


def test_the_example_of_two_steps(client: SatelliteClient, platform: Platform) -> None:
    run = client.trigger(apply_example(client, platform, "two-steps"), wait=True, timeout_s=180)

    assert run.status == "completed", run.error_message
    assert values(client, run, "data_preprocessing") == {"data_shape": [3, 2]}
    assert values(client, run, "model_training")["model_coef"] == pytest.approx(2)
    assert "Data shape from preprocessing: (3, 2)" in client.step_log(run.id, "model_training")


LARGE_MAKER = """
import pandas as pd

def main(context):
    ti = context["ti"]
    ti.xcom_push(key="table", value=pd.DataFrame({"n": range(400_000), "s": ["x"] * 400_000}))
    ti.xcom_push(key="rows", value=[[place, -0.5, (place, "ü")] for place in range(200_000)])
    for number in range(3):
        ti.xcom_push(key=f"text{number}", value="x" * 250_000)
    return {"kept": 3}
"""
LARGE_USER = """
import pandas as pd

def main(context):
    ti = context["ti"]
    table = pd.DataFrame({"n": range(400_000), "s": ["x"] * 400_000})
    pd.testing.assert_frame_equal(ti.xcom_pull("make", key="table"), table)
    assert ti.xcom_pull("make", key="rows") == [[place, -0.5, (place, "ü")] for place in range(200_000)]
    assert all(ti.xcom_pull("make", key=f"text{n}") == "x" * 250_000 for n in range(3))
    assert ti.xcom_pull("more", key="text0") == "y" * 250_000
    assert ti.xcom_pull("none") == []
    return ti.xcom_pull("make")
"""


def test_values_of_megabytes_come_back_exactly(client: SatelliteClient) -> None:
    more = "for n in range(3):\n    context['ti'].xcom_push(key=f'text{n}', value='y' * 250_000)"
    tasks: list[dict[str, Any]] = [
        {"name": "make", "python_callable": LARGE_MAKER},
        {"name": "more", "python_callable": more},
        {"name": "none", "python_callable": "pass", "map_over": "params.items"},
        {"name": "use", "python_callable": LARGE_USER, "dependencies": ["make", "more", "none"]},
    ]
    workflow = client.apply_workflow({"name": "large-values", "params": {"items": []}, "tasks": tasks})
    client.deploy_workflow(workflow.id)

    run = client.trigger(workflow.id, wait=True, timeout_s=180)

    assert run.status == "completed", run.error_message
    assert values(client, run, "use") == {"return_value": {"kept": 3}}
    files = {each.key: each.file for each in client.list_xcoms(run.id, task="make").items if each.file}
    assert files.keys() == {"table", "rows"}
    assert all(file.size_bytes is not None and file.size_bytes > 4_000_000 for file in files.values())


def test_the_example_of_data(client: SatelliteClient, platform: Platform) -> None:
    workflow_id = apply_example(client, platform, "data")
    run = client.trigger(workflow_id, {"rows": 100, "rows_of_chunk": 30}, wait=True, timeout_s=180)

    assert run.status == "completed", run.error_message
    assert [(step.map_index, step.status) for step in client.list_steps(run.id, task="clean").items] == [
        (index, "completed") for index in range(4)
    ]
    joined = values(client, run, "join")
    assert joined["dropped"] == 10
    assert sorted(joined["return_value"]) == ["Busan", "Jeju", "Seoul"]


@pytest.mark.docker
def test_the_example_of_a_training(client: SatelliteClient, platform: Platform, api: httpx.Client) -> None:
    plugin = EXAMPLES / "training/wine-training"
    if api.get("/workers").json()["items"][0]["runtime"] != "container":
        pytest.skip("a plugin outside the folders of the workers needs a container engine")
    build_image(plugin)
    client.register_plugin(json.loads((plugin / "plugin.json").read_text()))
    run = client.trigger(apply_example(client, platform, "training"))

    def waits() -> bool:
        found = {task.name: task.status for task in client.get_run(run.id).tasks or []}
        assert "failed" not in found.values(), client.get_run(run.id).error_message
        return found["review"] == "waiting"

    wait_until(waits, timeout_s=180, interval_s=0.2)
    approved = platform.command("workflow", "approve", str(run.id), "review", "--data", '{"reviewer": "Ada"}')
    assert approved.returncode == 0, approved.stderr
    ended = client.wait_run(run.id, timeout_s=120)
    assert ended.status == "completed", ended.error_message
    assert values(client, ended, "review")["return_value"]["data"] == {"reviewer": "Ada"}

    [version] = client.list_versions("wine-cultivar").items
    steps = client.list_steps(run.id, task="register").items
    assert (version.version, version.job_id) == (1, steps[0].job_id)
    assert version.metrics["accuracy"] > 0.9
    row = values(client, ended, "choose")["golden"][0]
    answered = ask(api, "wine-cultivar", row["input"]["data"])
    assert answered["result"][0] == pytest.approx(row["output"][0], abs=1e-4)
