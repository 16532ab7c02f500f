"""Jobs on a cluster, from registering it to what is left after everything between was killed."""

from __future__ import annotations

import io
import json
import os
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.acceptance.clusters import CARDS, Lab, lab_of
from tests.acceptance.platform import Platform
from tests.fixtures.servers import wait_until

TRAIN = b"""
import json, os, shutil, sys
print("arguments", sys.argv[1:], os.environ["GREETING"], flush=True)
shutil.copy(os.environ["DATA_DIR"] + "/sets/train.bin", os.environ["OUTPUT_DIR"] + "/model.bin")
losses = [{"step": step, "loss": 1 / (step + 1)} for step in range(5)]
json.dump(losses, open(os.environ["OUTPUT_DIR"] + "/metrics.json", "w"))
open(os.environ["OUTPUT_DIR"] + "/SUCCESS", "w").write("a marker of its own")
"""


@pytest.fixture(scope="module")
def lab(platform: Platform) -> Iterator[Lab]:
    with lab_of(platform, "lab") as lab:
        yield lab


def packed(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name.replace("__", "."))
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def stored(lab: Lab, name: str, content: bytes) -> dict[str, str]:
    answer = lab.api.post("/files", content=content, params={"name": name}).raise_for_status()
    return {"$file": answer.json()["id"]}


def effects(lab: Lab) -> Path:
    """Return a file outside of all jobs, to which these write what they did."""
    return lab.host.folder / "home" / "effects"


def test_code_files_arguments_outputs_metrics_and_log(lab: Lab) -> None:
    data = os.urandom(3_000_000)
    job_id = lab.submit(
        "python3", "train.py", "--rate", "0.1 'or' so; $(false)",
        code={"source": "local", "file": stored(lab, "code.tar.gz", packed(train__py=TRAIN))},
        data={"sets/train.bin": stored(lab, "train.bin", data)},
        environment={"GREETING": "it's `me` $HOME"},
        gpus=1,
    )  # fmt: skip
    job = lab.wait(job_id)
    assert job["status"] == "completed", job["error"]
    assert (job["attempt"], job["worker"]) == (1, "cluster-lab")
    assert job["result"]["exit_code"] == 0
    assert job["result"]["metrics"] == {"step": 4, "loss": 0.2}
    assert len(job["result"]["gpus"]) == 1
    assert "arguments ['--rate', \"0.1 'or' so; $(false)\"] it's `me` $HOME" in lab.log(job_id)
    assert lab.api.get(f"/jobs/{job_id}/files/model.bin").content == data
    files = {file["path"] for file in lab.api.get(f"/jobs/{job_id}/files").json()["items"]}
    assert files == {"model.bin", "metrics.json"}
    (series,) = lab.api.get(f"/jobs/{job_id}/metrics").json()["items"]
    assert (series["name"], [point[0] for point in series["points"]]) == ("loss", [0, 1, 2, 3, 4])
    folder = Path(lab.api.get(f"/jobs/{job_id}/workspace").json()["items"][0]["folder"])
    assert (folder / "outputs/status.txt").read_text() == "success\n"
    assert "completed successfully" in (folder / "outputs/SUCCESS").read_text()
    assert (folder / "logs/training.log").exists()


def test_what_a_command_ends_with_is_told(lab: Lab) -> None:
    ends = {
        lab.submit("sh", "-c", "echo out of luck >&2; exit 3"): ("exit", "exit code 3: out of luck"),
        lab.submit("sleep", "600", time_limit_s=1): ("timeout", ""),
        lab.submit("sh", "-c", "kill -9 $$"): ("killed", "SIGKILL"),
        lab.submit("sh", "-c", "touch $OUTPUT_DIR/SUCCESS; exit 1"): ("exit", "exit code 1"),
    }
    for job_id, (kind, words) in ends.items():
        job = lab.wait(job_id)
        assert (job["status"], job["error"]["kind"], job["attempt"]) == ("failed", kind, 1), job["error"]
        assert words in job["error"]["message"]


def test_it_goes_on_while_all_of_ours_is_killed(lab: Lab) -> None:
    script = f"for n in $(seq 1 20); do echo line $n; sleep 1; done; echo done >> {effects(lab)}.killed"
    job_id = lab.submit("sh", "-c", script)
    lab.wait_phase(job_id, "running")
    assert lab.kill_connector() == 2
    job = lab.wait(job_id)
    assert (job["status"], job["attempt"], job["losses"]) == ("completed", 1, 0), job["error"]
    assert lab.log(job_id).split("\n")[:20] == [f"line {n}" for n in range(1, 21)]
    assert Path(f"{effects(lab)}.killed").read_text() == "done\n"


def test_it_goes_on_while_the_line_is_dead(lab: Lab) -> None:
    job_id = lab.submit("sh", "-c", f"sleep 5; echo done >> {effects(lab)}.dead")
    lab.wait_phase(job_id, "running")
    with lab.host.blackhole():
        lab.wait_state("unreachable")
        assert lab.job(job_id)["status"] == "processing"
        waiting = lab.submit("true")
    assert lab.wait(job_id)["status"] == "completed"
    assert lab.wait(waiting)["attempt"] == 1
    assert Path(f"{effects(lab)}.dead").read_text() == "done\n"


def test_a_reboot_is_a_loss_and_the_job_runs_again(lab: Lab) -> None:
    once = f"{effects(lab)}.reboot"
    script = f"test -e {once} && exit 0; touch {once}; sleep 600"
    job_id = lab.submit("sh", "-c", script)
    wait_until(lambda: Path(once).exists(), timeout_s=120)
    lab.host.reboot()
    job = lab.wait(job_id)
    assert (job["status"], job["attempt"], job["losses"]) == ("completed", 2, 1), job["error"]


def test_a_cancel_ends_all_that_was_started_and_frees_the_cards(lab: Lab) -> None:
    seconds = f"9{os.getpid()}.{time.time_ns() % 10**6}"
    job_id = lab.submit("sh", "-c", f"setsid sleep {seconds} & sleep {seconds}", gpus=CARDS)
    lab.wait_phase(job_id, "running")
    wait_until(lambda: len(sleeping(seconds)) == 2)
    lab.api.post(f"/jobs/{job_id}/cancel").raise_for_status()
    assert lab.wait(job_id)["status"] == "cancelled"
    assert sleeping(seconds) == []
    assert lab.wait(lab.submit("true", gpus=CARDS))["status"] == "completed"


def sleeping(seconds: str) -> list[int]:
    """List the processes, on all hosts of this machine, that sleep so long."""
    processes = psutil.process_iter(["cmdline"])
    return [process.pid for process in processes if process.info["cmdline"] == ["sleep", seconds]]


def test_another_host_key_stops_everything_but_what_runs(lab: Lab) -> None:
    job_id = lab.submit("sleep", "8")
    lab.wait_phase(job_id, "running")
    lab.host.new_host_key()
    lab.host.kill_sessions()
    lab.wait_state("untrusted")
    assert lab.job(job_id)["status"] == "processing"
    lab.trust()
    job = lab.wait(job_id)
    assert (job["status"], job["attempt"]) == ("completed", 1), job["error"]


def test_secrets_reach_the_command_and_nothing_else(lab: Lab) -> None:
    value = "a-secret-nobody-else-may-see"
    lab.api.post(
        "/secrets", json={"name": "LAB_TOKEN", "value": value, "plugins": ["gpu-job"]}
    ).raise_for_status()
    job_id = lab.submit(
        "sh", "-c", "echo length ${#LAB_TOKEN}; echo value $LAB_TOKEN; sleep 2", secrets=["LAB_TOKEN"]
    )
    assert lab.wait(job_id)["status"] == "completed"
    assert f"length {len(value)}" in lab.log(job_id)
    assert value not in lab.log(job_id)
    assert value not in json.dumps(lab.job(job_id))
    folder = Path(lab.api.get(f"/jobs/{job_id}/workspace").json()["items"][0]["folder"])
    texts = [
        path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "training.log"
    ]
    assert not any(value.encode() in text for text in texts)
